import { randomUUID } from "node:crypto";
import type {
  ModelRequest,
  PromptImage,
  ResponseFormat,
  ToolChoice,
  ToolOffer,
} from "../../../ports/model.ts";
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

/** Of a body with images the length is known, and the body is made while it is sent. */
export type RequestBody =
  | string
  | { readonly bytes: number; readonly pieces: () => AsyncIterable<Uint8Array> };

/** The JSON body of `POST /chat/completions`. Unpaired surrogates become U+FFFD on the way. */
export function requestBody(request: ModelRequest, options: BodyOptions): RequestBody {
  const images = request.messages.flatMap((message) => message.images ?? []);
  // What stands for an image until it is sent: nothing that anybody could have written.
  const mark = randomUUID();
  const text = bodyText(request, options, mark);
  return images.length === 0 ? text : withImages(text.split(mark), images);
}

function withImages(texts: readonly string[], images: readonly PromptImage[]): RequestBody {
  const ofTexts = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  return {
    bytes: images.reduce((sum, { bytes }) => sum + 4 * Math.ceil(bytes / 3), ofTexts),
    async *pieces() {
      for (const [place, text] of texts.entries()) {
        yield Buffer.from(text);
        const image = images[place];
        if (image) yield* inBase64(image.open());
      }
    },
  };
}

/** Three bytes are four characters, wherever the pieces end. */
async function* inBase64(content: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let left: Buffer = Buffer.alloc(0);
  for await (const piece of content) {
    const held = Buffer.concat([left, piece]);
    const whole = held.length - (held.length % 3);
    left = held.subarray(whole);
    if (whole > 0) yield Buffer.from(held.subarray(0, whole).toString("base64"));
  }
  if (left.length > 0) yield Buffer.from(left.toString("base64"));
}

function bodyText(request: ModelRequest, options: BodyOptions, mark: string): string {
  const { flavour, maxCompletionTokens } = options;
  const { settings } = request;
  return JSON.stringify({
    model: request.model,
    messages: request.messages.flatMap((message) => wireMessages(message, mark)),
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
