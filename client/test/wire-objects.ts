// Objects of wire 004 for the scripted server, and a client that is quick to try again.
import { type Client, type ClientOptions, createClient } from "../src/index.ts";
import type { Message } from "../src/wire.ts";
import type { Conversation } from "../src/wire-conversations.ts";
import type { Step } from "./scripted-server.ts";

const TIME = "2025-11-01T12:00:00.000Z";

export const conversation = (id: string): Conversation => ({
  id,
  title: "New Conversation",
  user_id: "alice",
  created_at: TIME,
  updated_at: TIME,
  is_pinned: false,
  agent_id: null,
  model: null,
  mode: null,
});

/** What only a generated reply has. */
const NOT_GENERATED = {
  usage: null,
  finish_reason: null,
  interrupted_by: null,
  reasoning: null,
  reasoning_ms: null,
} as const;

export const userMessage: Message = {
  id: "user-1",
  conversation_id: "c1",
  role: "user",
  content: "Hello",
  model: null,
  status: "complete",
  ...NOT_GENERATED,
  created_at: TIME,
};

export const reply = (content: string, status: Message["status"] = "complete"): Message => ({
  id: "reply-1",
  conversation_id: "c1",
  role: "assistant",
  content,
  model: "test-model",
  status,
  ...NOT_GENERATED,
  finish_reason: status === "complete" ? "stop" : null,
  usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
  created_at: TIME,
});

export const success =
  (data: unknown, status = 200, meta?: object): Step =>
  (exchange) =>
    exchange.json(status, { success: true, data, ...(meta && { meta }) });

export const failure =
  (status: number, code: string, message: string, headers: Record<string, string> = {}): Step =>
  (exchange) =>
    exchange.json(status, { success: false, message, error: { code } }, headers);

/** Breaks the connection off before any answer. */
export const cutOff: Step = (exchange) => exchange.cut();

/** A client that waits a millisecond where others wait half a second. */
export const quickClient = (
  server: { readonly url: string },
  options: Partial<ClientOptions> = {},
): Client =>
  createClient({
    baseUrl: server.url,
    token: "secret-token",
    ...options,
    retry: { baseDelayMs: 1, maxDelayMs: 2, ...options.retry },
  });

export async function collect<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of iterable) items.push(item);
  return items;
}
