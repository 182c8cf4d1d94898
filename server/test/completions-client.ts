// What the tests of completions have in common: the scripted model's own streams, and those of the wire.
import assert from "node:assert/strict";

export const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

// biome-ignore lint/suspicious/noExplicitAny: a test says by its assertions what it expects
export type Chunk = any;

/** The chunks of a stream, and whether `[DONE]` ended it. */
export function readStream(text: string): { readonly chunks: Chunk[]; readonly isDone: boolean } {
  const lines = text.split("\n\n").filter((block) => block !== "" && !block.startsWith(":"));
  const isDone = lines.at(-1) === "data: [DONE]";
  const chunks = (isDone ? lines.slice(0, -1) : lines).map((line) => {
    assert.match(line, /^data: \{[^\n]*\}$/);
    return JSON.parse(line.slice("data: ".length));
  });
  return { chunks, isDone };
}

/** An event of a provider's stream. */
export const event = (delta: object, finish: string | null = null, more: object = {}): string =>
  `data: ${JSON.stringify({ id: "x", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, delta, finish_reason: finish, ...more }] })}\n\n`;

const callEvent = (index: number, fields: object) => event({ tool_calls: [{ index, ...fields }] });

/** A provider's answer that asks for two tools, whose arguments come in pieces. */
export const twoCalls: readonly string[] = [
  event({ role: "assistant", content: null }),
  callEvent(0, {
    id: "call_a",
    type: "function",
    function: { name: "weather", arguments: "" },
  }),
  callEvent(0, { function: { arguments: '{"city":' } }),
  callEvent(0, { function: { arguments: '"Ulm"}' } }),
  callEvent(1, {
    id: "call_b",
    type: "function",
    function: { name: "weather", arguments: '{"city":"Bonn"}' },
  }),
  event({}, "tool_calls"),
  'data: {"id":"x","object":"chat.completion.chunk","created":1,"model":"m","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":5,"total_tokens":12}}\n\n',
  "data: [DONE]\n\n",
];

export const WEATHER = {
  type: "function",
  function: {
    name: "weather",
    description: "The weather of a city",
    parameters: {
      type: "object",
      properties: { city: { type: "string" } },
      required: ["city"],
    },
  },
} as const;
