import type { PocketsphinxPaths } from "./find.ts";

/**
 * What the parent says to the process that recognises. One utterance at a time; its number tells
 * what is meant for it from what comes too late.
 */
export type ToChild =
  | { readonly type: "load"; readonly paths: PocketsphinxPaths }
  | { readonly type: "open"; readonly utterance: number }
  | { readonly type: "audio"; readonly samples: Int16Array }
  | { readonly type: "end" }
  | { readonly type: "abort"; readonly utterance: number };

export type FromChild =
  | { readonly type: "loaded" }
  | { readonly type: "unable"; readonly reason: string }
  | { readonly type: "partial"; readonly utterance: number; readonly text: string }
  /** The sound before the end is still being decoded. */
  | { readonly type: "busy"; readonly utterance: number }
  /** One of these two ends an utterance, and leaves the process free for the next. */
  | { readonly type: "final"; readonly utterance: number; readonly text: string }
  | { readonly type: "aborted"; readonly utterance: number };
