import { COMMAND } from "../../domain/command.ts";
import type { Invitation } from "../../domain/invitation.ts";
import { type Command, print, readArguments, say } from "../command.ts";
import { configOfProcess } from "../environment.ts";
import { storageOf } from "../storage.ts";
import { table } from "../table.ts";
import { minuteOf, onOneLine } from "../wording.ts";

const HELP = `colloquy invitations list: show which invitations there are, newest first

  colloquy invitations list
  colloquy invitations list --json

  --json    as JSON

Those are shown that can be accepted, and those whose person may be signed in by
them. The links themselves are not stored and cannot be shown. Times are UTC.
`;

export const listInvitations: Command = async (args) => {
  const parsed = readArguments(args, { json: { type: "boolean", default: false } }, HELP);
  if (!parsed) return 0;
  const storage = storageOf(configOfProcess());
  let found: readonly Invitation[] = [];
  if (await storage.isInUse()) {
    await using store = await storage.open();
    found = await store.listInvitations(new Date());
  }
  if (parsed.values.json) return print(`${JSON.stringify(found.map(withoutHash), null, 2)}\n`);
  if (found.length === 0) {
    say(
      `There are no invitations in ${storage.name}. Make one with: ${COMMAND} invitations create`,
    );
    return 0;
  }
  return print(table([HEADINGS, ...found.map(cellsOf)]));
};

const withoutHash = ({ hash: _, ...shown }: Invitation): Omit<Invitation, "hash"> => shown;

const HEADINGS = ["ID", "NAME", "TENANT", "USER", "OPERATOR", "MODELS", "EXPIRES", "ACCEPTED"];

const cellsOf = (invitation: Invitation): string[] => [
  invitation.id,
  onOneLine(invitation.name) || "-",
  onOneLine(invitation.tenantId),
  onOneLine(invitation.userId),
  invitation.isOperator ? "yes" : "-",
  invitation.models ? onOneLine(invitation.models.join(",")) : "all",
  minuteOf(invitation.expiresAt),
  invitation.acceptedAt ? minuteOf(invitation.acceptedAt) : "-",
];
