import type { AskedEvent, AskedOutcome, Finish } from "../../core/turns/turn.ts";
import type { JsonObject } from "../../domain/json.ts";

/** What a model says, piece by piece. */
export type Said = Exclude<AskedEvent, { readonly type: "ended" }>;

/** A call of a tool, as it is told. */
type Call = {
  readonly id: string;
  readonly name: string;
  readonly isCustom: boolean;
  given: string;
};

/** One of the answers, while it comes. */
type Choice = {
  content: string;
  refusal: string;
  reasoning: string;
  readonly calls: Call[];
  readonly logprobs: { readonly content: JsonObject[]; readonly refusal: JsonObject[] };
};

/** Takes the answers as they come, and gives what a whole answer says of them. */
export type Answers = {
  add(event: Said): void;
  /** All that was said, for an estimate. */
  text(): string;
  /** The `choices` of the answer. @param hasLogprobs whether they were asked for */
  choices(outcome: AskedOutcome, hasLogprobs: boolean): readonly object[];
};

/** @param count how many answers were asked for */
export function collectAnswers(count: number): Answers {
  const choices = Array.from(
    { length: count },
    (): Choice => ({
      content: "",
      refusal: "",
      reasoning: "",
      calls: [],
      logprobs: { content: [], refusal: [] },
    }),
  );
  return {
    add(event) {
      const choice = choices[event.choice ?? 0];
      if (!choice) return;
      const call = choice.calls.at(-1);
      switch (event.type) {
        case "text":
          choice.content += event.text;
          choice.logprobs.content.push(...(event.logprobs ?? []));
          break;
        case "refusal":
          choice.refusal += event.text;
          choice.logprobs.refusal.push(...(event.logprobs ?? []));
          break;
        case "reasoning":
          choice.reasoning += event.text;
          break;
        case "arguments":
          if (call) call.given += event.text;
          break;
        case "tool_call": {
          const { callId: id, name, isCustom = false, text: given } = event;
          choice.calls.push({ id, name, isCustom, given });
        }
      }
    },
    text: () =>
      choices
        .map(({ content, refusal, reasoning, calls }) =>
          [reasoning, content, refusal, ...calls.map(({ name, given }) => name + given)].join(""),
        )
        .join(""),
    choices: ({ finishes }, hasLogprobs) =>
      choices.map((choice, index) => ({
        index,
        message: messageOf(choice),
        logprobs: hasLogprobs ? logprobsOf(choice) : null,
        finish_reason: finishReason(finishes[index], choice.calls.length > 0),
      })),
  };
}

function messageOf({ content, refusal, reasoning, calls }: Choice) {
  const hasNoWords = content === "" && (calls.length > 0 || refusal !== "");
  return {
    role: "assistant",
    content: hasNoWords ? null : content,
    refusal: refusal === "" ? null : refusal,
    annotations: [],
    ...(calls.length > 0 && { tool_calls: calls.map(callBody) }),
    ...(reasoning !== "" && { reasoning_content: reasoning }),
  };
}

/** A call of a tool as an answer tells it. */
export const callBody = ({ id, name, isCustom, given }: Call) =>
  isCustom
    ? { id, type: "custom", custom: { name, input: given } }
    : { id, type: "function", function: { name, arguments: given } };

const logprobsOf = ({ logprobs: { content, refusal } }: Choice) => ({
  content,
  refusal: refusal.length > 0 ? refusal : null,
});

/** OpenAI's word for how an answer ended. Some providers say `stop` where they ask for tools. */
export function finishReason(finish: Finish | undefined, hasCalls: boolean): string {
  const reason = finish?.reason ?? "stop";
  if (reason === "length") return "length";
  if (reason === "filter") return "content_filter";
  return hasCalls ? "tool_calls" : "stop";
}
