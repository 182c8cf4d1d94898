import { randomUUID } from "node:crypto";
import type {
  ModelRequest,
  ModelSettings,
  NamedTool,
  ResponseFormat,
  ToolChoice,
  ToolOffer,
} from "../../../ports/model.ts";
import type { Flavour, LimitField } from "./flavours.ts";
import { type SetAside, wireMessages } from "./prompt-messages.ts";

export type BodyOptions = {
  readonly flavour: Flavour;
  readonly maxCompletionTokens: number | null;
  /** The provider's name for the maximum length of an answer. */
  readonly limitField: LimitField;
  /** Some servers refuse `stream_options`. */
  readonly streamOptions: boolean;
};

/** A body with images or long texts has a known length and is generated while it is sent. */
export type RequestBody =
  | string
  | { readonly bytes: number; readonly pieces: () => AsyncIterable<Uint8Array> };

/** A text that is inserted into the body while it is sent. */
type Aside = { readonly bytes: number; readonly pieces: () => AsyncIterable<Uint8Array> };

/** Texts of at least this length are copied while they are sent, so that nobody waits for the whole copy. */
const LONG_CHARACTERS = 64 * 1024;
const PIECE_CHARACTERS = 256 * 1024;
/** The characters that need no escape in a JSON string and take one byte each. */
const PLAIN = /^[\x20-\x21\x23-\x5b\x5d-\x7e]*$/u;

/** The JSON body of `POST /chat/completions`. Unpaired surrogates become U+FFFD on the way. */
export function requestBody(request: ModelRequest, options: BodyOptions): RequestBody {
  // The placeholder for the text until it is sent. Nobody could have written it.
  const mark = randomUUID();
  const asides: Aside[] = [];
  const add = (aside: Aside): string => {
    asides.push(aside);
    return mark;
  };
  const aside: SetAside = {
    image: (image) =>
      add({ bytes: 4 * Math.ceil(image.bytes / 3), pieces: () => inBase64(image.open()) }),
    text: (text) =>
      text.length < LONG_CHARACTERS || !PLAIN.test(text)
        ? text
        : add({ bytes: text.length, pieces: () => inPieces(text) }),
  };
  const text = bodyText(request, options, aside);
  return asides.length === 0 ? text : withAsides(text.split(mark), asides);
}

function withAsides(texts: readonly string[], asides: readonly Aside[]): RequestBody {
  const ofTexts = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  return {
    bytes: asides.reduce((sum, { bytes }) => sum + bytes, ofTexts),
    async *pieces() {
      for (const [place, text] of texts.entries()) {
        yield Buffer.from(text);
        const aside = asides[place];
        if (aside) yield* aside.pieces();
      }
    },
  };
}

async function* inPieces(text: string): AsyncGenerator<Buffer> {
  for (let at = 0; at < text.length; at += PIECE_CHARACTERS)
    yield Buffer.from(text.slice(at, at + PIECE_CHARACTERS), "latin1");
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

function bodyText(request: ModelRequest, options: BodyOptions, aside: SetAside): string {
  const { flavour, maxCompletionTokens } = options;
  const { settings } = request;
  const { developerRole } = flavour;
  const form = { aside, developerRole };
  return JSON.stringify({
    ...settings.extras,
    model: request.model,
    messages: request.messages.flatMap((message) => wireMessages(message, form)),
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
    ...wireSettings(settings),
    ...(flavour.promptCacheKeys && {
      prompt_cache_key: settings.promptCacheKey,
      prompt_cache_retention: settings.promptCacheRetention,
    }),
  });
}

const wireSettings = (settings: ModelSettings) => ({
  tools: settings.tools?.length ? settings.tools.map(wireTool) : undefined,
  tool_choice: settings.toolChoice && wireToolChoice(settings.toolChoice),
  parallel_tool_calls: settings.parallelToolCalls,
  response_format: settings.responseFormat && wireFormat(settings.responseFormat),
  reasoning_effort: settings.reasoningEffort,
  verbosity: settings.verbosity,
  top_p: settings.topP,
  seed: settings.seed,
  presence_penalty: settings.presencePenalty,
  frequency_penalty: settings.frequencyPenalty,
  stop: settings.stop?.length ? settings.stop : undefined,
  n: settings.choices,
  logprobs: settings.logprobs,
  top_logprobs: settings.topLogprobs,
  logit_bias: settings.logitBias,
  prediction: settings.prediction,
});

const wireTool = ({ name, description, parameters, strict, custom }: ToolOffer) =>
  custom
    ? {
        type: "custom",
        custom: { name, description: description ?? undefined, format: custom.format ?? undefined },
      }
    : {
        type: "function",
        function: {
          name,
          description: description ?? undefined,
          parameters: parameters ?? undefined,
          strict: strict ?? undefined,
        },
      };

function wireToolChoice(choice: ToolChoice) {
  if (typeof choice === "string") return choice;
  if ("name" in choice) return wireNamed(choice);
  const allowed_tools = { mode: choice.mode, tools: choice.allowed.map(wireNamed) };
  return { type: "allowed_tools", allowed_tools };
}

const wireNamed = ({ name, isCustom }: NamedTool) =>
  isCustom ? { type: "custom", custom: { name } } : { type: "function", function: { name } };

const wireFormat = (format: ResponseFormat) =>
  format.type === "json_schema"
    ? { type: format.type, json_schema: format.schema }
    : { type: format.type };
