import type { Calls } from "./calls.ts";
import type { CallOptions } from "./options.ts";
import { path } from "./transport.ts";
import type { Prompt, PromptInput } from "./wire-prompts.ts";

export type PromptCalls = ReturnType<typeof promptCalls>;

export function promptCalls(calls: Calls) {
  return {
    create: async (input: PromptInput, options: CallOptions = {}): Promise<Prompt> =>
      calls.create("/prompts", input, options),

    /** All of the user's, oldest first. */
    list: async (options: CallOptions = {}): Promise<Prompt[]> => calls.get("/prompts", options),

    /** Replaces name and text. */
    replace: async (id: string, input: PromptInput, options: CallOptions = {}): Promise<Prompt> =>
      calls.change("PUT", path`/prompts/${id}`, input, options),

    delete: async (id: string, options: CallOptions = {}): Promise<void> =>
      calls.remove(path`/prompts/${id}`, options),
  };
}
