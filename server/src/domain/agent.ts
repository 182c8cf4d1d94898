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
  readonly createdAt: Date;
  readonly updatedAt: Date;
};
