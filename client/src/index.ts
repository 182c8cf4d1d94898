import { type AgentCalls, agentCalls } from "./agents.ts";
import { createCalls } from "./calls.ts";
import { type ClientCalls, clientCalls } from "./client-calls.ts";
import { type ConversationCalls, conversationCalls } from "./conversations.ts";
import { ColloquyError } from "./errors.ts";
import { type FileCalls, fileCalls } from "./files.ts";
import { type InvitationCalls, invitationCalls } from "./invitations.ts";
import { type KeyCalls, keyCalls } from "./keys.ts";
import { type MemoryCalls, memoryCalls } from "./memories.ts";
import { type MessageCalls, messageCalls } from "./messages.ts";
import { operationCalls } from "./operations.ts";
import { type CallOptions, type ClientOptions, DEFAULT_TIMEOUTS } from "./options.ts";
import { growParts } from "./parts.ts";
import { type ProfileCalls, profileCalls } from "./profile.ts";
import { type ProjectCalls, projectCalls } from "./projects.ts";
import { type PromptCalls, promptCalls } from "./prompts.ts";
import { type QuestionCalls, questionCalls } from "./questions.ts";
import { browserNetwork, DEFAULT_RETRY } from "./retry.ts";
import { type ShareCalls, shareCalls } from "./shares.ts";
import { type SpeechCalls, speechCalls } from "./speech.ts";
import { type TicketCalls, ticketCalls } from "./tickets.ts";
import { type ToolCalls, toolCalls } from "./tools.ts";
import { createTransport } from "./transport.ts";
import { createWakeups } from "./wakeups.ts";
import {
  type Account,
  type Health,
  type ModelInfo,
  type SearchHit,
  type SearchPage,
  snippetParts,
} from "./wire.ts";
import type { PageQuery } from "./wire-pages.ts";

export type { ClientErrorCode, ErrorCode, ServerErrorCode } from "./errors.ts";
export type * from "./options.ts";
export type { Reply } from "./reply.ts";
export type { NetworkStatus, RetryPolicy } from "./retry.ts";
export type { StreamTicket, Ticket } from "./tickets.ts";
export type * from "./wire.ts";
export type * from "./wire-agents.ts";
export type * from "./wire-conversations.ts";
export type * from "./wire-files.ts";
export type * from "./wire-invitations.ts";
export type * from "./wire-keys.ts";
export type * from "./wire-memories.ts";
export type * from "./wire-messages.ts";
export type * from "./wire-pages.ts";
export type * from "./wire-parts.ts";
export type * from "./wire-profile.ts";
export type * from "./wire-projects.ts";
export type * from "./wire-prompts.ts";
export type * from "./wire-questions.ts";
export type * from "./wire-shares.ts";
export type * from "./wire-tools.ts";
export { ColloquyError, growParts, snippetParts };

/**
 * Its methods throw a ColloquyError, or the reason of the given signal once that is aborted. What is
 * safe to repeat is tried again after a network failure, a 429 and a 503 (see RetryPolicy): all but
 * `create` and `messages.add`.
 */
export type Client = {
  readonly conversations: ConversationCalls;
  readonly messages: MessageCalls;
  readonly agents: AgentCalls;
  /** What the user keeps for all conversations. */
  readonly profile: ProfileCalls;
  /** What models remember of the user, once the user has let them. */
  readonly memories: MemoryCalls;
  /** The texts that the user keeps in order to send them again. */
  readonly prompts: PromptCalls;
  /** Folders for conversations, with instructions and files of their own. */
  readonly projects: ProjectCalls;
  /** The files that messages can have attached. */
  readonly files: FileCalls;
  /**
   * Has replies whose connection is lost try again at once; they do that by themselves as soon as any
   * request of this client gets through.
   */
  reconnect(): void;
  /** The user of the token. */
  account(options?: CallOptions): Promise<Account>;
  readonly models: { list(options?: CallOptions): Promise<ModelInfo[]> };
  /** The API keys of the server; for operators. */
  readonly keys: KeyCalls;
  /** Links with which people sign in without a key; for operators. */
  readonly invitations: InvitationCalls;
  /** Links with which anybody reads a conversation. */
  readonly shares: ShareCalls;
  /** The calls of tools that wait for a decision. */
  readonly questions: QuestionCalls;
  /** The calls of the client's own tools that wait for their results. */
  readonly calls: ClientCalls;
  /** The sources of the server's tools; for operators. */
  readonly tools: ToolCalls;
  /** The voice of the server. */
  readonly speech: SpeechCalls;
  /** Tickets for the application's own WebSocket or EventSource. */
  readonly tickets: TicketCalls;
  /** The health of the server and its services, also if it is unhealthy. Needs no key. */
  health(options?: CallOptions): Promise<Health>;
  /** The figures of the server in the format of Prometheus; for operators. */
  metrics(options?: CallOptions): Promise<string>;
  /** Finds messages and titles by their words in the conversations of the user. */
  search(words: string, page?: PageQuery, options?: CallOptions): Promise<SearchHit[]>;
  /** The same search with the number of hits. */
  searchPage(words: string, page?: PageQuery, options?: CallOptions): Promise<SearchPage>;
};

/**
 * A client of one Colloquy server, for one user.
 * @throws ColloquyError INVALID_OPTION when the base URL is none
 */
export function createClient(options: ClientOptions): Client {
  const { baseUrl, token, userId, network = browserNetwork } = options;
  if (!/^(https?:\/\/|\/|$)/i.test(baseUrl))
    throw new ColloquyError('baseUrl must begin with "http://", "https://" or "/"', {
      code: "INVALID_OPTION",
    });
  const retry = { ...DEFAULT_RETRY, ...options.retry };
  const timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts };
  // Looked up late and called without a receiver, because browsers require that.
  const fetch = options.fetch ?? ((...request) => globalThis.fetch(...request));
  const wakeups = createWakeups();
  const transport = createTransport({ baseUrl, token, userId, fetch, network, retry, wakeups });
  const calls = createCalls(transport, timeouts, retry, network, wakeups);
  return {
    conversations: conversationCalls(calls),
    messages: messageCalls(calls),
    agents: agentCalls(calls),
    profile: profileCalls(calls),
    memories: memoryCalls(calls),
    prompts: promptCalls(calls),
    projects: projectCalls(calls),
    files: fileCalls(calls, baseUrl),
    keys: keyCalls(calls),
    invitations: invitationCalls(calls),
    shares: shareCalls(calls),
    questions: questionCalls(calls),
    calls: clientCalls(calls),
    tools: toolCalls(calls),
    speech: speechCalls(transport, timeouts),
    tickets: ticketCalls(calls, baseUrl),
    ...operationCalls(transport, timeouts),
    reconnect: wakeups.wake,
    account: (call = {}) => calls.get("/account", call),
    models: { list: (call = {}) => calls.get("/models", call) },
    search: (words, page = {}, call = {}) => calls.get("/search", call, { q: words, ...page }),
    async searchPage(words, page = {}, { signal } = {}) {
      const query = { q: words, ...page };
      const request = { method: "GET", path: "/search", query, signal } as const;
      const { data, meta } = await calls.answer<SearchHit[]>(request);
      return { items: data, ...(meta as Omit<SearchPage, "items">) };
    },
  };
}
