/** One OpenAI-compatible server, as the operator configured it. */
export type AudioServer = {
  /** With its version path: `https://api.openai.com/v1`. */
  readonly baseUrl: string;
  readonly model: string;
  readonly apiKey: string | null;
};

/** How long what may take. All have defaults for a conversation, where late is as bad as never. */
export type AudioTimeouts = {
  readonly connectTimeoutMs: number;
  /** From the request to the beginning of the answer, each time it is tried. */
  readonly answerTimeoutMs: number;
  /** Between two pieces of the answer. */
  readonly idleTimeoutMs: number;
  /** The number of retries of a request, as long as no part of its response was used. */
  readonly retries: number;
};

export const DEFAULT_TIMEOUTS: AudioTimeouts = {
  connectTimeoutMs: 3_000,
  answerTimeoutMs: 8_000,
  idleTimeoutMs: 5_000,
  retries: 2,
};

/** How an engine is called in messages, and what its settings begin with. */
export type EngineWords = {
  readonly title: string;
  readonly sense: "hearing" | "speaking";
  readonly settings: "STT" | "TTS";
};

export const RECOGNISER: EngineWords = {
  title: "speech recogniser",
  sense: "hearing",
  settings: "STT",
};
export const SPEAKER: EngineWords = {
  title: "speech synthesizer",
  sense: "speaking",
  settings: "TTS",
};
