import type { Calls } from "./calls.ts";
import type { CallOptions, DeleteOptions, SendOptions, WatchOptions } from "./options.ts";
import { type Reply, startReply } from "./reply.ts";
import { path } from "./transport.ts";
import type {
  ActionResult,
  Conversation,
  ConversationAction,
  ConversationInput,
  ConversationPatch,
  ConversationsQuery,
  ImportResult,
} from "./wire-conversations.ts";
import type { StartInput } from "./wire-messages.ts";
import type { Page } from "./wire-pages.ts";

export type ConversationCalls = ReturnType<typeof conversationCalls>;

export function conversationCalls(calls: Calls) {
  const list = async (
    query: ConversationsQuery = {},
    { signal }: CallOptions = {},
  ): Promise<Page<Conversation>> => {
    const request = { method: "GET", path: "/conversations", query, signal } as const;
    const { data, meta } = await calls.answer<Conversation[]>(request);
    return { items: data, ...(meta as Omit<Page<Conversation>, "items">) };
  };

  return {
    create: async (
      input: ConversationInput = {},
      options: CallOptions = {},
    ): Promise<Conversation> => calls.create("/conversations", input, options),

    /** One page, last used first. The default is page 1 with 10 conversations; a page has at most 100. */
    list,

    /** All conversations that are not archived, last used first, fetched page by page. A conversation that moves in the meantime is returned once. */
    async *all(
      options: CallOptions & { readonly pageSize?: number | undefined } = {},
    ): AsyncGenerator<Conversation, void, void> {
      const seen = new Set<string>();
      for (let page = 1, totalPages = 1; page <= totalPages; page++) {
        const result = await list({ page, limit: options.pageSize ?? 100 }, options);
        totalPages = result.totalPages;
        for (const conversation of result.items) {
          if (seen.has(conversation.id)) continue;
          seen.add(conversation.id);
          yield conversation;
        }
      }
    },

    get: async (id: string, options: CallOptions = {}): Promise<Conversation> =>
      calls.get(path`/conversations/${id}`, options),

    /** The conversation after a model has given it a title, which takes at most 15 s; at once if no model is asked for one. */
    named: async (id: string, options: CallOptions = {}): Promise<Conversation> =>
      calls.get(path`/conversations/${id}`, options, { wait: "title" }),

    update: async (
      id: string,
      patch: ConversationPatch,
      options: CallOptions = {},
    ): Promise<Conversation> => calls.change("PATCH", path`/conversations/${id}`, patch, options),

    /**
     * Imports conversations of other programs, at most 100 at a time, in their own format: elements of a ChatGPT
     * export's conversations.json, or objects with a list of `messages` as this wire, wire 002 or a
     * browser's localStorage have them. Conversations that exist already are not imported twice.
     */
    import: async (
      conversations: readonly object[],
      options: CallOptions = {},
    ): Promise<ImportResult> =>
      calls.change("POST", "/conversations/import", { conversations }, options),

    /** Deletes the conversation with all its messages. */
    delete: async (id: string, options: DeleteOptions = {}): Promise<void> =>
      calls.remove(path`/conversations/${id}`, options),

    /**
     * Does the same with several conversations, at most 1,000, each by itself.
     * @returns what became of each, in the order of the ids
     */
    act: async (
      action: ConversationAction,
      ids: readonly string[],
      { signal, keepalive }: DeleteOptions = {},
    ): Promise<readonly ActionResult[]> => {
      const request = {
        method: "POST",
        path: "/conversations/actions",
        signal,
        keepalive,
      } as const;
      const what =
        typeof action === "string" ? { action } : { action: "move", project_id: action.move };
      const body = { ...what, ids };
      const { data } = await calls.answer<{ results: ActionResult[] }>({ ...request, body });
      return data.results;
    },

    /** Several conversations, at most 1,000, with their messages, as JSON that `import` takes back. Those that are gone are left out. */
    exportJson: async (ids: readonly string[], { signal }: CallOptions = {}): Promise<Blob> =>
      calls.download("/conversations/export", { signal }, { ids }),

    /** Creates a conversation with its first message. Resolves when the message is stored. */
    start: async (input: StartInput, options: SendOptions & WatchOptions = {}): Promise<Reply> =>
      startReply(
        calls.streaming("/conversations/stream", input, options),
        null,
        calls.replyOptions(options),
      ),
  };
}
