import { type Command, print, say, USAGE_EXIT_CODE, UsageError } from "./command.ts";
import { createInvitation } from "./invitations/create.ts";
import { listInvitations } from "./invitations/list.ts";
import { revokeInvitation } from "./invitations/revoke.ts";

const HELP = `colloquy invitations: links with which people sign in without a key

  colloquy invitations create --name Bob  make a link and show it, this once
  colloquy invitations list               show which there are
  colloquy invitations revoke ID          end one, and sign out whoever accepted it

Each has a --help. They work on the store in DATA_DIR (./data), or of DATABASE_URL,
whether a server runs on it or not; a running server follows within a second.
`;

const COMMANDS: Record<string, Command> = {
  create: createInvitation,
  list: listInvitations,
  revoke: revokeInvitation,
};

export const invitations: Command = async ([name, ...rest]) => {
  if (name === "--help" || name === "-h") return print(HELP);
  if (name === undefined) {
    say(HELP.trimEnd());
    return USAGE_EXIT_CODE;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) throw new UsageError(`There is no command 'invitations ${name}'.`);
  return command(rest);
};
