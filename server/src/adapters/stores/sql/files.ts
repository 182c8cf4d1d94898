import type { Stamp } from "../../../domain/audit.ts";
import { AppError, notFound } from "../../../domain/errors.ts";
import {
  type Attachment,
  MIN_COUNTED_BYTES,
  overQuota,
  type StoredFile,
} from "../../../domain/file.ts";
import type { Owner } from "../../../domain/principal.ts";
import type { ArchiveRecord } from "../../../ports/archive.ts";
import type { Idempotency } from "../../../ports/store.ts";
import { type AppendAuditEvent, eventAbout } from "./audit.ts";
import type { Once } from "./once.ts";
import { toFile } from "./rows.ts";
import type { Operation, StatementWriter } from "./statement.ts";

type OwnerParameters = { tenantId: string; userId: string };
type FileRecord = Extract<ArchiveRecord, { type: "file" }>;
/** Where the next page of files begins. */
export type FilePlace = { readonly sha256: string; readonly after: number };
type FilePage = { readonly items: FileRecord[]; readonly last: FilePlace };

export function createFileReads(write: StatementWriter) {
  const selectById = write<OwnerParameters & { id: string }>()((database, parameter) =>
    database
      .selectFrom("files")
      .selectAll()
      .where("id", "=", parameter.id)
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId),
  );
  const sumBytes = write<OwnerParameters>()((database, parameter) =>
    database
      .selectFrom("files")
      .select(({ fn }) => fn.sum<number>("counted_bytes").as("bytes"))
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId),
  );
  const selectAfter = write<{ sha256: string; after: number; limit: number }>()(
    (database, parameter) =>
      database
        .selectFrom("files")
        .selectAll()
        .where(({ eb, and, or }) =>
          or([
            eb("sha256", ">", parameter.sha256),
            and([eb("sha256", "=", parameter.sha256), eb("row_id", ">", parameter.after)]),
          ]),
        )
        .orderBy("sha256")
        .orderBy("row_id")
        .limit(parameter.limit),
  );
  const countAll = write<Record<never, never>>()((database) =>
    database.selectFrom("files").select(({ fn }) => fn.countAll<number>().as("total")),
  );
  const selectByDigest = write<{ sha256: string }>()((database, parameter) =>
    database.selectFrom("files").select("id").where("sha256", "=", parameter.sha256).limit(1),
  );

  return {
    *getFile(owner: Owner, id: string): Operation<StoredFile | null> {
      const { tenantId, userId } = owner;
      const row = yield* selectById.first({ tenantId, userId, id });
      return row ? toFile(row) : null;
    },

    *countFileBytes({ tenantId, userId }: Owner): Operation<number> {
      return Number((yield* sumBytes.first({ tenantId, userId }))?.bytes ?? 0);
    },

    *countFiles(): Operation<number> {
      return Number((yield* countAll.first({}))?.total ?? 0);
    },

    /** Files of every owner, by their digests; null: there are no more. */
    *fileRecords(place: FilePlace, limit: number): Operation<FilePage | null> {
      const rows = yield* selectAfter.all({ ...place, limit });
      const last = rows.at(-1);
      if (!last) return null;
      const items = rows.map((row): FileRecord => {
        const owner = { tenantId: row.tenant_id, userId: row.owner_id };
        return { type: "file", owner, file: toFile(row) };
      });
      return { items, last: { sha256: last.sha256, after: last.row_id } };
    },

    *usedDigests(digests: readonly string[]): Operation<ReadonlySet<string>> {
      const used = new Set<string>();
      for (const sha256 of digests) if (yield* selectByDigest.first({ sha256 })) used.add(sha256);
      return used;
    },
  };
}

/** Whether what a message is sent with is there, in the transaction that stores the message. */
export function createFileCheck(write: StatementWriter) {
  const { getFile } = createFileReads(write);
  return {
    /** @throws AppError not_found */
    *insist(owner: Owner, attachments: readonly Attachment[]): Operation<void> {
      for (const { id } of attachments) if (!(yield* getFile(owner, id))) throw notFound("file");
    },
  };
}

/** What messages tell of a file, and changing that. */
function createAttachmentStatements(
  write: StatementWriter,
  table: "messages" | "replaced_messages" | "projects",
  isReplaced: 0 | 1 | 2,
) {
  const select = write<OwnerParameters & { fileId: string }>()((database, parameter) =>
    database
      .selectFrom(table)
      .select(["id", "attachments"])
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("id", "in", (expression) =>
        expression
          .selectFrom("file_links")
          .select("message_id")
          .where("file_id", "=", parameter.fileId)
          .where("tenant_id", "=", parameter.tenantId)
          .where("owner_id", "=", parameter.userId)
          .where("is_replaced", "=", isReplaced),
      ),
  );
  const set = write<OwnerParameters & { id: string; attachments: string }>()(
    (database, parameter) =>
      database
        .updateTable(table)
        .set({ attachments: parameter.attachments })
        .where("id", "=", parameter.id)
        .where("tenant_id", "=", parameter.tenantId)
        .where("owner_id", "=", parameter.userId),
  );
  return { select, set };
}

export function createFileWrites(write: StatementWriter, append: AppendAuditEvent, once: Once) {
  const { getFile, countFileBytes } = createFileReads(write);
  const insert = write<
    OwnerParameters & Omit<StoredFile, "createdAt"> & { countedBytes: number; createdAt: number }
  >()((database, parameter) =>
    database
      .insertInto("files")
      .values({
        id: parameter.id,
        tenant_id: parameter.tenantId,
        owner_id: parameter.userId,
        name: parameter.name,
        media_type: parameter.mediaType,
        bytes: parameter.bytes,
        counted_bytes: parameter.countedBytes,
        sha256: parameter.sha256,
        state: parameter.state,
        width: parameter.width,
        height: parameter.height,
        created_at: parameter.createdAt,
      })
      .onConflict((conflict) => conflict.doNothing()),
  );
  const deleteOne = write<OwnerParameters & { id: string }>()((database, parameter) =>
    database
      .deleteFrom("files")
      .where("id", "=", parameter.id)
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId),
  );
  const inMessages = createAttachmentStatements(write, "messages", 0);
  const inReplaced = createAttachmentStatements(write, "replaced_messages", 1);
  const inProjects = createAttachmentStatements(write, "projects", 2);
  const deleteUnused = write<{ before: number }>()((database, parameter) =>
    database
      .deleteFrom("files")
      .where("created_at", "<", parameter.before)
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom("file_links")
              .select("file_links.file_id")
              .whereRef("file_links.file_id", "=", "files.id")
              .whereRef("file_links.tenant_id", "=", "files.tenant_id")
              .whereRef("file_links.owner_id", "=", "files.owner_id"),
          ),
        ),
      ),
  );

  /** False where the owner has a file of that id. */
  function* insertFile({ tenantId, userId }: Owner, file: StoredFile): Operation<boolean> {
    const inserted = yield* insert.run({
      tenantId,
      userId,
      id: file.id,
      name: file.name,
      mediaType: file.mediaType,
      bytes: file.bytes,
      countedBytes: Math.max(MIN_COUNTED_BYTES, file.bytes),
      sha256: file.sha256,
      state: file.state,
      width: file.width,
      height: file.height,
      createdAt: file.createdAt.getTime(),
    });
    return inserted > 0;
  }

  /** Says of a file, in the messages that were sent with it and in the projects that have it, whether it is there. */
  function* mark({ tenantId, userId }: Owner, id: string, isDeleted: boolean): Operation<void> {
    for (const { select, set } of [inMessages, inReplaced, inProjects])
      for (const message of yield* select.all({ tenantId, userId, fileId: id })) {
        const stored: Attachment[] = JSON.parse(message.attachments ?? "[]");
        const attachments = stored.map(({ isDeleted: wasDeleted, ...one }) => ({
          ...one,
          ...((one.id === id ? isDeleted : wasDeleted) && { isDeleted: true }),
        }));
        const marked = JSON.stringify(attachments);
        yield* set.run({ tenantId, userId, id: message.id, attachments: marked });
      }
  }

  return {
    insertFile,

    /** False where the owner has a file of that id. */
    *importFile(owner: Owner, file: StoredFile): Operation<boolean> {
      if (!(yield* insertFile(owner, file))) return false;
      yield* mark(owner, file.id, false);
      return true;
    },

    *createFile(
      owner: Owner,
      file: StoredFile,
      quotaBytes: number | null,
      stamp?: Stamp,
      idempotency?: Idempotency | null,
    ): Operation<StoredFile> {
      return yield* once(owner, idempotency, {
        id: file.id,
        at: file.createdAt,
        *make() {
          if (!(yield* insertFile(owner, file)))
            throw new AppError("conflict", "A file of that id exists already");
          if (quotaBytes !== null && (yield* countFileBytes(owner)) > quotaBytes)
            throw overQuota(quotaBytes);
          if (stamp) yield* append(eventAbout("file_uploaded", owner, file.id, stamp));
          return file;
        },
        *find(madeId) {
          const made = yield* getFile(owner, madeId);
          if (!made) throw notFound("file");
          return made;
        },
      });
    },

    *deleteFile(owner: Owner, id: string, stamp?: Stamp): Operation<boolean> {
      const { tenantId, userId } = owner;
      if ((yield* deleteOne.run({ tenantId, userId, id })) === 0) return false;
      yield* mark(owner, id, true);
      if (stamp) yield* append(eventAbout("file_deleted", owner, id, stamp));
      return true;
    },

    *forgetUnusedFiles(before: Date): Operation<number> {
      return yield* deleteUnused.run({ before: before.getTime() });
    },
  };
}
