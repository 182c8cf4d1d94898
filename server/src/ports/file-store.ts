/** Bytes from `first` to `last`, both included. */
export type ByteRange = { readonly first: number; readonly last: number };

export type StoredBytes = {
  /** In lower-case hex digits. */
  readonly sha256: string;
  readonly bytes: number;
  /** When they were stored, or stored again, last. */
  readonly storedAt: Date;
};

/**
 * Keeps the bytes of files, each under its SHA-256: the same bytes once, whoever sent them. Knows no owner: whoever
 * asks has found the row that says whose they are.
 */
export interface FileStore {
  /**
   * Resolves once all of it is on disk. When the stream fails or exceeds the limit, nothing is kept.
   * @throws AppError too_large, unavailable (no room, or the place cannot be written), and what the stream throws
   */
  put(
    stream: AsyncIterable<Uint8Array>,
    limitBytes: number,
  ): Promise<Pick<StoredBytes, "sha256" | "bytes">>;
  /**
   * Null where there are no such bytes. Whoever gets a stream reads it to its end or returns it.
   * @throws AppError unavailable
   */
  open(sha256: string, range: ByteRange | null): Promise<AsyncIterable<Uint8Array> | null>;
  /**
   * Deletes bytes that were stored before that time and that nobody needs; false where they stay.
   * @param isNeeded asked while nobody can be given them any more
   */
  delete(sha256: string, storedBefore: Date, isNeeded: () => Promise<boolean>): Promise<boolean>;
  /** Everything that is kept, in any order. */
  list(): AsyncIterable<StoredBytes>;
  /** Deletes what uploads have left that were cut off before that time; what a deletion left that was cut off is there again. */
  forgetUnfinished(before: Date): Promise<void>;
}
