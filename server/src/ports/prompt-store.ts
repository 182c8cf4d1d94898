import type { Stamp } from "../domain/audit.ts";
import type { Owner } from "../domain/principal.ts";
import type { SavedPrompt } from "../domain/saved-prompt.ts";
import type { Idempotency } from "./turn-requests.ts";

export interface PromptStore {
  /**
   * A repeated key gives the prompt that was stored.
   * @throws AppError conflict where the owner has MAX_PROMPTS, and those of Idempotency
   */
  createPrompt(
    owner: Owner,
    prompt: SavedPrompt,
    idempotency?: Idempotency | null,
  ): Promise<SavedPrompt>;
  /** In the order in which they were made. */
  listPrompts(owner: Owner): Promise<SavedPrompt[]>;
  getPrompt(owner: Owner, promptId: string): Promise<SavedPrompt | null>;
  /** Replaces name, text and time of change; null if there is none. */
  replacePrompt(owner: Owner, prompt: Omit<SavedPrompt, "createdAt">): Promise<SavedPrompt | null>;
  /** False if there is none. @param stamp noted with it in the audit log */
  deletePrompt(owner: Owner, promptId: string, stamp?: Stamp): Promise<boolean>;
}
