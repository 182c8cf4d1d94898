import type { Config } from "../../config/config.ts";
import { createModels, type OfferedModel } from "../../core/models.ts";
import { chooseProviders, type Providers } from "../../wiring/providers.ts";
import { counted } from "../wording.ts";
import { checkAllowedModels } from "./allowed-models.ts";
import { type Finding, failure, fine, warning, wordsOf } from "./finding.ts";

const CHECK = "model";
const PATIENCE_MS = 10_000;
const BUILT_IN = "builtin";
const MAX_SUGGESTIONS = 3;

/** Checks whether each provider answers and offers the configured models. */
export async function checkModels(config: Config): Promise<Finding[]> {
  const chosen = await chooseProviders(config);
  try {
    const connected = chosen.providers.filter(({ name }) => name !== BUILT_IN);
    if (connected.length === 0) return [notConnected(config)];
    const found: Finding[] = [];
    for (const [place, provider] of connected.entries())
      found.push(
        await provider.models(AbortSignal.timeout(PATIENCE_MS)).then(
          (models) =>
            models.length > 0
              ? fine(
                  CHECK,
                  `${provider.name} answers, and offers ${counted(models.length, "model")}`,
                )
              : warning(
                  CHECK,
                  `${provider.name} answers, and offers no model`,
                  provider.name === "ollama" ? "ollama pull llama3.2" : "load a model there",
                ),
          (error) =>
            (place === 0 ? failure : warning)(
              CHECK,
              wordsOf(error),
              `check the address and the key of ${provider.name}`,
            ),
        ),
      );
    return [...found, ...(await checkNames(config, chosen))];
  } finally {
    await chosen.close();
  }
}

function notConnected(config: Config): Finding {
  const says =
    config.model && !config.model.startsWith(`${BUILT_IN}/`)
      ? `MODEL=${config.model} is set, but no provider is connected: `
      : "no provider is connected: ";
  return warning(
    CHECK,
    `${says}the built-in model answers, which only repeats what it is told`,
    "set OPENROUTER_API_KEY, CEREBRAS_API_KEY or OPENAI_BASE_URL, or start Ollama",
  );
}

async function checkNames(config: Config, chosen: Providers): Promise<Finding[]> {
  const models = createModels(chosen.providers, {
    defaultModel: chosen.defaultModel,
    isDefaultChosen: true,
    allowed: null,
    fallbacks: config.modelFallbacks,
    contextTokens: null,
  });
  const named = await models.offered(AbortSignal.timeout(PATIENCE_MS), null);
  const offered = named.filter(({ isListed }) => isListed);
  const real = offered.filter(({ provider }) => provider !== BUILT_IN);
  const allowed = checkAllowedModels(config, chosen, offered);
  if (real.length === 0) return allowed;
  const check = (setting: string, asked: string | null): Finding => {
    const name = models.nameOf(asked);
    if (offered.some(({ id }) => id === name)) return fine(setting, `${name} is offered`);
    return warning(
      setting,
      `${name} is in no provider's list`,
      `set ${setting} to one that is${suggestionsFor(name, real)}`,
    );
  };
  return [
    ...allowed,
    check("MODEL", null),
    ...(config.titleModel === null ? [] : [check("TITLE_MODEL", config.titleModel)]),
    ...config.modelFallbacks.map((name) => check("MODEL_FALLBACKS", name)),
  ];
}

/** The names that are most similar to the wanted one. */
function suggestionsFor(name: string, offered: readonly OfferedModel[]): string {
  const wanted = wordsIn(name);
  const best = offered
    .map(({ id }) => ({ id, shared: wordsIn(id).filter((word) => wanted.includes(word)).length }))
    .toSorted((one, other) => other.shared - one.shared)
    .slice(0, MAX_SUGGESTIONS);
  return `, such as ${best.map(({ id }) => id).join(", ")}`;
}

const wordsIn = (text: string): string[] =>
  text
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter(Boolean);
