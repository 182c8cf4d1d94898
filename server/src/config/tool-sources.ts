import { readFileSync } from "node:fs";
import type { SourceRules } from "../core/tools/source-rules.ts";
import type { Environment } from "./reader.ts";
import { isSafeAddress, readSourceSignIn, type SourceSignIn } from "./source-sign-in.ts";

/** Where a source is. Secrets are in it. */
export type SourcePlace =
  | {
      readonly url: string;
      readonly headers: Readonly<Record<string, string>>;
      /** How people sign in to it; null: nobody does. */
      readonly signIn: SourceSignIn | null;
    }
  | {
      readonly command: string;
      readonly args: readonly string[];
      readonly environment: Readonly<Record<string, string>>;
      readonly directory: string | null;
    };
export type SourceConfig = { readonly rules: SourceRules; readonly place: SourcePlace };

type Fields = Readonly<Record<string, unknown>>;

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/;
/** What the server's own tools and those of clients are called. */
const TAKEN_LABELS = ["builtin", "client", "custom", "unknown"];
const MAX_SOURCES = 32;
const MAX_FILE_BYTES = 1024 * 1024;
const DEFAULT_TIMEOUT_SECONDS = 60;
const MAX_TIMEOUT_SECONDS = 600;
const KNOWN = {
  url: ["label", "url", "headers", "sign_in"],
  command: ["label", "command", "args", "env", "cwd"],
  rules: ["tools", "trusted", "reads", "asks", "repeatable", "timeout_seconds"],
};
const VARIABLE = /\$\{(\w+)\}/g;

/**
 * The operator's file of sources.
 * @param mistakes gets what is wrong: the file, the entry, and what would be right
 */
export function readToolSources(
  path: string,
  environment: Environment,
  mistakes: string[],
): readonly SourceConfig[] {
  const wrong = (problem: string) => void mistakes.push(`TOOL_SOURCES: ${path}${problem}`);
  const entries = entriesIn(path, wrong);
  const sources: SourceConfig[] = [];
  for (const [index, entry] of entries.entries()) {
    const label = isFields(entry) && typeof entry.label === "string" ? ` ('${entry.label}')` : "";
    const told = (problem: string) => wrong(`, source ${index + 1}${label}: ${problem}`);
    if (!isFields(entry)) told("it must be an object with label, and url or command");
    else {
      const source = readSource(entry, environment, told);
      if (sources.some(({ rules }) => rules.label === source.rules.label))
        told("another source has that label. Give it another one");
      sources.push(source);
    }
  }
  return sources;
}

function entriesIn(path: string, wrong: (problem: string) => void): readonly unknown[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    wrong(` cannot be read (${error instanceof Error ? error.message : error})`);
    return [];
  }
  if (text.length > MAX_FILE_BYTES) {
    wrong(" is longer than 1 MB");
    return [];
  }
  try {
    const { sources } = Object(JSON.parse(text));
    if (Array.isArray(sources) && sources.length <= MAX_SOURCES) return sources;
    wrong(` must be {"sources": [...]} with at most ${MAX_SOURCES} sources`);
  } catch (error) {
    wrong(` is no JSON (${error instanceof Error ? error.message : error})`);
  }
  return [];
}

function readSource(
  entry: Fields,
  environment: Environment,
  told: (problem: string) => void,
): SourceConfig {
  const { label } = entry;
  const isServer = entry.url !== undefined;
  if (typeof label !== "string" || !LABEL.test(label) || TAKEN_LABELS.includes(label))
    told(
      `label must have 1 to 32 small letters, digits and hyphens, and be none of ${TAKEN_LABELS.join(", ")}`,
    );
  if (isServer === (entry.command !== undefined)) told("it needs either url or command");
  const known = [...(isServer ? KNOWN.url : KNOWN.command), ...KNOWN.rules];
  for (const name of Object.keys(entry))
    if (!known.includes(name)) told(`there is no field '${name}'. Known are ${known.join(", ")}`);
  const filled = (text: string, field: string) =>
    text.replace(VARIABLE, (_, name: string) => {
      const value = environment[name];
      if (value === undefined)
        told(`${field} names the environment variable ${name}, which is not set`);
      return value ?? "";
    });
  const place = isServer ? serverOf(entry, filled, told) : programOf(entry, filled, told);
  return { rules: rulesOf(entry, told), place };
}

type Fill = (text: string, field: string) => string;

function serverOf(entry: Fields, filled: Fill, told: (problem: string) => void): SourcePlace {
  const url = URL.parse(typeof entry.url === "string" ? filled(entry.url, "url") : "");
  if (!url || !/^https?:$/.test(url.protocol)) told("url must begin with https:// or http://");
  if (url && (url.username !== "" || url.password !== ""))
    told("url must have no password in it. Send it in headers, by the name of a variable");
  const headers = textsOf(entry, "headers", filled, told);
  for (const [name, value] of Object.entries(headers))
    if (!/^[\w-]{1,100}$/.test(name) || /[^\x20-\x7e]/.test(value))
      told(`headers has one that cannot be sent: '${name}'`);
  const signIn = readSourceSignIn(entry.sign_in, filled, told);
  if (signIn && url && !isSafeAddress(url))
    told("url must begin with https:// where people sign in (sign_in)");
  if (signIn && Object.keys(headers).some((name) => name.toLowerCase() === "authorization"))
    told("headers must have no Authorization where people sign in (sign_in)");
  return { url: url?.href ?? "", headers, signIn };
}

function programOf(entry: Fields, filled: Fill, told: (problem: string) => void): SourcePlace {
  const line = entry.command;
  const parts = [...(Array.isArray(line) ? line : [line]), ...(listOf(entry, "args", told) ?? [])];
  const words = parts.map((part) => (typeof part === "string" ? filled(part, "command") : ""));
  const [command = "", ...args] = words;
  if (command === "" || parts.some((part) => typeof part !== "string"))
    told("command must be a text, or a list of texts: the program and its arguments");
  const { cwd } = entry;
  if (cwd !== undefined && typeof cwd !== "string") told("cwd must be the path of a folder");
  const environment = textsOf(entry, "env", filled, told);
  return { command, args, environment, directory: typeof cwd === "string" ? cwd : null };
}

function rulesOf(entry: Fields, told: (problem: string) => void): SourceRules {
  const { asks, trusted, timeout_seconds: seconds = DEFAULT_TIMEOUT_SECONDS } = entry;
  if (trusted !== undefined && typeof trusted !== "boolean") told("trusted must be true or false");
  const isTime = typeof seconds === "number" && seconds >= 1 && seconds <= MAX_TIMEOUT_SECONDS;
  if (!isTime) told(`timeout_seconds must be a number from 1 to ${MAX_TIMEOUT_SECONDS}`);
  return {
    label: String(entry.label),
    isTrusted: trusted === true,
    tools: listOf(entry, "tools", told),
    reads: listOf(entry, "reads", told) ?? [],
    asks: typeof asks === "boolean" ? asks : listOf(entry, "asks", told),
    repeatable: listOf(entry, "repeatable", told) ?? [],
    timeoutMs: isTime ? seconds * 1000 : 0,
  };
}

/** Null: the field is not there. */
function listOf(
  entry: Fields,
  field: string,
  told: (problem: string) => void,
): readonly string[] | null {
  const value = entry[field];
  if (value === undefined) return null;
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
  told(`${field} must be a list of texts, in which * stands for any characters`);
  return [];
}

function textsOf(
  entry: Fields,
  field: string,
  filled: Fill,
  told: (problem: string) => void,
): Readonly<Record<string, string>> {
  const value = entry[field] ?? {};
  if (!isFields(value)) {
    told(`${field} must be an object of texts`);
    return {};
  }
  const texts = Object.entries(value).map(([name, text]) => {
    if (typeof text !== "string") told(`${field}: the value of '${name}' must be a text`);
    return [name, filled(String(text), field)];
  });
  return Object.fromEntries(texts);
}

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);
