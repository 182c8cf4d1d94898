import { VERSION } from "../version.ts";
import { type Command, fail, print, say, USAGE_EXIT_CODE, UsageError } from "./command.ts";
import { letYoungGenerationGrow } from "./young-generation.ts";

const COMMANDS: Record<string, () => Promise<Command>> = {
  async serve() {
    letYoungGenerationGrow(false);
    return (await import("./serve.ts")).serve;
  },
  keys: async () => (await import("./keys.ts")).keys,
  invitations: async () => (await import("./invitations.ts")).invitations,
  import: async () => (await import("./import.ts")).importCommand,
  export: async () => (await import("./export.ts")).exportCommand,
  backup: async () => (await import("./backup.ts")).backup,
  restore: async () => (await import("./restore.ts")).restore,
  audit: async () => (await import("./audit.ts")).audit,
  mcp: async () => (await import("./mcp.ts")).mcp,
  doctor: async () => (await import("./doctor.ts")).doctor,
};

const HELP = `colloquy ${VERSION}: one conversation server for every chat client

  colloquy [serve]                start the server
  colloquy keys create|list|revoke
                                  make, show and revoke API keys
  colloquy invitations create|list|revoke
                                  links with which people sign in without a key
  colloquy backup FILE            write all data to one file, while the server runs
  colloquy restore FILE           make a data folder of such a file
  colloquy export [FILE]          write everything as JSON Lines
  colloquy import FILE            read JSON Lines, or a ChatGPT conversations.json
  colloquy audit                  show what happened to keys, sign-ins and data
  colloquy mcp                    your conversations as an MCP server on stdin and stdout
  colloquy doctor                 check this installation and say what to change

Each has a --help. Settings come from the environment and from a .env file in
this folder; docs/settings.md lists them.
`;

/** The command line. @param args what stands behind `colloquy`. @returns the exit code */
export async function main(args: readonly string[]): Promise<number> {
  const [name = "serve", ...rest] = args;
  surviveClosedPipes();
  if (name === "help" || name === "--help" || name === "-h") return print(HELP);
  if (name === "--version" || name === "version") return print(`${VERSION}\n`);
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!load) {
    say(`There is no command '${name}'. 'colloquy --help' lists them.`);
    return USAGE_EXIT_CODE;
  }
  try {
    return await (await load())(rest);
  } catch (error) {
    if (!(error instanceof UsageError))
      return fail(error instanceof Error ? error.message : String(error));
    say(`${error.message} 'colloquy ${name} --help' shows how it is used.`);
    return USAGE_EXIT_CODE;
  }
}

/** Whoever reads our output may stop, as `head` does. */
function surviveClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr])
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
}
