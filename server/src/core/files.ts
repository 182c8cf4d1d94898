import { actorOf } from "../domain/audit.ts";
import { AppError, notFound } from "../domain/errors.ts";
import {
  type Attachment,
  attachmentOf,
  FILES_OF_MESSAGE,
  type FileListBound,
  MAX_DOCUMENT_BYTES,
  overQuota,
  type StoredFile,
} from "../domain/file.ts";
import { type Inspected, inspect } from "../domain/file-inspection.ts";
import type { Owner, Principal } from "../domain/principal.ts";
import { checkName } from "../domain/text.ts";
import type { Clock, NewId } from "../ports/clock.ts";
import type { FileRows } from "../ports/file-rows.ts";
import type { ByteRange, FileStore } from "../ports/file-store.ts";
import type { Idempotency } from "../ports/store.ts";

export type NewFile = {
  readonly name: string;
  /** As its sender names it; empty: it does not. */
  readonly mediaType: string;
  readonly content: AsyncIterable<Uint8Array>;
  readonly idempotency: Idempotency | null;
};

/** What can be done with files. Every method sees only what is the owner's. */
export type Files = {
  /** Whether this server takes any. */
  readonly isOpen: boolean;
  /**
   * Keeps a file; resolves once it is on disk. Where that fails, nothing is kept.
   * @throws AppError invalid_request, too_large, unsupported_media_type, unprocessable, forbidden, unavailable, and
   * those of Idempotency
   */
  upload(principal: Principal, file: NewFile): Promise<StoredFile>;
  /** @throws AppError not_found */
  get(owner: Owner, fileId: string): Promise<StoredFile>;
  /** @throws AppError not_found, conflict (it is being checked), unprocessable (it was refused), unavailable */
  open(owner: Owner, fileId: string, range: ByteRange | null): Promise<AsyncIterable<Uint8Array>>;
  /** Messages that were sent with it stay. @throws AppError not_found */
  delete(principal: Principal, fileId: string): Promise<void>;
  /**
   * What a message tells of the files that it is sent with, or a project of those that it has.
   * @param bound default: that of a message
   * @throws AppError not_found, invalid_request, conflict, unprocessable
   */
  attachments(
    owner: Owner,
    fileIds: readonly string[],
    bound?: FileListBound,
  ): Promise<Attachment[]>;
};

/** Told of what is kept, for figures. */
export type FileObserver = {
  stored(bytes: number): void;
  /** Bytes that nobody had any more. */
  deleted(bytes: number): void;
};

export type FileParts = {
  readonly rows: FileRows;
  /** Null: this server takes none. */
  readonly bytes: FileStore | null;
  readonly clock: Pick<Clock, "now">;
  readonly newId: NewId;
  /** What a user's files may take together; null: any amount. */
  readonly quotaBytes: number | null;
  readonly observer: FileObserver;
};

export function createFiles(parts: FileParts): Files {
  const { rows, clock, newId, quotaBytes, observer } = parts;
  const incoming = createIncomingBytes();

  const bytesOrThrow = (): FileStore => {
    if (parts.bytes) return parts.bytes;
    throw new AppError(
      "forbidden",
      "This server accepts no files, because several servers share its database but no folder for files. Its operator can change that (FILES_SHARED)",
    );
  };

  const get = async (owner: Owner, fileId: string): Promise<StoredFile> => {
    const file = await rows.getFile(owner, fileId);
    if (!file) throw notFound("file");
    return file;
  };

  async function upload(principal: Principal, file: NewFile): Promise<StoredFile> {
    const store = bytesOrThrow();
    const name = nameOf(file.name);
    const usedBytes = quotaBytes === null ? 0 : await rows.countFileBytes(principal);
    if (quotaBytes !== null && usedBytes >= quotaBytes) throw overQuota(quotaBytes);
    const inspection = inspect(file.mediaType, name);
    using counted = incoming.begin(principal);
    let inspected: Inspected | null = null;
    async function* passing(): AsyncGenerator<Uint8Array> {
      for await (const piece of file.content) {
        if (quotaBytes !== null && usedBytes + counted.add(piece.length) > quotaBytes)
          throw overQuota(quotaBytes);
        inspection.add(piece);
        yield piece;
      }
      inspected = inspection.end();
    }
    const { sha256, bytes } = await store.put(passing(), MAX_DOCUMENT_BYTES);
    if (inspected === null) throw new Error("A file was stored that was not looked at");
    const createdAt = clock.now();
    const { idempotency } = file;
    const stored = await rows.createFile(
      principal,
      { id: newId(), name, bytes, sha256, state: "ready", createdAt, ...(inspected as Inspected) },
      quotaBytes,
      { at: createdAt, actor: actorOf(principal) },
      // The body is a part of what the request asks for.
      idempotency && {
        ...idempotency,
        fingerprint: `${idempotency.fingerprint} ${sha256} ${name}`,
      },
    );
    observer.stored(bytes);
    return stored;
  }

  return {
    isOpen: parts.bytes !== null,
    upload,
    get,

    async open(owner, fileId, range) {
      const file = await get(owner, fileId);
      checkReady(file);
      const content = await bytesOrThrow().open(file.sha256, range);
      if (content) return content;
      throw new AppError(
        "unavailable",
        "The content of this file is missing from the server's folder of files. The operator can restore it from a backup",
        { retryAfterMs: MISSING_RETRY_MS },
      );
    },

    async delete(principal, fileId) {
      const stamp = { at: clock.now(), actor: actorOf(principal) };
      if (!(await rows.deleteFile(principal, fileId, stamp))) throw notFound("file");
    },

    async attachments(owner, fileIds, { holder, field, maxFiles } = FILES_OF_MESSAGE) {
      const wrongList = (says: string) => new AppError("invalid_request", says, { field });
      if (fileIds.length > maxFiles)
        throw wrongList(`${holder} may have at most ${maxFiles} files`);
      if (new Set(fileIds).size < fileIds.length)
        throw wrongList(`${field} must not name a file twice`);
      const attachments: Attachment[] = [];
      for (const fileId of fileIds) {
        const file = await get(owner, fileId);
        checkReady(file, field);
        attachments.push(attachmentOf(file));
      }
      return attachments;
    },
  };
}

const MISSING_RETRY_MS = 60_000;
const CHECKING_RETRY_MS = 2_000;

/** The last part of what may be a path; some browsers send one. @throws AppError invalid_request */
function nameOf(given: string): string {
  const name = given.slice(Math.max(given.lastIndexOf("/"), given.lastIndexOf("\\")) + 1).trim();
  checkName(name, "name");
  return name;
}

function checkReady({ name, state }: StoredFile, field = FILES_OF_MESSAGE.field): void {
  if (state === "checking")
    throw new AppError("conflict", `${name} is still being checked; try again in a moment`, {
      field,
      retryAfterMs: CHECKING_RETRY_MS,
    });
  if (state === "refused")
    throw new AppError("unprocessable", `${name} was refused when it was checked; delete it`, {
      field,
    });
}

/** What is on its way and in no row yet, by its owner: many uploads at once are to have no more room than one after the other. */
function createIncomingBytes() {
  const byOwner = new Map<string, number>();
  return {
    begin({ tenantId, userId }: Owner) {
      const key = JSON.stringify([tenantId, userId]);
      let own = 0;
      return {
        /** Gives what all uploads of the owner have brought so far. */
        add(bytes: number): number {
          own += bytes;
          const all = (byOwner.get(key) ?? 0) + bytes;
          byOwner.set(key, all);
          return all;
        },
        [Symbol.dispose](): void {
          const left = (byOwner.get(key) ?? 0) - own;
          if (left > 0) byOwner.set(key, left);
          else byOwner.delete(key);
        },
      };
    },
  };
}
