import type { Destination } from "../../core/importing/destination.ts";
import type { Tally } from "./tally.ts";

/** A file to be imported. */
export type Job = {
  readonly chunks: AsyncIterable<Buffer>;
  readonly destination: Destination;
  readonly tally: Tally;
  /** Aborted: stop after what is under way. */
  readonly signal: AbortSignal;
  /** Called now and then. */
  readonly onProgress: () => void;
};
