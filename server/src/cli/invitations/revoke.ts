import { newUuid, systemClock } from "../../adapters/clocks/system/clock.ts";
import { mintInvitation } from "../../adapters/credentials/sessions/credentials.ts";
import { createInvitations } from "../../core/access/invitations.ts";
import { COMMAND } from "../../domain/command.ts";
import { AppError } from "../../domain/errors.ts";
import { type Command, print, readArguments, UsageError } from "../command.ts";
import { configOfProcess } from "../environment.ts";
import { AT_THE_MACHINE } from "../owner-options.ts";
import { storageOf } from "../storage.ts";
import { onOneLine } from "../wording.ts";

const HELP = `colloquy invitations revoke: end an invitation, and sign out whoever accepted it

  colloquy invitations revoke 0198c0de-0000-7000-8000-000000000001

ID is as 'invitations list' shows it. A running server follows within a second.
What the person has written stays.
`;

export const revokeInvitation: Command = async (args) => {
  const parsed = readArguments(args, {}, HELP, 1);
  if (!parsed) return 0;
  const [id] = parsed.positionals;
  if (!id) throw new UsageError("Say which invitation: its id.");
  const storage = storageOf(configOfProcess());
  const unknown = () =>
    new Error(
      `There is no invitation '${onOneLine(id)}'. '${COMMAND} invitations list' shows which there are.`,
    );
  if (!(await storage.isInUse())) throw unknown();
  await using store = await storage.open();
  const parts = { store, clock: systemClock, newId: newUuid, mint: mintInvitation };
  await createInvitations(parts)
    .revoke(AT_THE_MACHINE, id)
    .catch((error: unknown) => {
      throw error instanceof AppError && error.code === "not_found" ? unknown() : error;
    });
  return print(`${id} is revoked.\n`);
};
