import type { Calls } from "./calls.ts";
import type { CallOptions } from "./options.ts";
import { path } from "./transport.ts";
import type { PageQuery } from "./wire-pages.ts";
import type { ClientCall, ClientResult } from "./wire-questions.ts";

export type ClientCalls = ReturnType<typeof clientCalls>;

export function clientCalls(calls: Calls) {
  return {
    /** The calls that wait for their results, of all conversations, oldest first. */
    list: async (page: PageQuery = {}, options: CallOptions = {}): Promise<ClientCall[]> =>
      calls.get("/calls", options, { ...page }),

    /**
     * Gives the result of a call. The reply has gone on when this resolves, and is followed by `messages.watch`. The same
     * result may be given again. CONFLICT where another one came first, or the reply does not wait for it any more.
     */
    async answer(call: ClientCall, result: ClientResult, options: CallOptions = {}): Promise<void> {
      const { message_id: messageId, call_id: callId } = call;
      const url = path`/messages/${messageId}/calls/${callId}/result`;
      await calls.change("POST", url, { ...result }, options);
    },
  };
}
