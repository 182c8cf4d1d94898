import type { Calls } from "./calls.ts";
import type { CallOptions } from "./options.ts";
import { path } from "./transport.ts";
import type { Share, SharedConversation, ShareInput } from "./wire-shares.ts";

export type ShareCalls = ReturnType<typeof shareCalls>;

export function shareCalls(calls: Calls) {
  return {
    /** Makes a link with which anybody reads the conversation up to a message; FORBIDDEN where links are switched off. */
    create: async (
      conversationId: string,
      input: ShareInput = {},
      options: CallOptions = {},
    ): Promise<Share> =>
      calls.create(path`/conversations/${conversationId}/shares`, input, options),

    /** The links of the user that work, newest first. */
    list: async (options: CallOptions = {}): Promise<Share[]> => calls.get("/shares", options),

    /** Ends a link. */
    revoke: async (id: string, options: CallOptions = {}): Promise<void> =>
      calls.remove(path`/shares/${id}`, options),

    /** What the link with that token shows. A client with the token "" can read it, too. */
    read: async (token: string, options: CallOptions = {}): Promise<SharedConversation> =>
      calls.get(path`/shared/${token}`, options),
  };
}
