/** A text that the user keeps in order to send it again. */
export type Prompt = {
  readonly id: string;
  readonly name: string;
  /** A word in `{{double braces}}` is for the user to fill in. */
  readonly text: string;
  readonly created_at: string;
  readonly updated_at: string;
};

export type PromptInput = {
  readonly name: string;
  /** At most 8,000 characters. */
  readonly text: string;
};
