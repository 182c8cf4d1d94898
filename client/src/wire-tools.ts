/** The objects of wire 004 that concern sources of tools, with the names of the wire. */

/** A tool as it was seen in the list. */
export type SeenTool = {
  /** As its source calls it. */
  readonly name: string;
  /** Names what its source says of it now. */
  readonly fingerprint: string;
};

/** A tool as its source describes it: what it says may have been written by strangers. */
export type ToolOfSource = SeenTool & {
  /** The name by which models ask for it. */
  readonly offered_as: string;
  readonly description: string;
  /** A JSON schema of its arguments. */
  readonly parameters: unknown;
  /**
   * `changed` and `new`: it is off until an operator accepts it. `left_out`: the operator's file of sources does not name
   * it.
   */
  readonly state: "on" | "changed" | "new" | "left_out";
  /** As it was accepted, where it has changed since. */
  readonly accepted: { readonly description: string; readonly parameters: unknown } | null;
  readonly only_reads: boolean;
  /** Its user is asked before each call. */
  readonly asks: boolean;
  readonly repeatable: boolean;
};

/** A program or a server that tools come from. */
export type ToolSource = {
  readonly label: string;
  /** Its address or its program, without secrets. */
  readonly place: string;
  readonly is_up: boolean;
  /** Each user signs in to it. */
  readonly wants_sign_in: boolean;
  /** Since when it answers, or does not. */
  readonly since: string;
  /** What is wrong with it, in words. */
  readonly problem: string | null;
  readonly tools: readonly ToolOfSource[];
};

/** What became of a call. `unknown`: it was sent, and nobody can tell whether it was made. */
export type TriedCall = {
  readonly outcome: "ok" | "failed" | "unknown";
  readonly text: string;
};

/** A source that the user signs in to. */
export type ToolSignIn = {
  readonly source: string;
  /** Null: the user is not signed in. */
  readonly signed_in_at: string | null;
};
