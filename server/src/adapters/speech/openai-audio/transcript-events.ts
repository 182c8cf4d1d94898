import { createParser } from "eventsource-parser";
import type { Transcript } from "../../../ports/speech.ts";

/**
 * Transcripts out of an event stream: OpenAI's `transcript.text.delta` and `.done`, vLLM's
 * `transcription.chunk`, and bare `{text}` segments. Anything else in it is passed over.
 * @throws SyntaxError when an event is not JSON
 */
export const transcriptsOf = async function* (
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<Transcript> {
  const events: string[] = [];
  const parser = createParser({ onEvent: (event) => events.push(event.data) });
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of bytes) {
    parser.feed(decoder.decode(chunk, { stream: true }));
    for (const data of events.splice(0)) {
      if (data === "[DONE]") continue;
      const before = text;
      const said = contentOf(JSON.parse(data));
      if (said?.whole !== undefined) text = said.whole;
      else text += said?.more ?? "";
      if (text !== before && text.trim() !== "") yield { text: text.trim(), isFinal: false };
    }
  }
  yield { text: text.trim(), isFinal: true };
};

type Content = { readonly more?: string; readonly whole?: string };

type Event = {
  readonly type?: unknown;
  readonly delta?: unknown;
  readonly text?: unknown;
  readonly choices?: readonly { readonly delta?: { readonly content?: unknown } }[];
};

const contentOf = (event: Event | null): Content | null => {
  if (event === null || typeof event !== "object") return null;
  const { type, delta, text } = event;
  if (type === "transcript.text.done" && typeof text === "string") return { whole: text };
  if (type === "transcript.text.delta" && typeof delta === "string") return { more: delta };
  const content = event.choices?.[0]?.delta?.content;
  if (typeof content === "string") return { more: content };
  return type === undefined && typeof text === "string" ? { more: `${text} ` } : null;
};
