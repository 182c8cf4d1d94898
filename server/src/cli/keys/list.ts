import { COMMAND } from "../../domain/command.ts";
import type { ApiKey } from "../../domain/key.ts";
import { DEFAULT_USER } from "../../domain/principal.ts";
import { type Command, print, readArguments, say } from "../command.ts";
import { configOfProcess } from "../environment.ts";
import { type Storage, storageOf } from "../storage.ts";
import { table } from "../table.ts";
import { minuteOf, onOneLine } from "../wording.ts";

const HELP = `colloquy keys list: show which API keys there are, oldest first

  colloquy keys list
  colloquy keys list --json

  --json    as JSON, with the ids

The keys themselves are not stored and cannot be shown; a key is known by its
first characters. Times are UTC.
`;

export const listKeys: Command = async (args) => {
  const parsed = readArguments(args, { json: { type: "boolean", default: false } }, HELP);
  if (!parsed) return 0;
  const storage = storageOf(configOfProcess());
  const keys = await keysIn(storage);
  if (parsed.values.json) return print(`${JSON.stringify(keys.map(withoutHash), null, 2)}\n`);
  if (keys.length === 0) {
    say(`No key was ever made in ${storage.name}. Make one with: ${COMMAND} keys create`);
    return 0;
  }
  return print(table([HEADINGS, ...keys.map(cellsOf)]));
};

async function keysIn(storage: Storage): Promise<ApiKey[]> {
  if (!(await storage.isInUse())) return [];
  await using store = await storage.open();
  return await store.listKeys();
}

const withoutHash = ({ hash: _, ...shown }: ApiKey): Omit<ApiKey, "hash"> => shown;

const HEADINGS = [
  "KEY",
  "NAME",
  "TENANT",
  "USER",
  "ACT-AS",
  "OPERATOR",
  "MODELS",
  "CREATED",
  "REVOKED",
];

const cellsOf = (key: ApiKey): string[] => [
  `${key.prefix}…`,
  onOneLine(key.name) || "-",
  onOneLine(key.tenantId),
  key.userId === DEFAULT_USER ? "default" : onOneLine(key.userId),
  key.actAs ? "yes" : "-",
  key.isOperator ? "yes" : "-",
  key.models ? onOneLine(key.models.join(",")) : "all",
  minuteOf(key.createdAt),
  key.revokedAt ? minuteOf(key.revokedAt) : "-",
];
