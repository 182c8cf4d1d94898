import { existsSync, readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import { type Config, readConfig } from "../config/config.ts";

/**
 * The settings of this process: its environment, and what a .env file in this folder adds to it.
 * @param named the settings that the command line names, which come before both; undefined: not named
 * @throws ConfigError
 */
export function configOfProcess(named: Readonly<Record<string, string | undefined>> = {}): Config {
  const chosen = Object.entries(named).filter(([, value]) => value !== undefined);
  const fromFile = existsSync(".env") ? parseEnv(readFileSync(".env", "utf8")) : {};
  return readConfig({ ...fromFile, ...process.env, ...Object.fromEntries(chosen) });
}
