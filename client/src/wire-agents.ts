/** The agents of wire 004, with the names of the wire. */

/** A named set of instructions and settings for the conversations that choose it by `agent_id`. */
export type Agent = {
  readonly id: string;
  readonly name: string;
  readonly instructions: string;
  readonly model: string | null;
  /** From 0 to 2; null means the default of the provider. */
  readonly temperature: number | null;
  readonly voice: string | null;
  /** The names of the tools that are offered with it, or of their sources; null: all. */
  readonly tools: readonly string[] | null;
  readonly created_at: string;
  readonly updated_at: string;
};

export type AgentInput = {
  readonly name: string;
  readonly instructions: string;
  readonly model?: string | null | undefined;
  readonly temperature?: number | null | undefined;
  readonly voice?: string | null | undefined;
  readonly tools?: readonly string[] | null | undefined;
};
