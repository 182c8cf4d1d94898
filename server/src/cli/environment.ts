import { existsSync, readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import { type Config, readConfig } from "../config/config.ts";

/**
 * The settings of this process: its environment, with additions from a .env file in this folder.
 * @param named the settings from the command line, which override both; undefined if not given
 * @throws ConfigError
 */
export function configOfProcess(named: Readonly<Record<string, string | undefined>> = {}): Config {
  const chosen = Object.entries(named).filter(([, value]) => value !== undefined);
  const fromFile = existsSync(".env") ? parseEnv(readFileSync(".env", "utf8")) : {};
  return readConfig({ ...fromFile, ...process.env, ...Object.fromEntries(chosen) });
}
