import type { Calls } from "./calls.ts";
import type {
  CallOptions,
  ListOptions,
  ReadOptions,
  SendOptions,
  WatchOptions,
} from "./options.ts";
import { type Reply, startReply, watchReply } from "./reply.ts";
import { path } from "./transport.ts";
import type { Message } from "./wire.ts";
import type { MessagesQuery, NextMessageInput, StoredMessageInput } from "./wire-messages.ts";

export type MessageCalls = ReturnType<typeof messageCalls>;

const partsQuery = ({ parts }: ListOptions) => ({
  parts: parts === "steps" ? parts : parts ? 1 : undefined,
});

export function messageCalls(calls: Calls) {
  return {
    /** The messages of a path, oldest first. `limit` returns only the last ones, and `before` (an id) only those before that message. */
    list: async (
      conversationId: string,
      { versions, ...query }: MessagesQuery = {},
      options: ListOptions = {},
    ): Promise<Message[]> => {
      const url = path`/conversations/${conversationId}/messages`;
      const shown = { ...query, versions: versions ? 1 : undefined };
      return calls.get(url, options, { ...shown, ...partsQuery(options) });
    },

    get: async (id: string, options: ReadOptions = {}): Promise<Message> =>
      calls.get(path`/messages/${id}`, options, partsQuery(options)),

    delete: async (id: string, options: CallOptions = {}): Promise<void> =>
      calls.remove(path`/messages/${id}`, options),

    /**
     * Sends a message, or asks for another answer to one, and follows the reply; resolves when that is stored. Earlier
     * versions stay on their branches; only `replace_from` deletes.
     */
    async stream(
      conversationId: string,
      input: NextMessageInput,
      options: SendOptions & WatchOptions = {},
    ): Promise<Reply> {
      const url = path`/conversations/${conversationId}/messages/stream`;
      const opening = calls.streaming(url, input, options);
      return startReply(opening, conversationId, calls.replyOptions(options));
    },

    /** Sends a message and waits for the whole reply. */
    async send(
      conversationId: string,
      input: NextMessageInput,
      options: SendOptions & ReadOptions = {},
    ): Promise<{ userMessage: Message; reply: Message }> {
      const url = path`/conversations/${conversationId}/messages`;
      const body = options.parts ? { ...input, parts: true } : input;
      const [userMessage, reply] = await calls.exchange<[Message, Message]>(url, body, options);
      return { userMessage, reply };
    },

    /** Stores a message that asks for no reply. */
    async add(
      conversationId: string,
      input: StoredMessageInput,
      options: CallOptions = {},
    ): Promise<Message> {
      const url = path`/conversations/${conversationId}/messages`;
      const [message] = await calls.create<[Message]>(url, input, options);
      return message;
    },

    /**
     * Follows a reply that someone else started, or this page before it was reloaded: from its
     * start, or after the event that another Reply had as its `lastEventId`. Null when no reply is
     * running or has ended in the last 10 minutes, or nothing came after `after`.
     * @param options.branch the branch on whose path it is looked for; the active one without it
     */
    watch: async (
      conversationId: string,
      options: WatchOptions & {
        readonly after?: string | undefined;
        readonly branch?: number | undefined;
      } = {},
    ): Promise<Reply | null> => watchReply(conversationId, options, calls.replyOptions(options)),

    /**
     * Brings back what a message that was sent with `replace_from` took the place of, within a minute:
     * that message and its reply go. Gives how many came back.
     * @param replacedBy the id of that message
     * @throws ColloquyError NOT_FOUND when that is too long ago, CONFLICT when more was said since
     */
    restore: async (
      conversationId: string,
      replacedBy: string,
      options: CallOptions = {},
    ): Promise<number> => {
      const url = path`/conversations/${conversationId}/messages/restore`;
      const body = { replaced_by: replacedBy };
      return (await calls.change<{ restored: number }>("POST", url, body, options)).restored;
    },

    /**
     * Stops the conversation's running reply, which ends as `interrupted`, and those that wait for it,
     * or not them with `keepWaiting`; with `branch` only those of its path. False when none is running.
     */
    stop: calls.stop,
  };
}
