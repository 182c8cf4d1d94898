import { existsSync, readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import { type Config, readConfig } from "../config/config.ts";

/** The settings of this process: its environment, and what a .env file in this folder adds to it. @throws ConfigError */
export function configOfProcess(): Config {
  const fromFile = existsSync(".env") ? parseEnv(readFileSync(".env", "utf8")) : {};
  return readConfig({ ...fromFile, ...process.env });
}
