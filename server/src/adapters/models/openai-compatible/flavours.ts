/** The older name is the one that every server knows; OpenAI's newer models take the newer one alone. */
export type LimitField = "max_tokens" | "max_completion_tokens";

/** The properties in which a provider differs from the others. */
export type Flavour = {
  /** How the usage of a streamed reply is asked for. */
  readonly askUsage: "stream_options" | "usage_include";
  /** Whether it falls back on other models by itself (`models: [...]`). */
  readonly fallbacks: boolean;
  /** The limit of an answer where the caller names none; null leaves it out. */
  readonly maxCompletionTokens: number | null;
  readonly limitField: LimitField;
  /** Whether its models may write `<think>…</think>` at the start of the content. */
  readonly thinkTags: boolean;
  /** Whether it wants to know which application asks (`HTTP-Referer`, `X-Title`). */
  readonly attribution: boolean;
  /** Whether the provider accepts the role `developer`; otherwise it gets `system`. */
  readonly developerRole: boolean;
  /** Whether it takes the keys that its kept prompts are found by. */
  readonly promptCacheKeys: boolean;
};

export type FlavourName = "openrouter" | "cerebras" | "openai" | "generic";

const UNLIKE_OPENAI = { developerRole: false, promptCacheKeys: false } as const;

export const FLAVOURS: Readonly<Record<FlavourName, Flavour>> = {
  /** https://openrouter.ai/docs/api-reference/overview */
  openrouter: {
    askUsage: "usage_include",
    fallbacks: true,
    maxCompletionTokens: null,
    limitField: "max_tokens",
    thinkTags: false,
    attribution: true,
    ...UNLIKE_OPENAI,
  },
  /**
   * https://inference-docs.cerebras.ai/support/rate-limits: a request without a maximum is counted
   * against the token limit as if it filled the whole context.
   */
  cerebras: {
    askUsage: "stream_options",
    fallbacks: false,
    maxCompletionTokens: 8192,
    limitField: "max_completion_tokens",
    thinkTags: true,
    attribution: false,
    ...UNLIKE_OPENAI,
  },
  /** OpenAI itself. */
  openai: {
    askUsage: "stream_options",
    fallbacks: false,
    maxCompletionTokens: null,
    limitField: "max_tokens",
    thinkTags: false,
    attribution: false,
    developerRole: true,
    promptCacheKeys: true,
  },
  /** Ollama, vLLM, llama.cpp, LM Studio, … */
  generic: {
    askUsage: "stream_options",
    fallbacks: false,
    maxCompletionTokens: null,
    limitField: "max_tokens",
    thinkTags: true,
    attribution: false,
    ...UNLIKE_OPENAI,
  },
};

/** The flavour of a server at that address. */
export const flavourAt = (baseUrl: string): FlavourName =>
  /(?:^|\.)openai\.(?:com|azure\.com)$/u.test(new URL(baseUrl).hostname) ? "openai" : "generic";
