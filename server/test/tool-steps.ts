// What tests of replies with tools have in common: scripted answers that ask for tools, and tools that tests look into.
import type { ServerTool, ToolInput } from "../src/ports/tools.ts";
import type { ReplyScript } from "./model-script.ts";

const event = (delta: object, finish: string | null = null) =>
  `data: ${JSON.stringify({ model: "m", choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
const usageEvent = (total: number) =>
  `data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: total - 1, completion_tokens: 1, total_tokens: total } })}\n\n`;

export type ScriptedCall = {
  readonly name: string;
  readonly given?: object | string;
  readonly id?: string;
};

/** An answer of a model that says so much and asks for these calls. */
export function asking(
  calls: readonly ScriptedCall[],
  { words = "", tokens = 10, finish = "tool_calls" } = {},
): ReplyScript {
  const wanted = calls.map(({ name, given = {}, id }, index) => {
    const text = typeof given === "string" ? given : JSON.stringify(given);
    return event({
      tool_calls: [{ index, id: id ?? `call_${index}`, function: { name, arguments: text } }],
    });
  });
  const said = words === "" ? [] : [event({ content: words })];
  const raw = [...said, ...wanted, event({}, finish), usageEvent(tokens), "data: [DONE]\n\n"];
  return { raw, contentType: "text/event-stream" };
}

/** The last answer. */
export const answering = (words: string, tokens = 10): ReplyScript =>
  asking([], { words, tokens, finish: "stop" });

/** A tool that notes each call and answers when it is let go, or at once. */
export function watchedTool(name: string, options: Partial<ServerTool> = {}) {
  const inputs: ToolInput[] = [];
  const aborted: string[] = [];
  let waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  let held: PromiseWithResolvers<void> | null = null;
  const tool: ServerTool = {
    name,
    source: "test",
    description: "For tests",
    parameters: { type: "object" },
    isRepeatable: true,
    effect: "reads",
    asks: false,
    isTrusted: true,
    async run(input, signal) {
      inputs.push(input);
      signal.addEventListener("abort", () => aborted.push(input.key));
      for (const { count, resolve } of waiting) if (inputs.length >= count) resolve();
      waiting = waiting.filter(({ count }) => inputs.length < count);
      await held?.promise;
      return `${name} says ${JSON.stringify(input.arguments)}`;
    },
    ...options,
  };
  return {
    tool,
    inputs,
    aborted,
    /** Holds every call until the function that it gives is called. */
    hold(): () => void {
      held = Promise.withResolvers<void>();
      const { resolve } = held;
      return () => {
        held = null;
        resolve();
      };
    },
    /** Resolves once it was called so often. */
    async called(count: number): Promise<void> {
      if (inputs.length < count)
        await new Promise<void>((resolve) => waiting.push({ count, resolve }));
    },
    forget(): void {
      inputs.length = 0;
      aborted.length = 0;
    },
  };
}
