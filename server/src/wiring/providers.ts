import { echoProvider } from "../adapters/models/echo/provider.ts";
import type { Config } from "../config/config.ts";
import { isMeantBy, isPattern, type ModelPatterns } from "../domain/model-patterns.ts";
import type { ModelProvider } from "../ports/model.ts";
import { isListening } from "./listening.ts";

export type Providers = {
  /** In the order of preference; the built-in one alone when there is no other. */
  readonly providers: readonly [ModelProvider, ...ModelProvider[]];
  readonly defaultModel: string;
  close(): Promise<void>;
};

const FIRST_CHOICE: Record<string, string> = {
  openrouter: "openrouter/auto",
  cerebras: "llama-3.3-70b",
  builtin: "builtin/echo",
};
const LIST_PATIENCE_MS = 3000;
const OLLAMA_CONNECT_MS = 300;

/** The model providers that the settings name, and a running Ollama. */
export async function chooseProviders(config: Config): Promise<Providers> {
  const found = (await isAnyElsewhere(config))
    ? await (await import("./providers-elsewhere.ts")).providersElsewhere(config)
    : [];
  const builtIn = echoProvider();
  const [first, ...others] = found;
  return {
    providers: first ? [first, ...others, builtIn] : [builtIn],
    defaultModel:
      config.model ?? (await firstChoiceOf([first ?? builtIn, ...others], config.models)),
    async close() {
      await Promise.all(found.map((provider) => provider[Symbol.asyncDispose]()));
    },
  };
}

/** Whether there may be a provider besides the built-in one: what speaks to others is only loaded then. */
async function isAnyElsewhere({ secrets, openaiBaseUrl, ollamaBaseUrl }: Config): Promise<boolean> {
  const { openrouterApiKey, cerebrasApiKey, openaiApiKey } = secrets;
  return (
    [openrouterApiKey, cerebrasApiKey, openaiApiKey, openaiBaseUrl].some(Boolean) ||
    isListening(ollamaBaseUrl, OLLAMA_CONNECT_MS)
  );
}

/**
 * The model that answers when nobody names one: the first provider's, or where MODELS leaves that out, the
 * first that it means.
 * @param allowed MODELS; null: any
 */
async function firstChoiceOf(
  providers: readonly [ModelProvider, ...ModelProvider[]],
  allowed: ModelPatterns | null,
): Promise<string> {
  const [first] = providers;
  for (const provider of allowed && first.name !== "builtin" ? providers : [first]) {
    const mayBe = (model: string) =>
      allowed === null || isMeantBy([model, `${provider.name}/${model}`], allowed);
    const preferred = FIRST_CHOICE[provider.name];
    if (preferred && (provider.name === "builtin" || mayBe(preferred))) return preferred;
    const offered = await provider.models(AbortSignal.timeout(LIST_PATIENCE_MS)).catch(() => []);
    const listed = offered.find(({ id }) => mayBe(id))?.id;
    if (listed) return provider === first ? listed : `${provider.name}/${listed}`;
  }
  return allowed?.find((model) => !isPattern(model)) ?? FIRST_CHOICE[first.name] ?? "default";
}
