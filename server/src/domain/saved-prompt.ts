/** A text that a person keeps in order to send it again. */
export type SavedPrompt = {
  readonly id: string;
  /** What it is found by. */
  readonly name: string;
  /** A `{{word}}` in it stands for what the person fills in before sending; the server leaves it as it is. */
  readonly text: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
};

export const MAX_PROMPT_CHARACTERS = 8_000;
/** The number of prompts that a user may keep. */
export const MAX_PROMPTS = 200;
