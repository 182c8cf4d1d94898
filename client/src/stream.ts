import {
  ColloquyError,
  isRecord,
  isTransient,
  networkError,
  unexpectedResponse,
} from "./errors.ts";
import { createEventStreamParser, readEventStream } from "./event-stream.ts";
import type { Timeouts } from "./options.ts";
import { growthAfter } from "./parts.ts";
import { type NetworkStatus, pause, type RetryPolicy, retryDelayMs, within } from "./retry.ts";
import { type ApiRequest, path, type Transport } from "./transport.ts";
import type { Wakeups } from "./wakeups.ts";
import type { Message, ReplyEvent } from "./wire.ts";

export type FollowOptions = {
  readonly transport: Transport;
  readonly network: NetworkStatus;
  readonly retry: RetryPolicy;
  readonly timeouts: Timeouts;
  readonly wakeups: Wakeups;
  /** Whether to yield `reconnecting` and `resumed`. */
  readonly notices: boolean;
  /** Whether to ask for `ai_reasoning`. */
  readonly reasoning: boolean;
  /** Whether to ask for `ai_part`. */
  readonly parts: boolean;
  readonly signal: AbortSignal | undefined;
};

/** The progress of a watcher, which is updated with each event. */
export type Progress = {
  conversationId: string | null;
  userMessage: Message | null;
  /** The branch of the reply; null before the first event. */
  branch: number | null;
  /** The id of the last event that was yielded; null before the first. */
  lastEventId: string | null;
  /** The text of all chunks so far. */
  text: string;
  ending: Extract<ReplyEvent, { type: "ai_complete" | "ai_waiting" | "error" }> | null;
};

/**
 * The events of one reply from the position in `progress` to its ending, each exactly once, over as
 * many connections as necessary. Ends without an event if the server has no further events.
 * @param opening the request to use until there is an event to resume from; it is safe to repeat
 * @throws ColloquyError when the server refuses, or stays away for `retry.streamRetries` tries
 */
export async function* followReply(
  opening: ApiRequest,
  progress: Progress,
  options: FollowOptions,
): AsyncGenerator<ReplyEvent, void, void> {
  const { retry, network, signal } = options;
  let failures = 0;
  let hasBegun = false;
  let isCutOff = false;
  for (;;) {
    const parser = createEventStreamParser();
    try {
      const request = progress.lastEventId === null ? opening : resumption(progress, options);
      const connection = await options.transport.open(request, options.timeouts.silenceMs);
      try {
        if (isCutOff && options.notices) yield { type: "resumed" };
        isCutOff = false;
        if (connection.response.status === 204) {
          if (hasBegun) yield* endingFromStore(progress, options);
          return;
        }
        const reading = readEventStream(eventStreamBody(connection.response), parser, (read) =>
          within(read, options.timeouts.silenceMs, signal).catch(rethrowAsNetworkError),
        );
        for await (const { data, id } of reading) {
          signal?.throwIfAborted();
          if (data === "[DONE]") return;
          const event = decodeEvent(data);
          failures = 0;
          hasBegun = true;
          if (id !== "") progress.lastEventId = id;
          if (event === null) continue;
          record(event, progress);
          yield event;
        }
      } finally {
        connection.close();
      }
      throw networkError(new Error("The stream ended before the reply did"));
    } catch (error) {
      signal?.throwIfAborted();
      // Only the final [DONE] is missing.
      if (progress.ending !== null) return;
      const canGoOn = !hasBegun || progress.lastEventId !== null;
      if (!isTransient(error) || !canGoOn) throw error;
      // A failed try while the machine is offline says nothing about the server.
      if (!hasBegun || network.isOnline()) failures++;
      if (failures > (hasBegun ? retry.streamRetries : retry.requestRetries)) throw error;
      const attempt = Math.max(1, failures);
      const delayMs = Math.max(
        retryDelayMs(retry, attempt, error, Math.random()),
        Math.min(parser.retryMs ?? 0, retry.maxDelayMs),
      );
      isCutOff = hasBegun;
      if (isCutOff && options.notices)
        yield { type: "reconnecting", data: { attempt, delayMs, error } };
      // A delay that the server has asked for is not cut short.
      await pause(
        delayMs,
        network,
        signal,
        error.retryAfterMs === null ? options.wakeups : undefined,
      );
    }
  }
}

/** The request that resumes after the last event. */
function resumption(progress: Progress, options: FollowOptions): ApiRequest {
  return {
    method: "GET",
    path: path`/conversations/${progress.conversationId ?? ""}/messages/stream`,
    query: watchQuery(options),
    headers: { "last-event-id": progress.lastEventId ?? "" },
    signal: options.signal,
  };
}

/** The query parameters of a stream. */
export const watchQuery = ({ reasoning, parts }: Pick<FollowOptions, "reasoning" | "parts">) => ({
  reasoning: reasoning ? 1 : undefined,
  parts: parts ? 1 : undefined,
});

function eventStreamBody(response: Response): ReadableStream<Uint8Array> {
  const type = response.headers.get("content-type") ?? "";
  if (response.body === null || !/^text\/event-stream\b/i.test(type))
    throw unexpectedResponse("The answer is not an event stream", response);
  return response.body;
}

function rethrowAsNetworkError(error: unknown): never {
  throw error instanceof ColloquyError ? error : networkError(error);
}

/** The event in the `data` of a server-sent event; null if this version does not know its type. */
function decodeEvent(json: string): ReplyEvent | null {
  let event: unknown;
  try {
    event = JSON.parse(json);
  } catch {
    event = null;
  }
  if (!isRecord(event)) throw unexpectedResponse("An event of the stream is not JSON");
  const { type, data } = event;
  switch (type) {
    case "ai_chunk":
      if (typeof data !== "string") break;
      return typeof event.index === "number" ? { type, data, index: event.index } : { type, data };
    case "ai_part":
      if (isRecord(data) && typeof data.index === "number")
        return { type, data: data as Extract<ReplyEvent, { type: "ai_part" }>["data"] };
      break;
    case "ai_reasoning":
      if (isRecord(data) && typeof data.text === "string" && typeof data.offset === "number")
        return { type, data: { text: data.text, offset: data.offset } };
      break;
    case "user_message":
      if (isRecord(data))
        return {
          type,
          data: data as Message,
          ...(typeof event.branch === "number" && { branch: event.branch }),
        };
      break;
    case "ai_complete":
    case "ai_waiting":
      if (isRecord(data)) return { type, data: data as Message };
      break;
    case "conversation_created":
      if (isRecord(data) && typeof data.conversationId === "string" && isRecord(data.userMessage))
        return { type, data: data as { conversationId: string; userMessage: Message } };
      break;
    case "error":
      if (isRecord(data)) return { type, data: data as { code: string; message: string } };
      break;
    default:
      return null;
  }
  throw unexpectedResponse(`The stream's ${type} is not what its type promises`);
}

function record(event: ReplyEvent, progress: Progress): void {
  switch (event.type) {
    case "conversation_created":
      progress.conversationId = event.data.conversationId;
      progress.userMessage = event.data.userMessage;
      progress.branch = 0;
      break;
    case "user_message":
      progress.userMessage = event.data;
      progress.branch = event.branch ?? 0;
      break;
    case "ai_chunk":
      progress.text += event.data;
      break;
    case "ai_complete":
    case "ai_waiting":
    case "error":
      progress.ending = event;
      break;
    case "ai_part":
    case "ai_reasoning":
    case "reconnecting":
    case "resumed":
      break;
  }
}

/**
 * The missed events of a reply that ended so long ago that only the store has it: the rest of its
 * text and its ending.
 * @throws ColloquyError REPLY_LOST when the store does not have it
 */
async function* endingFromStore(
  progress: Progress,
  options: FollowOptions,
): AsyncGenerator<ReplyEvent, void, void> {
  const request: ApiRequest = {
    method: "GET",
    path: path`/conversations/${progress.conversationId ?? ""}/messages`,
    query: { parts: options.parts ? 1 : undefined, branch: progress.branch || undefined },
    signal: options.signal,
  };
  const { data: messages } = await options.transport.json<Message[]>(
    request,
    options.timeouts.requestMs,
    "repeatable",
  );
  const asked = messages.findIndex(({ id }) => id === progress.userMessage?.id);
  const reply = asked < 0 ? undefined : messages[asked + 1];
  if (reply?.role !== "assistant")
    throw new ColloquyError("The server no longer has this reply", { code: "REPLY_LOST" });
  const ending: ReplyEvent =
    reply.status === "failed"
      ? {
          type: "error",
          data: reply.error ?? { code: "MODEL_FAILED", message: "The reply failed" },
        }
      : { type: "ai_complete", data: reply };
  for (const event of [...missingOf(reply, progress), ending]) {
    record(event, progress);
    yield event;
  }
}

/** The part of a stored reply that a watcher has not seen. */
function missingOf(reply: Message, { text, lastEventId }: Progress): ReplyEvent[] {
  const position = /:p(\d+)$/.exec(lastEventId ?? "")?.[1];
  if (reply.parts && position !== undefined) return growthAfter(reply.parts, Number(position));
  const missing = reply.content.startsWith(text) ? reply.content.slice(text.length) : "";
  return missing === "" ? [] : [{ type: "ai_chunk", data: missing }];
}
