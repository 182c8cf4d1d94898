import { existsSync, readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import { type Config, readConfig } from "../config/config.ts";

/** The environment of this process, with additions from a .env file in this folder. */
export function environmentOfProcess(): Readonly<Record<string, string | undefined>> {
  const fromFile = existsSync(".env") ? parseEnv(readFileSync(".env", "utf8")) : {};
  return { ...fromFile, ...process.env };
}

/**
 * The settings of this process, as its environment has them.
 * @param named the settings from the command line, which override both; undefined if not given
 * @throws ConfigError
 */
export function configOfProcess(named: Readonly<Record<string, string | undefined>> = {}): Config {
  const chosen = Object.entries(named).filter(([, value]) => value !== undefined);
  return readConfig({ ...environmentOfProcess(), ...Object.fromEntries(chosen) });
}
