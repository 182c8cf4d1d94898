import type { AskedOutcome } from "../../core/turns/turn.ts";
import { unnumberedFrame } from "../../http/sse.ts";
import { finishReason, type Said } from "./answer.ts";

/** The frames of one stream. */
export type Chunks = {
  /** What comes before the first word. */
  opening(): string;
  of(event: Said): string;
  /** How each answer ended. */
  finishes(outcome: AskedOutcome): string;
  /** What was used, for clients that asked for it. */
  usage(body: object): string;
};

/**
 * Writes each chunk around the piece that it carries: what the chunks of a stream have in common is written once.
 * @param head the fields of every chunk
 * @param count how many answers were asked for
 * @param hasUsage whether the usage comes last, so that every other chunk says that it has none
 */
export function chunksOf(
  head: { readonly id: string; readonly created: number; readonly model: string },
  count: number,
  hasUsage: boolean,
): Chunks {
  const { id, created, model } = head;
  const fields = {
    id,
    object: "chat.completion.chunk",
    created,
    model,
    service_tier: "default",
    system_fingerprint: null,
  };
  const start = `${JSON.stringify(fields).slice(0, -1)},"choices":[`;
  const end = hasUsage ? '],"usage":null}' : "]}";
  /** For each answer: how many calls it has made. */
  const calls = new Array<number>(count).fill(0);
  const chunk = (choice: number, delta: string, finish = "null", logprobs = "null"): string =>
    unnumberedFrame(
      `${start}{"index":${choice},"delta":${delta},"logprobs":${logprobs},"finish_reason":${finish}}${end}`,
    );
  const callChunk = (choice: number, call: object): string => {
    const index = (calls[choice] ?? 1) - 1;
    return chunk(choice, JSON.stringify({ tool_calls: [{ index, ...call }] }));
  };
  /** For each answer: whether the call that is being made is of a custom tool. */
  const isCustom = new Array<boolean>(count).fill(false);
  return {
    opening: () =>
      calls.map((_, choice) => chunk(choice, '{"role":"assistant","content":""}')).join(""),
    of(event) {
      const { choice = 0, text } = event;
      switch (event.type) {
        case "text":
          return chunk(
            choice,
            `{"content":${JSON.stringify(text)}}`,
            "null",
            event.logprobs && JSON.stringify({ content: event.logprobs, refusal: null }),
          );
        case "refusal":
          return chunk(
            choice,
            `{"refusal":${JSON.stringify(text)}}`,
            "null",
            event.logprobs && JSON.stringify({ content: null, refusal: event.logprobs }),
          );
        case "reasoning":
          return chunk(choice, `{"reasoning_content":${JSON.stringify(text)}}`);
        case "tool_call": {
          calls[choice] = (calls[choice] ?? 0) + 1;
          isCustom[choice] = event.isCustom ?? false;
          const { callId: id, name } = event;
          return callChunk(
            choice,
            event.isCustom
              ? { id, type: "custom", custom: { name, input: text } }
              : { id, type: "function", function: { name, arguments: text } },
          );
        }
        case "arguments":
          return callChunk(
            choice,
            isCustom[choice] ? { custom: { input: text } } : { function: { arguments: text } },
          );
      }
    },
    finishes: ({ finishes }) =>
      calls
        .map((made, choice) =>
          chunk(choice, "{}", JSON.stringify(finishReason(finishes[choice], made > 0))),
        )
        .join(""),
    usage: (body) => unnumberedFrame(`${JSON.stringify({ ...fields, choices: [], usage: body })}`),
  };
}
