import { newUuid, systemClock } from "../../adapters/clocks/system/clock.ts";
import { mintInvitation } from "../../adapters/credentials/sessions/credentials.ts";
import type { Config } from "../../config/config.ts";
import { createInvitations } from "../../core/access/invitations.ts";
import { COMMAND } from "../../domain/command.ts";
import {
  DEFAULT_INVITATION_DAYS,
  DEFAULT_INVITED_SESSION_DAYS,
  MAX_INVITATION_DAYS,
  MAX_INVITED_SESSION_DAYS,
} from "../../domain/invitation.ts";
import { LOCAL_TENANT } from "../../domain/principal.ts";
import { type Command, print, readArguments, say, UsageError } from "../command.ts";
import { configOfProcess } from "../environment.ts";
import { AT_THE_MACHINE, nameOption } from "../owner-options.ts";
import { storageOf } from "../storage.ts";
import { minuteOf } from "../wording.ts";

const HELP = `colloquy invitations create: make a link with which one person signs in, once

  colloquy invitations create --name Bob --from Ann
  LINK=$(colloquy invitations create --user bob --quiet)

  --name NAME      whom it is for: what 'invitations list' calls it
  --from NAME      who invites, as the invited person reads it
  --user ID        who the person will be (default: a user who has nothing yet)
  --tenant NAME    the tenant of that user (default: ${LOCAL_TENANT})
  --operator       may also manage keys and read the figures of the whole server
  --models NAMES   the models that the person may use, separated by commas, as in
                   "openai/gpt-4o*,ollama/*" (default: every model of the server)
  --days N         how long the link can be accepted, 1 to ${MAX_INVITATION_DAYS} (default: ${DEFAULT_INVITATION_DAYS})
  --session-days N how long the person stays signed in, 1 to ${MAX_INVITED_SESSION_DAYS} (default: ${DEFAULT_INVITED_SESSION_DAYS})
  --quiet          nothing but the link

The link goes to standard output, all else to standard error. Only the SHA-256 of
its secret is stored: a link that is lost cannot be shown again, make another. It
begins with PUBLIC_URL, or with this machine's own address where that is not set.
`;

export const createInvitation: Command = async (args) => {
  const parsed = readArguments(
    args,
    {
      name: { type: "string" },
      from: { type: "string" },
      user: { type: "string" },
      tenant: { type: "string" },
      operator: { type: "boolean", default: false },
      models: { type: "string" },
      days: { type: "string" },
      "session-days": { type: "string" },
      quiet: { type: "boolean", short: "q", default: false },
    },
    HELP,
  );
  if (!parsed) return 0;
  const { values } = parsed;
  const draft = {
    name: nameOption(values.name, "--name"),
    invitedBy: nameOption(values.from, "--from"),
    userId: nameOption(values.user, "--user"),
    tenantId: nameOption(values.tenant, "--tenant"),
    isOperator: values.operator,
    models: values.models
      ?.split(",")
      .map((name) => name.trim())
      .filter(Boolean),
    expiresInDays: daysOption(values.days, "--days", MAX_INVITATION_DAYS),
    sessionDays: daysOption(values["session-days"], "--session-days", MAX_INVITED_SESSION_DAYS),
  };

  const config = configOfProcess();
  const storage = storageOf(config);
  const isInUse = await storage.isInUse();
  if (!isInUse) throw noKeyYet(storage.name);
  await using store = await storage.open();
  if (config.signIn === null && !(await store.isClaimed())) throw noKeyYet(storage.name);
  const invitations = createInvitations({
    store,
    clock: systemClock,
    newId: newUuid,
    mint: mintInvitation,
  });
  const { invitation, secret } = await invitations.create(AT_THE_MACHINE, draft);

  if (!values.quiet)
    say(
      `Whoever accepts this invitation first, until ${minuteOf(invitation.expiresAt)} UTC, is signed in${invitation.isOperator ? " as an operator" : ""}. It is shown this once:\n`,
    );
  print(`${addressOf(config)}/app/invitation#${secret}\n`);
  if (!values.quiet && config.publicOrigin === null)
    say("\nPUBLIC_URL is not set: put the address that people know before /app/ yourself.");
  return 0;
};

const noKeyYet = (storage: string): Error =>
  new Error(
    `No key was ever made in ${storage}, so nobody could accept an invitation from elsewhere. First run: ${COMMAND} keys create`,
  );

const addressOf = ({ publicOrigin, basePath, tls, port }: Config): string =>
  `${publicOrigin ?? `${tls ? "https" : "http"}://localhost:${port}`}${basePath}`;

/** @throws UsageError */
function daysOption(value: string | undefined, option: string, max: number): number | undefined {
  if (value === undefined) return undefined;
  const days = /^\d{1,4}$/.test(value) ? Number(value) : 0;
  if (days < 1 || days > max) throw new UsageError(`${option} must be 1 to ${max}.`);
  return days;
}
