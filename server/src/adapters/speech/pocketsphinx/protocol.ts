import type { PocketsphinxPaths } from "./find.ts";

/** What the parent says to the process that recognises. One utterance at a time. */
export type ToChild =
  | { readonly type: "load"; readonly paths: PocketsphinxPaths }
  | { readonly type: "open" }
  | { readonly type: "audio"; readonly samples: Int16Array }
  | { readonly type: "end" }
  | { readonly type: "abort" };

export type FromChild =
  /** Loaded, or done with an aborted utterance. */
  | { readonly type: "idle" }
  | { readonly type: "unable"; readonly reason: string }
  | { readonly type: "partial"; readonly text: string }
  /** Done with the utterance. */
  | { readonly type: "final"; readonly text: string };
