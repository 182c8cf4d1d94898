// What the crash and fault loads were acknowledged of replies of parts, versions and files, against what is still there.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { caller } from "./chat-v1-client.ts";

type Kept = { readonly id: string; readonly branch?: number; readonly [field: string]: unknown };

export type Documents = {
  /** By id. */
  readonly files: Map<string, { readonly userId: string; readonly sha256: string }>;
  /** Questions with their answers, in the words of wire 004 with parts. */
  readonly turns: {
    readonly userId: string;
    readonly conversationId: string;
    readonly messages: readonly Kept[];
  }[];
};

export const newDocuments = (): Documents => ({ files: new Map(), turns: [] });

/** How many versions the load asks for in one place, including the first one. */
const MAX_VERSIONS = 2;
const STRANGER = "2b1c6a50-0000-4000-8000-00000000beef";
const READERS = 8;
/** Until a proxy knows again that its servers are there. */
const TRIES = 20;
const PAUSE_MS = 250;

export const digest = (content: Uint8Array): string =>
  createHash("sha256").update(content).digest("hex");

/** What the server at that address no longer has, has otherwise or shows to somebody else, a line each. */
export async function lossesOfDocuments(url: string, documents: Documents): Promise<string[]> {
  const { open } = caller(url);
  const losses: string[] = [];
  const read = async (path: string, user: string) => {
    for (let left = TRIES; ; left--) {
      const response = await open(path, { user });
      const content = Buffer.from(await response.arrayBuffer());
      if (response.status < 502 || left === 0) return { status: response.status, content };
      await sleep(PAUSE_MS);
    }
  };
  const checkFile = async (id: string, userId: string, sha256: string) => {
    const { status, content } = await read(`/files/${id}/content`, userId);
    if (status !== 200 || digest(content) !== sha256) losses.push(`file ${id}: ${status}`);
    for (const path of [`/files/${id}`, `/files/${id}/content`]) {
      const foreign = await read(path, STRANGER);
      if (foreign.status !== 404) losses.push(`a stranger gets ${path}: ${foreign.status}`);
    }
  };
  const checkTurn = async ({ userId, conversationId, messages }: Documents["turns"][number]) => {
    const branch = messages.at(-1)?.branch ?? 0;
    const path = `/conversations/${conversationId}/messages?parts=1&versions=1&branch=${branch}`;
    const { status, content } = await read(path, userId);
    const listed = status === 200 ? (JSON.parse(String(content)).data as Kept[]) : [];
    for (const message of messages) {
      const found = listed.filter(({ id }) => id === message.id);
      const { versions, ...shown } = (found[0] ?? {}) as Kept & { versions?: { ids: string[] } };
      const place = `message ${message.id} on branch ${branch} of ${conversationId}`;
      if (found.length !== 1) losses.push(`${place}: ${found.length} times, ${status}`);
      else if (!isDeepStrictEqual(shown, message)) losses.push(`${place}: otherwise`);
      if ((versions?.ids.length ?? 1) > MAX_VERSIONS)
        losses.push(`${place}: ${versions?.ids.length} versions`);
    }
  };
  const checks = [
    ...[...documents.files].map(
      ([id, { userId, sha256 }]) =>
        () =>
          checkFile(id, userId, sha256),
    ),
    ...documents.turns.map((turn) => () => checkTurn(turn)),
  ].values();
  const reader = async () => {
    for (const check of checks) await check();
  };
  await Promise.all(Array.from({ length: READERS }, reader));
  return losses;
}

/** Where a folder of files has the bytes with that digest. */
export const pathOfBytes = (folder: string, sha256: string): string =>
  join(folder, sha256.slice(0, 2), sha256);

/** The digest of the bytes that are there for a row; null: there are none. */
async function digestIn(folder: string, sha256: string): Promise<string | null> {
  const hash = createHash("sha256");
  const isThere = await pipeline(createReadStream(pathOfBytes(folder, sha256)), hash).then(
    () => true,
    () => false,
  );
  return isThere ? hash.digest("hex") : null;
}

export const SELECT_FILES = "SELECT id, owner_id, sha256 FROM files";
/** What a message was sent with that its user has no such file of. */
export const SELECT_STRAY_LINKS = `SELECT file_id FROM file_links WHERE NOT EXISTS (SELECT 1 FROM files
  WHERE id = file_id AND owner_id = file_links.owner_id AND tenant_id = file_links.tenant_id)`;

type FileRow = { readonly id: string; readonly owner_id: string; readonly sha256: string };

/** The rows of files whose bytes are not there or are others, and those of files that another user has uploaded. */
export async function wrongFiles(
  folder: string,
  rows: readonly unknown[],
  documents: Documents = newDocuments(),
) {
  const withoutBytes: string[] = [];
  const foreign: string[] = [];
  for (const { id, owner_id, sha256 } of rows as readonly FileRow[]) {
    if ((await digestIn(folder, sha256)) !== sha256) withoutBytes.push(id);
    if ((documents.files.get(id)?.userId ?? owner_id) !== owner_id) foreign.push(id);
  }
  return { withoutBytes, foreign };
}
