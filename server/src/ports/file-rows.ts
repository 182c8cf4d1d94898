import type { Stamp } from "../domain/audit.ts";
import type { StoredFile } from "../domain/file.ts";
import type { Owner } from "../domain/principal.ts";
import type { Idempotency } from "./turn-requests.ts";

/** The rows of files; their bytes are in the file store, which has them before there is a row. */
export interface FileRows {
  /**
   * @param quotaBytes what all files of the owner may count together (domain/file.ts); null: any amount
   * @param stamp noted with it in the audit log
   * @throws AppError too_large where the quota does not allow it, and those of Idempotency
   */
  createFile(
    owner: Owner,
    file: StoredFile,
    quotaBytes: number | null,
    stamp?: Stamp,
    idempotency?: Idempotency | null,
  ): Promise<StoredFile>;
  getFile(owner: Owner, fileId: string): Promise<StoredFile | null>;
  /** What the owner's files count together against the quota, in bytes. */
  countFileBytes(owner: Owner): Promise<number>;
  /**
   * Deletes the row. Messages that were sent with it stay, and say of it that it is deleted. False if there is none.
   * @param stamp noted with it in the audit log
   */
  deleteFile(owner: Owner, fileId: string, stamp?: Stamp): Promise<boolean>;
  /** Deletes the rows of files that no message has and that were stored before that time. Gives how many. */
  forgetUnusedFiles(before: Date): Promise<number>;
  /** Those of the digests that the file of any owner has. */
  usedDigests(digests: readonly string[]): Promise<ReadonlySet<string>>;
}
