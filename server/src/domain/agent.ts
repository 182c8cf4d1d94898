/** A named set of instructions, model, temperature and voice for the conversations that choose it. */
export type Agent = {
  /** A UUID, or an id that the client chose. */
  readonly id: string;
  readonly name: string;
  readonly instructions: string;
  readonly model: string | null;
  /** From 0 to 2; null means the default of the provider. */
  readonly temperature: number | null;
  readonly voice: string | null;
  /** The labels of the tools that are offered with it: names of tools, or of their sources. Null: all. */
  readonly tools: readonly string[] | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
};

/** The number of labels that an agent may name. */
export const MAX_AGENT_TOOLS = 128;
