/** A named way to answer: instructions, model, temperature and voice for the conversations that choose it. */
export type Agent = {
  /** A UUID, or the client's own id. */
  readonly id: string;
  readonly name: string;
  readonly instructions: string;
  readonly model: string | null;
  /** 0 to 2; null leaves it to the provider. */
  readonly temperature: number | null;
  readonly voice: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
};
