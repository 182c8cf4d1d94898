import { type Command, print, say, USAGE_EXIT_CODE, UsageError } from "./command.ts";
import { createKey } from "./keys/create.ts";
import { listKeys } from "./keys/list.ts";
import { revokeKey } from "./keys/revoke.ts";

const HELP = `colloquy keys: make, show and revoke API keys

  colloquy keys create --name laptop      make a key and show it, this once
  colloquy keys list                      show which keys there are
  colloquy keys revoke ck_1a2b3c4d        let a key open nothing any more

Each has a --help. They work on the store in DATA_DIR (./data), or of DATABASE_URL,
whether a server runs on it or not; a running server follows within a second.
`;

const COMMANDS: Record<string, Command> = { create: createKey, list: listKeys, revoke: revokeKey };

export const keys: Command = async ([name, ...rest]) => {
  if (name === "--help" || name === "-h") return print(HELP);
  if (name === undefined) {
    say(HELP.trimEnd());
    return USAGE_EXIT_CODE;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) throw new UsageError(`There is no command 'keys ${name}'.`);
  return command(rest);
};
