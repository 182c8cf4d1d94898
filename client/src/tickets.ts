import type { Calls } from "./calls.ts";
import type { CallOptions } from "./options.ts";
import { path } from "./transport.ts";

/** What a page opens a WebSocket with. */
export type Ticket = {
  /** Goes into the socket's address as `?ticket=`. */
  readonly ticket: string;
  readonly user_id: string;
  /** It has to be used before that. */
  readonly expires_at: string;
};

/** What an `EventSource` watches one reply with. */
export type StreamTicket = Ticket & {
  readonly reply_id: string;
  /** Once it was used in time it is good until then. */
  readonly usable_until: string;
  /** What to open, with the ticket in it. */
  readonly url: string;
};

export type TicketCalls = ReturnType<typeof ticketCalls>;

/** For what a page opens without headers of its own; each goes into an address as `?ticket=`. */
export function ticketCalls(calls: Calls, baseUrl: string) {
  return {
    /** Opens one WebSocket within 30 seconds, as this client's user. */
    forSocket: async (options: CallOptions = {}): Promise<Ticket> =>
      calls.change("POST", "/tickets", {}, options),

    /**
     * Lets an EventSource watch one reply from its start, within 30 seconds and then again whenever the
     * connection was lost, for an hour. Its `url` is what to open.
     * @param replyId default: the conversation's latest
     * @throws ColloquyError NOT_FOUND when no reply is running or has ended in the last 10 minutes
     */
    async forStream(
      conversationId: string,
      { replyId, ...options }: CallOptions & { readonly replyId?: string | undefined } = {},
    ): Promise<StreamTicket> {
      const input = { conversation_id: conversationId, reply_id: replyId };
      const issued = await calls.change<Omit<StreamTicket, "url">>(
        "POST",
        "/tickets",
        input,
        options,
      );
      const stream = path`/conversations/${conversationId}/messages/stream`;
      const url = `${baseUrl.replace(/\/+$/, "")}/v1/chat${stream}?ticket=${issued.ticket}`;
      return { ...issued, url };
    },
  };
}
