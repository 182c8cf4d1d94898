import { newUuid, systemClock } from "../../adapters/clocks/system/clock.ts";
import { mintKey } from "../../adapters/credentials/keys/mint.ts";
import type { Config } from "../../config/config.ts";
import { createKeys } from "../../core/access/keys.ts";
import type { ApiKey } from "../../domain/key.ts";
import { DEFAULT_USER, LOCAL_TENANT } from "../../domain/principal.ts";
import { type Command, print, readArguments, say } from "../command.ts";
import { configOfProcess } from "../environment.ts";
import { AT_THE_MACHINE, nameOption } from "../owner-options.ts";
import { storageOf } from "../storage.ts";
import { onOneLine } from "../wording.ts";

const HELP = `colloquy keys create: make an API key and show it, this once

  colloquy keys create --name laptop
  colloquy keys create --name shop-backend --act-as
  KEY=$(colloquy keys create --quiet)

  --name NAME      what 'keys list' calls it
  --user ID        whom it speaks for (default: the user who speaks when nobody
                   is named)
  --tenant NAME    the tenant of that user (default: ${LOCAL_TENANT})
  --act-as         may speak for every user of its tenant: for the backend of an
                   application
  --operator       may also read the figures of the whole server (/metrics)
  --models NAMES   the models that it may use, separated by commas, as in
                   "openai/gpt-4o*,ollama/*" (default: every model of the server)
  --quiet          nothing but the key

The key goes to standard output, all else to standard error. Only its SHA-256 is
stored: a key that is lost cannot be shown again, make another. The first key
ever is an operator's, and from then on the server wants a key of everybody.
`;

export const createKey: Command = async (args) => {
  const parsed = readArguments(
    args,
    {
      name: { type: "string" },
      user: { type: "string" },
      tenant: { type: "string" },
      "act-as": { type: "boolean", default: false },
      operator: { type: "boolean", default: false },
      models: { type: "string" },
      quiet: { type: "boolean", short: "q", default: false },
    },
    HELP,
  );
  if (!parsed) return 0;
  const { values } = parsed;
  const draft = {
    name: nameOption(values.name, "--name"),
    userId: nameOption(values.user, "--user"),
    tenantId: nameOption(values.tenant, "--tenant"),
    actAs: values["act-as"],
    isOperator: values.operator,
    models: values.models
      ?.split(",")
      .map((name) => name.trim())
      .filter(Boolean),
  };

  const config = configOfProcess();
  const storage = storageOf(config);
  const isNewFolder = !(await storage.isInUse());
  await using store = await storage.open();
  const keys = createKeys({ store, clock: systemClock, newId: newUuid, mint: mintKey });
  const { key, secret, isFirst } = await keys.create(AT_THE_MACHINE, draft);

  if (!values.quiet) say(`${introductionOf(key)}\n`);
  print(`${secret}\n`);
  if (!values.quiet)
    say(
      `\n${howToUse(key, process.stdout.isTTY ? secret : "$KEY", config)}${isFirst ? firstKey(key, config) : ""}`,
    );
  if (!values.quiet && isNewFolder)
    say(
      `\nThe data folder ${storage.folder} is new. If a server runs already, it uses another one: set DATA_DIR to that and make the key there.`,
    );
  return 0;
};

function introductionOf(key: ApiKey): string {
  const rights = [
    key.actAs
      ? `may speak for every user of the tenant '${key.tenantId}'`
      : `speaks for the user ${key.userId}`,
    ...(key.isOperator ? ["is an operator's"] : []),
    ...(key.models ? [`may use the models ${key.models.map(onOneLine).join(", ")} alone`] : []),
  ];
  return `This key ${key.name ? `(${onOneLine(key.name)}) ` : ""}${rights.join(", and ")}. It is shown this once; keep it safe:`;
}

function howToUse(key: ApiKey, shownKey: string, config: Config): string {
  const address = `${config.publicOrigin ?? `${config.tls ? "https" : "http"}://localhost:${config.port}`}${config.basePath}`;
  const asUser = key.actAs ? ` -H "X-User-ID: ${key.userId}"` : "";
  return `Use it as:\n  curl -H "Authorization: Bearer ${shownKey}"${asUser} ${address}/v1/chat/conversations`;
}

function firstKey(key: ApiKey, config: Config): string {
  const anonymous =
    config.anonymous === "loopback"
      ? "Programs of this machine still need none, since AUTH_ANONYMOUS=loopback says so."
      : "So do programs of this machine, unless AUTH_ANONYMOUS=loopback is set.";
  const kept =
    key.userId === DEFAULT_USER && key.tenantId === LOCAL_TENANT
      ? "\nWhat was said without a key belongs to the same user, and is there with this one."
      : "";
  return `

It is the first key, so the server is claimed now, for good: with a key it serves
other machines too, and everybody needs one.
${anonymous}
The first key is an operator's; later ones are with --operator.${kept}`;
}
