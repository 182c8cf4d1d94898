import type { ModelRequest, ResponseFormat, ToolChoice, ToolOffer } from "../../../ports/model.ts";
import type { Flavour, LimitField } from "./flavours.ts";
import { wireMessages } from "./prompt-messages.ts";

export type BodyOptions = {
  readonly flavour: Flavour;
  readonly maxCompletionTokens: number | null;
  /** What the provider calls the limit of an answer. */
  readonly limitField: LimitField;
  /** Some servers refuse `stream_options`. */
  readonly streamOptions: boolean;
};

/** The JSON body of `POST /chat/completions`. Unpaired surrogates become U+FFFD on the way. */
export function requestBody(request: ModelRequest, options: BodyOptions): string {
  const { flavour, maxCompletionTokens } = options;
  const { settings } = request;
  return JSON.stringify({
    model: request.model,
    messages: request.messages.flatMap(wireMessages),
    stream: true,
    stream_options:
      options.streamOptions && flavour.askUsage === "stream_options"
        ? { include_usage: true }
        : undefined,
    usage: flavour.askUsage === "usage_include" ? { include: true } : undefined,
    models: flavour.fallbacks && request.fallbacks.length > 0 ? request.fallbacks : undefined,
    temperature: request.temperature ?? undefined,
    [options.limitField]:
      request.maxTokens ?? settings.maxTokens ?? maxCompletionTokens ?? undefined,
    tools: settings.tools?.length ? settings.tools.map(wireTool) : undefined,
    tool_choice: settings.toolChoice && wireToolChoice(settings.toolChoice),
    response_format: settings.responseFormat && wireFormat(settings.responseFormat),
    reasoning_effort: settings.reasoningEffort,
    top_p: settings.topP,
    seed: settings.seed,
    presence_penalty: settings.presencePenalty,
    frequency_penalty: settings.frequencyPenalty,
    stop: settings.stop?.length ? settings.stop : undefined,
  });
}

const wireTool = ({ name, description, parameters, strict }: ToolOffer) => ({
  type: "function",
  function: {
    name,
    description: description ?? undefined,
    parameters: parameters ?? undefined,
    strict: strict ?? undefined,
  },
});

const wireToolChoice = (choice: ToolChoice) =>
  typeof choice === "string" ? choice : { type: "function", function: { name: choice.name } };

const wireFormat = (format: ResponseFormat) =>
  format.type === "json_schema"
    ? { type: format.type, json_schema: format.schema }
    : { type: format.type };
