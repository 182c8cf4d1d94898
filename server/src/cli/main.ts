import { parseArgs } from "node:util";
import { VERSION } from "../version.ts";

/** A subcommand. @returns the exit code */
export type Command = (args: readonly string[]) => Promise<number>;

const COMMANDS: Record<string, () => Promise<Command>> = {
  serve: async () => (await import("./serve.ts")).serve,
  keys: async () => (await import("./keys.ts")).keys,
  import: async () => (await import("./import.ts")).importCommand,
  export: async () => (await import("./export.ts")).exportCommand,
  doctor: async () => (await import("./doctor.ts")).doctor,
};

const HELP = `colloquy ${VERSION}: one conversation server for every chat client

  colloquy serve                  start the server
  colloquy keys create|list|revoke
                                  make, show and revoke API keys
  colloquy export [FILE]          write everything as JSON Lines
  colloquy import FILE            read JSON Lines, or a ChatGPT conversations.json
  colloquy doctor                 check this installation and say what to change

Each has a --help. Settings come from the environment and from a .env file in
this folder; the README lists them.
`;

/** The command line. @param args what stands behind `colloquy`. @returns the exit code */
export async function main(args: readonly string[]): Promise<number> {
  const [name = "help", ...rest] = args;
  if (name === "help" || name === "--help" || name === "-h") return print(HELP);
  if (name === "--version" || name === "version") return print(`${VERSION}\n`);
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!load) return fail(`There is no command '${name}'. 'colloquy --help' lists them.`);
  try {
    return await (await load())(rest);
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

type Options = NonNullable<Parameters<typeof parseArgs>[0]>["options"];

/** Options and operands of a subcommand; null when --help was asked for and printed. @throws Error for what it does not know */
export function readArguments<const T extends NonNullable<Options>>(args: readonly string[], options: T, help: string) {
  const parsed = parseArgs({ args: [...args], options: { ...options, help: { type: "boolean", short: "h" } }, allowPositionals: true });
  if (!(parsed.values as { help?: boolean }).help) return parsed;
  process.stdout.write(help);
  return null;
}

export function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

export function fail(message: string): number {
  process.stderr.write(`${message}\n`);
  return 1;
}
