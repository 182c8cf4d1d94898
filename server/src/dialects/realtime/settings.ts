import type { ModelSettings, ToolChoice } from "../../core/turns/turn.ts";
import type { SoundFormat } from "../../domain/audio/sound-out.ts";
import { notHere } from "../openai/errors.ts";
import { type Fields, invalid, type JsonFields, wrongType } from "../openai/fields.ts";
import { type Tools, toolChoiceIn, toolsIn } from "./tools.ts";

/** `audio/pcm` is 16-bit at 24 kHz; the others are the two laws of telephony at 8 kHz. */
export type WireFormat = "audio/pcm" | "audio/pcmu" | "audio/pcma";

/** How the end of a spoken turn is found, and what follows from speech. */
export type TurnDetection = {
  readonly createsResponse: boolean;
  readonly interruptsResponse: boolean;
} & (
  | {
      readonly type: "server_vad";
      readonly threshold: number;
      readonly prefixPaddingMs: number;
      readonly silenceDurationMs: number;
      /** After how long a silence that follows a response the model is asked again; null: never. */
      readonly idleTimeoutMs: number | null;
    }
  | { readonly type: "semantic_vad"; readonly eagerness: "low" | "medium" | "high" | "auto" }
);

export type Modality = "audio" | "text";

/** What an answer is made by; a `response.create` may override it for one response. */
export type AnswerSettings = {
  readonly instructions: string;
  readonly modality: Modality;
  readonly tools: Tools;
  readonly toolChoice: ToolChoice;
  /** Null: any number, which is `inf` on the wire. */
  readonly maxOutputTokens: number | null;
  readonly outputFormat: WireFormat;
  readonly voice: string;
};

/** All of a session that its client may change. */
export type SessionSettings = AnswerSettings & {
  readonly inputFormat: WireFormat;
  /** As it came; null: the client is told no transcripts. */
  readonly transcription: JsonFields | null;
  readonly turnDetection: TurnDetection | null;
  readonly speed: number;
};

const SERVER_VAD = {
  type: "server_vad",
  threshold: 0.5,
  prefixPaddingMs: 300,
  silenceDurationMs: 500,
  idleTimeoutMs: null,
  createsResponse: true,
  interruptsResponse: true,
} as const satisfies TurnDetection;

const SEMANTIC_VAD = {
  type: "semantic_vad",
  eagerness: "auto",
  createsResponse: true,
  interruptsResponse: true,
} as const satisfies TurnDetection;

export const DEFAULT_SETTINGS: SessionSettings = {
  instructions: "",
  modality: "audio",
  tools: { offers: [], asSent: [] },
  toolChoice: "auto",
  maxOutputTokens: null,
  inputFormat: "audio/pcm",
  transcription: null,
  turnDetection: SERVER_VAD,
  outputFormat: "audio/pcm",
  voice: "alloy",
  speed: 1,
};

const FORMATS = ["audio/pcm", "audio/pcmu", "audio/pcma"] as const;
const PCM_HZ = 24_000;
const MAX_INSTRUCTIONS_CHARACTERS = 100_000;
const MAX_VOICE_CHARACTERS = 100;
const MAX_TOKENS = 1_000_000;
const MAX_WAIT_MS = 60_000;
const MIN_IDLE_MS = 100;
const MAX_IDLE_MS = 300_000;

/** The bytes of a format. */
export const soundFormatOf = (format: WireFormat): SoundFormat => {
  if (format === "audio/pcm") return { sampleRateHz: PCM_HZ, encoding: "s16" };
  return { sampleRateHz: 8000, encoding: format === "audio/pcmu" ? "mulaw" : "alaw" };
};

export const formatBody = (type: WireFormat) =>
  type === "audio/pcm" ? { type, rate: PCM_HZ } : { type };

/** The settings with what a `session` names; nested objects are changed field by field. @throws OpenAiError */
export function withSession(before: SessionSettings, session: Fields): SessionSettings {
  const type = session.string("type");
  if (type === "transcription")
    throw notHere(
      session.at("type"),
      "Sessions that only transcribe are not served here. Use type 'realtime' with turn_detection.create_response false",
    );
  if (type !== undefined && type !== "realtime")
    throw invalid(session.at("type"), "Invalid value: the type of a session is 'realtime'.");
  session.string("model");
  const audio = session.object("audio");
  const input = audio?.object("input");
  return {
    ...withAnswer(before, session),
    inputFormat: formatIn(input) ?? before.inputFormat,
    transcription: transcriptionIn(input, before.transcription),
    turnDetection: detectionIn(input, before.turnDetection),
    speed: audio?.object("output")?.number("speed", { min: 0.25, max: 1.5 }) ?? before.speed,
  };
}

/** Of the settings what a `session` and a `response` both may name. @throws OpenAiError */
export function withAnswer<Settings extends AnswerSettings>(
  before: Settings,
  fields: Fields,
): Settings {
  const output = fields.object("audio")?.object("output");
  const tools = toolsIn(fields) ?? before.tools;
  return {
    ...before,
    instructions:
      fields.string("instructions", { max: MAX_INSTRUCTIONS_CHARACTERS }) ?? before.instructions,
    modality: modalityIn(fields) ?? before.modality,
    tools,
    toolChoice: toolChoiceIn(fields) ?? before.toolChoice,
    maxOutputTokens: maxTokensIn(fields, before.maxOutputTokens),
    outputFormat: formatIn(output) ?? before.outputFormat,
    voice: voiceIn(output) ?? before.voice,
  };
}

export const modelSettingsOf = ({
  tools,
  toolChoice,
  maxOutputTokens,
}: AnswerSettings): ModelSettings => ({
  ...(tools.offers.length > 0 && { tools: tools.offers, toolChoice }),
  ...(maxOutputTokens !== null && { maxTokens: maxOutputTokens }),
});

function modalityIn(fields: Fields): Modality | undefined {
  const list = fields.list("output_modalities");
  if (list === undefined) return undefined;
  const [only, ...more] = list.map(({ value }) => value);
  if ((only === "audio" || only === "text") && more.length === 0) return only;
  throw invalid(
    fields.at("output_modalities"),
    'Invalid value: the modalities are ["audio"] (with its transcript) or ["text"].',
  );
}

function maxTokensIn(fields: Fields, before: number | null): number | null {
  const found = fields.any("max_output_tokens");
  if (found === undefined) return before;
  if (found === "inf") return null;
  if (typeof found !== "number")
    throw wrongType(fields.at("max_output_tokens"), "an integer or 'inf'", found);
  return fields.integer("max_output_tokens", { min: 1, max: MAX_TOKENS }) ?? before;
}

function formatIn(fields: Fields | undefined): WireFormat | undefined {
  const format = fields?.object("format");
  const type = format?.oneOf("type", FORMATS);
  const rate = format?.integer("rate");
  if (format && type === "audio/pcm" && rate !== undefined && rate !== PCM_HZ)
    throw invalid(format.at("rate"), `Invalid value: ${rate}. The rate of audio/pcm is ${PCM_HZ}.`);
  return type;
}

function voiceIn(output: Fields | undefined): string | undefined {
  const voice = output?.any("voice");
  if (typeof voice === "object" && output) return output.object("voice")?.string("id");
  return output?.string("voice", { min: 1, max: MAX_VOICE_CHARACTERS });
}

function transcriptionIn(input: Fields | undefined, before: JsonFields | null): JsonFields | null {
  if (!input) return before;
  if (input.isNull("transcription")) return null;
  const found = input.object("transcription");
  if (!found) return before;
  for (const name of ["model", "language", "prompt"]) found.string(name);
  return { ...before, ...found.whole };
}

function detectionIn(
  input: Fields | undefined,
  before: TurnDetection | null,
): TurnDetection | null {
  if (!input) return before;
  if (input.isNull("turn_detection")) return null;
  const found = input.object("turn_detection");
  if (!found) return before;
  const type = found.oneOf("type", ["server_vad", "semantic_vad"]) ?? before?.type ?? "server_vad";
  const common = (of: TurnDetection) => ({
    createsResponse: found.boolean("create_response") ?? of.createsResponse,
    interruptsResponse: found.boolean("interrupt_response") ?? of.interruptsResponse,
  });
  if (type === "semantic_vad") {
    const of = before?.type === type ? before : SEMANTIC_VAD;
    const eagerness = found.oneOf("eagerness", ["low", "medium", "high", "auto"]) ?? of.eagerness;
    return { type, eagerness, ...common(of) };
  }
  const of = before?.type === type ? before : SERVER_VAD;
  const wait = { min: 0, max: MAX_WAIT_MS };
  const idleTimeoutMs = found.isNull("idle_timeout_ms")
    ? null
    : (found.integer("idle_timeout_ms", { min: MIN_IDLE_MS, max: MAX_IDLE_MS }) ??
      of.idleTimeoutMs);
  return {
    type,
    threshold: found.number("threshold", { min: 0, max: 1 }) ?? of.threshold,
    prefixPaddingMs: found.integer("prefix_padding_ms", wait) ?? of.prefixPaddingMs,
    silenceDurationMs: found.integer("silence_duration_ms", wait) ?? of.silenceDurationMs,
    idleTimeoutMs,
    ...common(of),
  };
}

/** A session as the client is told of it. */
export function sessionBody(
  settings: SessionSettings,
  session: { readonly id: string; readonly model: string; readonly expiresAt: Date },
): object {
  const { transcription, turnDetection, speed } = settings;
  return {
    type: "realtime",
    object: "realtime.session",
    id: session.id,
    model: session.model,
    output_modalities: [settings.modality],
    instructions: settings.instructions,
    tools: settings.tools.asSent,
    tool_choice: choiceBody(settings.toolChoice),
    max_output_tokens: settings.maxOutputTokens ?? "inf",
    tracing: null,
    truncation: "auto",
    prompt: null,
    expires_at: Math.floor(session.expiresAt.getTime() / 1000),
    audio: {
      input: {
        format: formatBody(settings.inputFormat),
        transcription,
        noise_reduction: null,
        turn_detection: turnDetection && detectionBody(turnDetection),
      },
      output: { format: formatBody(settings.outputFormat), voice: settings.voice, speed },
    },
    include: null,
  };
}

const choiceBody = (choice: ToolChoice): unknown =>
  typeof choice === "object" && "name" in choice ? { type: "function", name: choice.name } : choice;

function detectionBody(detection: TurnDetection): object {
  const common = {
    create_response: detection.createsResponse,
    interrupt_response: detection.interruptsResponse,
  };
  if (detection.type === "semantic_vad")
    return { type: detection.type, eagerness: detection.eagerness, ...common };
  return {
    type: detection.type,
    threshold: detection.threshold,
    prefix_padding_ms: detection.prefixPaddingMs,
    silence_duration_ms: detection.silenceDurationMs,
    idle_timeout_ms: detection.idleTimeoutMs,
    ...common,
  };
}
