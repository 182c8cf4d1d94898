import { newUuid, systemClock } from "../../adapters/clocks/system/clock.ts";
import { hashOfKey } from "../../adapters/credentials/keys/credentials.ts";
import { mintKey } from "../../adapters/credentials/keys/mint.ts";
import { createKeys } from "../../core/access/keys.ts";
import { KEY_PREFIX } from "../../domain/access.ts";
import { COMMAND } from "../../domain/command.ts";
import type { ApiKey } from "../../domain/key.ts";
import { type Command, print, readArguments, say, UsageError } from "../command.ts";
import { configOfProcess } from "../environment.ts";
import { AT_THE_MACHINE } from "../owner-options.ts";
import { storageOf } from "../storage.ts";
import { minuteOf, onOneLine } from "../wording.ts";

const HELP = `colloquy keys revoke: let an API key open nothing any more

  colloquy keys revoke ck_1a2b3c4d
  colloquy keys revoke 0198c0de-0000-7000-8000-000000000001

KEY is the beginning of the key as 'keys list' shows it (or the whole key), or its
id from 'keys list --json'. A running server refuses it within a second. It stays
in the list, and the server stays claimed.
`;

export const revokeKey: Command = async (args) => {
  const parsed = readArguments(args, {}, HELP, 1);
  if (!parsed) return 0;
  const wanted = parsed.positionals[0]?.replace(/(?:…|\.\.\.)$/, "");
  if (!wanted || wanted === KEY_PREFIX)
    throw new UsageError("Say which key: its beginning, or its id.");
  const storage = storageOf(configOfProcess());
  if (!(await storage.isInUse())) throw new Error(`No key was ever made in ${storage.name}.`);

  await using store = await storage.open();
  const keys = await store.listKeys();
  const key = theOne(wanted, keys);
  const name = nameOf(key);
  if (key.revokedAt) {
    say(`${name} was revoked already, at ${minuteOf(key.revokedAt)} UTC.`);
    return 0;
  }
  const revoking = createKeys({ store, clock: systemClock, newId: newUuid, mint: mintKey });
  await revoking.revoke(AT_THE_MACHINE, key.id);
  print(`${name} is revoked.\n`);
  if (!keys.some((other) => other.id !== key.id && !other.revokedAt))
    say(
      `No key is left that works, and the server still wants one of everybody. Make one with: ${COMMAND} keys create --operator`,
    );
  return 0;
};

/** @throws Error when none or several are meant; the message tells no whole key */
function theOne(wanted: string, keys: readonly ApiKey[]): ApiKey {
  const hash = hashOfKey(wanted);
  const whole = keys.find((key) => key.id === wanted || key.hash === hash);
  if (whole) return whole;
  const meant = keys.filter((key) => key.prefix.startsWith(wanted) || key.id.startsWith(wanted));
  const [only, ...others] = meant;
  if (only && others.length === 0) return only;
  if (only)
    throw new Error(
      `'${wanted}' can mean ${meant.length} keys; say more of it, or its id:\n${meant.map((key) => `  ${key.id}  ${nameOf(key)}`).join("\n")}`,
    );
  const shown =
    wanted.length > SHOWN_CHARACTERS && wanted.startsWith(KEY_PREFIX)
      ? `${wanted.slice(0, SHOWN_CHARACTERS)}…`
      : wanted;
  throw new Error(`There is no key '${shown}'. '${COMMAND} keys list' shows which there are.`);
}

const SHOWN_CHARACTERS = 11;

const nameOf = ({ prefix, name }: ApiKey): string =>
  `${prefix}…${name ? ` (${onOneLine(name)})` : ""}`;
