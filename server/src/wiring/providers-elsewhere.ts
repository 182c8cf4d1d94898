import { flavourAt } from "../adapters/models/openai-compatible/flavours.ts";
import {
  cerebras,
  discoverOllama,
  openRouter,
} from "../adapters/models/openai-compatible/presets.ts";
import {
  type OpenAiCompatibleProvider,
  openAiCompatible,
} from "../adapters/models/openai-compatible/provider.ts";
import type { Config } from "../config/config.ts";

const OPENAI_BASE_URL = "https://api.openai.com/v1";

/** The providers of other servers that the settings name, in the order of preference, and a running Ollama last. */
export async function providersElsewhere(config: Config): Promise<OpenAiCompatibleProvider[]> {
  const { openrouterApiKey, cerebrasApiKey, openaiApiKey } = config.secrets;
  const idleTimeoutMs = config.modelIdleTimeoutMs;
  const attribution = {
    url: config.publicOrigin ?? "https://github.com/colloquy",
    title: "Colloquy",
  };
  const found: OpenAiCompatibleProvider[] = [];
  if (openrouterApiKey)
    found.push(openRouter({ apiKey: openrouterApiKey, attribution, idleTimeoutMs }));
  if (cerebrasApiKey) found.push(cerebras({ apiKey: cerebrasApiKey, idleTimeoutMs }));
  if (config.openaiBaseUrl || openaiApiKey) {
    const baseUrl = config.openaiBaseUrl ?? OPENAI_BASE_URL;
    found.push(
      openAiCompatible({
        name: "openai",
        baseUrl,
        flavour: flavourAt(baseUrl),
        keySetting: "OPENAI_API_KEY",
        idleTimeoutMs,
        ...(openaiApiKey ? { apiKey: openaiApiKey } : {}),
      }),
    );
  }
  const ollama = await discoverOllama({ baseUrl: config.ollamaBaseUrl });
  if (ollama) found.push(ollama);
  return found;
}
