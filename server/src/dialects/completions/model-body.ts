/** A model, or an agent as if it were one. */
export type ModelBody = {
  readonly id: string;
  readonly object: "model";
  /** Seconds since 1970. */
  readonly created: number;
  readonly owned_by: string;
  readonly name?: string;
  readonly context_length?: number;
};
