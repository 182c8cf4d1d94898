import { actorOf } from "../domain/audit.ts";
import { notFound } from "../domain/errors.ts";
import { type Owner, ownerOf, type Principal } from "../domain/principal.ts";
import { MAX_PROMPT_CHARACTERS, type SavedPrompt } from "../domain/saved-prompt.ts";
import { checkMessageText, checkName } from "../domain/text.ts";
import type { Clock, NewId } from "../ports/clock.ts";
import type { PromptStore } from "../ports/prompt-store.ts";
import type { Idempotency } from "../ports/turn-requests.ts";

export type PromptDraft = Pick<SavedPrompt, "name" | "text">;

/** The texts that people keep in order to send them again. */
export type SavedPrompts = {
  /** Resolves once it is on disk. @throws AppError invalid_request, conflict; also those of Idempotency */
  create(owner: Owner, draft: PromptDraft, idempotency?: Idempotency | null): Promise<SavedPrompt>;
  list(owner: Owner): Promise<SavedPrompt[]>;
  /** @throws AppError not_found, invalid_request */
  replace(owner: Owner, promptId: string, draft: PromptDraft): Promise<SavedPrompt>;
  /** @throws AppError not_found */
  delete(principal: Principal, promptId: string): Promise<void>;
};

export function createSavedPrompts(
  store: PromptStore,
  clock: Pick<Clock, "now">,
  newId: NewId,
): SavedPrompts {
  const check = ({ name, text }: PromptDraft): PromptDraft => {
    checkName(name, "name");
    checkMessageText(text, "text", MAX_PROMPT_CHARACTERS);
    return { name, text };
  };
  return {
    async create(owner, draft, idempotency) {
      const at = clock.now();
      const prompt = { id: newId(), ...check(draft), createdAt: at, updatedAt: at };
      return store.createPrompt(owner, prompt, idempotency);
    },
    list: (owner) => store.listPrompts(owner),
    async replace(owner, promptId, draft) {
      const prompt = { id: promptId, ...check(draft), updatedAt: clock.now() };
      const replaced = await store.replacePrompt(owner, prompt);
      if (!replaced) throw notFound("prompt");
      return replaced;
    },
    async delete(principal, promptId) {
      const stamp = { at: clock.now(), actor: actorOf(principal) };
      if (!(await store.deletePrompt(ownerOf(principal), promptId, stamp)))
        throw notFound("prompt");
    },
  };
}
