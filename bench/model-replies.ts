import type { ModelSettings } from "./model-settings.ts";

/*
 * The bytes of an OpenAI-compatible reply. Whatever does not depend on the time is built once per
 * settings and sent in one write, so that the model costs the servers under test as little as can be.
 */

const CHUNK_OPENING =
  '{"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1700000000,"model":"mock","choices":[';

export const STREAM_HEAD =
  "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nCache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n";

export const STREAM_END = "0\r\n\r\n";

const choice = (delta: string, finishReason: string | null): string =>
  `data: ${CHUNK_OPENING}{"index":0,"delta":${delta},"finish_reason":${JSON.stringify(finishReason)}}]}\n\n`;

const usage = (tokens: number): string =>
  `{"prompt_tokens":10,"completion_tokens":${tokens},"total_tokens":${tokens + 10}}`;

/** One piece of an HTTP body in chunked coding; the text must be ASCII. */
export const httpChunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;

const tokenTexts = new Map<number, string>();

/** The text of a token: letters and hyphens, a blank at the end. */
function tokenText(bytes: number): string {
  let text = tokenTexts.get(bytes);
  if (text === undefined) {
    text = `${"words-without-any-meaning-".repeat(Math.ceil(bytes / 26)).slice(0, Math.max(0, bytes - 1))} `;
    tokenTexts.set(bytes, text);
  }
  return text;
}

let lastTimestampMicroseconds = 0n;

/** The monotonic clock, which all processes of a machine share; never the same value twice. */
function timestamp(): string {
  let now = process.hrtime.bigint() / 1000n;
  if (now <= lastTimestampMicroseconds) now = lastTimestampMicroseconds + 1n;
  lastTimestampMicroseconds = now;
  return `@${now.toString().padStart(16, "0")}@`;
}

export const firstEvent = (): string => choice('{"role":"assistant","content":""}', null);

export function tokenEvent(settings: ModelSettings): string {
  const stamp = settings.isTimestamped ? timestamp() : "";
  return choice(`{"content":"${stamp}${tokenText(settings.bytesPerToken)}"}`, null);
}

export function lastEvents(
  settings: ModelSettings,
  withUsage: boolean,
  finishReason = "stop",
): string {
  const usageEvent = withUsage
    ? `data: ${CHUNK_OPENING}],"usage":${usage(settings.tokens)}}\n\n`
    : "";
  return `${choice("{}", finishReason)}${usageEvent}data: [DONE]\n\n`;
}

const wholeReplies = new Map<string, Buffer>();

function cached(kind: string, settings: ModelSettings, build: () => string): Buffer {
  const key = `${kind} ${settings.tokens} ${settings.bytesPerToken}`;
  let reply = wholeReplies.get(key);
  if (!reply) {
    reply = Buffer.from(build(), "latin1");
    if (wholeReplies.size < 1000) wholeReplies.set(key, reply);
  }
  return reply;
}

/** A whole streamed reply without timestamps: head, all events in one chunk, end. */
export function wholeStream(settings: ModelSettings, withUsage: boolean): Buffer {
  return cached(withUsage ? "stream with usage" : "stream", settings, () => {
    const tokens = tokenEvent(settings).repeat(settings.tokens);
    const events = firstEvent() + tokens + lastEvents(settings, withUsage);
    return STREAM_HEAD + httpChunk(events) + STREAM_END;
  });
}

/** A whole streamed answer that asks for a call of `now`. */
export function wholeCall(settings: ModelSettings, withUsage: boolean): Buffer {
  return cached(withUsage ? "call with usage" : "call", settings, () => {
    const call =
      '{"tool_calls":[{"index":0,"id":"call_0","type":"function","function":{"name":"now","arguments":"{}"}}]}';
    const events =
      firstEvent() + choice(call, null) + lastEvents(settings, withUsage, "tool_calls");
    return STREAM_HEAD + httpChunk(events) + STREAM_END;
  });
}

/** A whole JSON reply. */
export function wholeCompletion(settings: ModelSettings): Buffer {
  return cached("completion", settings, () => {
    const content = tokenText(settings.bytesPerToken).repeat(settings.tokens);
    return jsonReply(
      200,
      `{"id":"chatcmpl-bench","object":"chat.completion","created":1700000000,"model":"mock","choices":[{"index":0,"message":{"role":"assistant","content":"${content}"},"finish_reason":"stop"}],"usage":${usage(settings.tokens)}}`,
    );
  });
}

export const jsonReply = (status: number, body: string): string =>
  `HTTP/1.1 ${status} ${status === 200 ? "OK" : "Error"}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
