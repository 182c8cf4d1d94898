import {
  type OpenAiCompatibleOptions,
  type OpenAiCompatibleProvider,
  openAiCompatible,
} from "./provider.ts";

/** The settings that a preset does not determine. */
export type PresetOptions = Partial<Omit<OpenAiCompatibleOptions, "flavour">> & {
  readonly apiKey: string;
};

/** https://openrouter.ai */
export const openRouter = (options: PresetOptions): OpenAiCompatibleProvider =>
  openAiCompatible({
    name: "openrouter",
    baseUrl: "https://openrouter.ai/api/v1",
    keySetting: "OPENROUTER_API_KEY",
    ...options,
    flavour: "openrouter",
  });

/** https://inference-docs.cerebras.ai */
export const cerebras = (options: PresetOptions): OpenAiCompatibleProvider =>
  openAiCompatible({
    name: "cerebras",
    baseUrl: "https://api.cerebras.ai/v1",
    keySetting: "CEREBRAS_API_KEY",
    ...options,
    flavour: "cerebras",
  });

export type OllamaSearch = {
  /** Without `/v1`. Default `http://127.0.0.1:11434`. */
  readonly baseUrl?: string;
  /** How long to wait for an answer. Default 300 ms. */
  readonly timeoutMs?: number;
};

/** The Ollama that runs on this machine, or null if none answers in time. Never throws. */
export async function discoverOllama({
  baseUrl = "http://127.0.0.1:11434",
  timeoutMs = 300,
}: OllamaSearch = {}): Promise<OpenAiCompatibleProvider | null> {
  const provider = openAiCompatible({
    name: "ollama",
    baseUrl: `${baseUrl.replace(/\/+$/u, "")}/v1`,
  });
  try {
    await provider.models(AbortSignal.timeout(timeoutMs));
    return provider;
  } catch {
    await provider[Symbol.asyncDispose]();
    return null;
  }
}
