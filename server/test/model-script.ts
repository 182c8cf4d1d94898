// What the scripted model server is told to answer, and the bytes that come of it.

/**
 * How one request is answered. In a user's message it is written as a directive,
 * `{{reply tokens=20 gapMs=50 stall=3 text="Hello"}}`: numbers, words and JSON strings; a name
 * alone means true. The last directive in the last user message counts.
 */
export type ReplyScript = {
  /** Of a script that waits for a request: it is for one that names this model. Default: for any. */
  model?: string;
  /** What to say; cut into a token a word. Default: an echo of the last user message. */
  text?: string;
  /** That many made-up tokens instead of a text. */
  tokens?: number;
  /** Exactly these deltas instead of a text. */
  pieces?: readonly string[];
  /** Thoughts before the answer, in the field `reasoningField`. */
  reasoning?: string;
  reasoningField?: "reasoning" | "reasoning_content" | "reasoning_details";
  /** Every fifth token is a thought instead, and the last twenty are the arguments of a call, if tools are offered. */
  mixed?: boolean;
  /** Before the first byte of the answer. */
  delayMs?: number;
  /** Between tokens; 0 sends them all in one write. */
  gapMs?: number;
  /** Waits for `release()`. */
  hold?: Place;
  /** Answers with this status and `failBody`. */
  failStatus?: number;
  failBody?: unknown;
  /** Only the first so many requests with this script get a fault (`failStatus`, `stall`, …). */
  failTimes?: number;
  /** The header `Retry-After`, in seconds or as a date. */
  retryAfter?: number | string;
  /** Never goes on. */
  stall?: Place;
  /** Closes the connection. */
  cut?: Place;
  /** A line that is no JSON. */
  garbage?: number;
  /** The provider's error object inside the stream. */
  error?: number;
  errorBody?: unknown;
  /** Where that error stands. Default `top`. */
  errorIn?: "top" | "choice" | "event" | "flat";
  /** Writes pieces of so many bytes, cut anywhere. */
  split?: number;
  crlf?: boolean;
  /** A comment before each token. */
  comments?: boolean;
  /** That many comments, `gapMs` apart, before the first token. */
  waitComments?: number;
  /** No `[DONE]`. */
  noDone?: boolean;
  /** Does not end the response either. */
  noEnd?: boolean;
  /** Says more than `max_tokens` allows. */
  ignoreLimit?: boolean;
  /** Null leaves it out. */
  finishReason?: string | null;
  /** Default: when asked for. */
  usage?: boolean;
  /** What the usage says, whatever the reply. */
  totalTokens?: number;
  costUsd?: number;
  cachedTokens?: number;
  thoughtTokens?: number;
  /** The whole reply as plain JSON. */
  json?: boolean;
  /** These bytes as the body, one write each, instead of anything else. */
  raw?: readonly (string | Uint8Array)[];
  contentType?: string;
  headers?: Readonly<Record<string, string>>;
};

/** Before the response's head, after so many tokens, or after everything but the end. */
export type Place = "head" | number | "end";

/** The body of a request, as far as this server cares. */
export type ChatBody = {
  readonly model?: string;
  readonly stream?: boolean;
  readonly messages?: readonly { readonly role: string; readonly content: string }[];
  readonly stream_options?: { readonly include_usage?: boolean };
  readonly usage?: { readonly include?: boolean };
  readonly [field: string]: unknown;
};

const DIRECTIVE = /\{\{reply\b((?:"(?:[^"\\]|\\.)*"|[^"}])*)\}\}/gu;
const SETTING = /([a-zA-Z]+)(?:=("(?:[^"\\]|\\.)*"|[^\s"}]+))?/gu;
const known = new Map<string, ReplyScript>();

/** Of a message with images its words. */
export function lastUserMessage({ messages = [] }: ChatBody): string {
  const content: unknown = messages.findLast(({ role }) => role === "user")?.content ?? "";
  if (typeof content === "string") return content;
  return (content as { text?: string }[]).map(({ text = "" }) => text).join("");
}

/** The script that a message asks for; null if it has no directive. */
export function scriptIn(message: string): ReplyScript | null {
  if (!message.includes("{{reply")) return null;
  const directive = [...message.matchAll(DIRECTIVE)].at(-1)?.[1];
  if (directive === undefined) return null;
  const before = known.get(directive);
  if (before !== undefined) return before;
  const script: ReplyScript = Object.fromEntries(
    [...directive.matchAll(SETTING)].map(([, name, value]) => [name ?? "", settingOf(value)]),
  );
  if (known.size < 1000) known.set(directive, script);
  return script;
}

function settingOf(text: string | undefined): unknown {
  if (text === undefined) return true;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** As many tokens as the request allows, unless the script ignores that. */
export function tokensOf(script: ReplyScript, body: ChatBody): readonly string[] {
  const tokens = wantedTokens(script, body);
  const limit = body.max_tokens ?? body.max_completion_tokens;
  return typeof limit === "number" && !script.ignoreLimit ? tokens.slice(0, limit) : tokens;
}

function wantedTokens(script: ReplyScript, body: ChatBody): readonly string[] {
  if (script.pieces !== undefined) return script.pieces;
  if (script.tokens !== undefined)
    return Array.from({ length: script.tokens }, (_, index) => WORDS[index % WORDS.length]!);
  const said = lastUserMessage(body).replaceAll(DIRECTIVE, "");
  return (script.text ?? `Echo: ${said}`).match(/\s*\S+\s?|\s+/gu) ?? [];
}

const WORDS = ["alpha ", "bravo ", "charlie ", "delta ", "echo ", "foxtrot ", "golf ", "hotel "];

const ID = "chatcmpl-1";

const usageOf = (
  tokens: readonly string[],
  { costUsd, cachedTokens, thoughtTokens, totalTokens = tokens.length + 10 }: ReplyScript,
) => ({
  prompt_tokens: 10,
  completion_tokens: tokens.length,
  total_tokens: totalTokens,
  ...(costUsd !== undefined && { cost: costUsd }),
  ...(cachedTokens !== undefined && { prompt_tokens_details: { cached_tokens: cachedTokens } }),
  ...(thoughtTokens !== undefined && {
    completion_tokens_details: { reasoning_tokens: thoughtTokens },
  }),
});

const wantsUsage = (script: ReplyScript, body: ChatBody): boolean =>
  script.usage ?? (body.stream_options?.include_usage === true || body.usage?.include === true);

/** An event of a stream. */
const eventOf = (data: string, { crlf }: ReplyScript, type = ""): string => {
  const end = crlf ? "\r\n" : "\n";
  return `${type === "" ? "" : `event: ${type}${end}`}data: ${data}${end}${end}`;
};

const chunkOf = (model: string, choice: unknown, more: object = {}): string =>
  JSON.stringify({
    id: ID,
    object: "chat.completion.chunk",
    created: 1_700_000_000,
    model,
    choices: choice === null ? [] : [choice],
    ...more,
  });

const delta = (model: string, fields: object): string =>
  chunkOf(model, { index: 0, delta: fields, finish_reason: null });

/** What the stream says before its first token. */
export function opening(script: ReplyScript, body: ChatBody): string {
  const model = body.model ?? "";
  const { reasoning, reasoningField = "reasoning" } = script;
  const role = eventOf(delta(model, { role: "assistant", content: "" }), script);
  if (reasoning === undefined) return role;
  const value =
    reasoningField === "reasoning_details"
      ? [{ type: "reasoning.text", text: reasoning }]
      : reasoning;
  return role + eventOf(delta(model, { content: null, [reasoningField]: value }), script);
}

export const comment = (script: ReplyScript): string =>
  eventOf("", script).replace(/^data: /u, ": PROCESSING");

export const tokenEvent = (token: string, script: ReplyScript, body: ChatBody): string =>
  (script.comments ? comment(script) : "") +
  eventOf(delta(body.model ?? "", { content: token }), script);

/** The token at that place as `mixed` has it. */
export function mixedEvent(
  tokens: readonly string[],
  place: number,
  script: ReplyScript,
  body: ChatBody,
): string {
  const token = tokens[place] ?? "";
  const called = place - (tokens.length - 20);
  const isCall = called >= 0 && body.tools !== undefined;
  if (!isCall && place % 5 !== 4) return tokenEvent(token, script, body);
  const start = called === 0 ? { id: "call_1", type: "function" } : {};
  const given = called === 0 ? { name: "look", arguments: token } : { arguments: token };
  const fields = isCall
    ? { tool_calls: [{ index: 0, ...start, function: given }] }
    : { reasoning: token };
  return eventOf(delta(body.model ?? "", fields), script);
}

/** The fault that stands before the token at this place; "" if none does. */
export function faultEvent(place: number, script: ReplyScript, body: ChatBody): string {
  if (script.garbage === place) return eventOf('{"choices":[{"delta":{"conte', script);
  if (script.error !== place) return "";
  const error = script.errorBody ?? { message: "Upstream error", type: "server_error", code: 502 };
  if (script.errorIn === "flat") return eventOf(JSON.stringify(error), script);
  if (script.errorIn === "event") return eventOf(JSON.stringify({ error }), script, "error");
  const choice = { index: 0, delta: { content: "" }, finish_reason: "error" };
  return eventOf(
    script.errorIn === "choice"
      ? chunkOf(body.model ?? "", { ...choice, error })
      : chunkOf(body.model ?? "", choice, { error }),
    script,
  );
}

/** What the stream says after its last token. */
export function ending(tokens: readonly string[], script: ReplyScript, body: ChatBody): string {
  const model = body.model ?? "";
  const { finishReason = "stop" } = script;
  const finish = chunkOf(model, { index: 0, delta: {}, finish_reason: finishReason });
  const usage = chunkOf(model, null, { usage: usageOf(tokens, script) });
  return (
    (finishReason === null ? "" : eventOf(finish, script)) +
    (wantsUsage(script, body) ? eventOf(usage, script) : "") +
    (script.noDone ? "" : eventOf("[DONE]", script))
  );
}

/** The whole reply in one JSON body. */
export const wholeReply = (tokens: readonly string[], script: ReplyScript, body: ChatBody) => ({
  id: ID,
  object: "chat.completion",
  created: 1_700_000_000,
  model: body.model ?? "",
  choices: [
    {
      index: 0,
      message: {
        role: "assistant",
        content: tokens.join(""),
        ...(script.reasoning !== undefined && { reasoning: script.reasoning }),
      },
      finish_reason: script.finishReason ?? "stop",
    },
  ],
  usage: usageOf(tokens, script),
});
