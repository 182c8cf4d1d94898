import type { Destination } from "../../core/importing/destination.ts";
import type { FileStore } from "../../ports/file-store.ts";
import type { Tally } from "./tally.ts";

/** A file to be imported. */
export type Job = {
  readonly chunks: AsyncIterable<Buffer>;
  readonly destination: Destination;
  readonly tally: Tally;
  /** Null: nothing is kept. `none`: files are left out, because this server takes none. */
  readonly files: FileStore | null | "none";
  /** Stops the import after the current record when aborted. */
  readonly signal: AbortSignal;
  /** Called from time to time. */
  readonly onProgress: () => void;
};
