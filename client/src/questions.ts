import type { Calls } from "./calls.ts";
import type { CallOptions } from "./options.ts";
import { path } from "./transport.ts";
import type { PageQuery } from "./wire-pages.ts";
import type { Decision, Grant, Question } from "./wire-questions.ts";

export type QuestionCalls = ReturnType<typeof questionCalls>;

export function questionCalls(calls: Calls) {
  return {
    /** The calls of tools that wait for a decision, oldest first. */
    list: async (page: PageQuery = {}, options: CallOptions = {}): Promise<Question[]> =>
      calls.get("/questions", options, { ...page }),

    /**
     * Allows or declines the call with the arguments of that question. The reply has gone on when this resolves, and is
     * followed by `messages.watch`. CONFLICT where somebody else was first.
     */
    async decide(question: Question, decision: Decision, options: CallOptions = {}): Promise<void> {
      const { message_id: messageId, call_id: callId, arguments_sha256 } = question;
      const url = path`/messages/${messageId}/calls/${callId}/decision`;
      await calls.create(url, { ...decision, arguments_sha256 }, options);
    },

    /** The tools that may be used without a question, newest first. */
    grants: async (options: CallOptions = {}): Promise<Grant[]> => calls.get("/grants", options),

    /** Has that tool ask again. */
    revoke: async (grantId: string, options: CallOptions = {}): Promise<void> =>
      calls.remove(path`/grants/${grantId}`, options),
  };
}
