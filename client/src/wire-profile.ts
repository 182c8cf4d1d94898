/** What the user keeps for all conversations. */
export type Profile = {
  /** What models are told of the person, and of how they like answers; empty: nothing. */
  readonly instructions: string;
  /** Whether models are told it. */
  readonly uses_instructions: boolean;
  /** Null: nothing was ever kept. */
  readonly updated_at: string | null;
};

export type ProfileInput = {
  /** At most 4,000 characters. */
  readonly instructions: string;
  /** Default: true. */
  readonly uses_instructions?: boolean | undefined;
};
