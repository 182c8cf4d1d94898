import type { Calls } from "./calls.ts";
import type { CallOptions } from "./options.ts";
import { path } from "./transport.ts";

/** A ticket with which a page opens a WebSocket. */
export type Ticket = {
  /** The ticket, to be sent in the URL of the socket as `?ticket=`. */
  readonly ticket: string;
  readonly user_id: string;
  /** The time until which the ticket must be used. */
  readonly expires_at: string;
};

/** A ticket with which an `EventSource` watches one reply. */
export type StreamTicket = Ticket & {
  readonly reply_id: string;
  /** The time until which the ticket is valid, once it was used in time. */
  readonly usable_until: string;
  /** The URL to open, which includes the ticket. */
  readonly url: string;
};

export type TicketCalls = ReturnType<typeof ticketCalls>;

/** Tickets for connections that a page opens without headers of its own. They are sent in the URL as `?ticket=`. */
export function ticketCalls(calls: Calls, baseUrl: string) {
  return {
    /** Creates a ticket for one WebSocket of this client's user. It must be used within 30 seconds. */
    forSocket: async (options: CallOptions = {}): Promise<Ticket> =>
      calls.change("POST", "/tickets", {}, options),

    /**
     * Creates a ticket with which an EventSource watches one reply from its start. It must be used within
     * 30 seconds; after that the EventSource may reconnect for an hour. Open the `url` of the ticket.
     * @param replyId the default is the latest reply of the conversation
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
