import { AppError } from "../domain/errors.ts";
import type { ModelInfo, ModelPart, ModelProvider, ModelRequest } from "../ports/model.ts";

/** A model as a client may name it. */
export type OfferedModel = ModelInfo & {
  readonly provider: string;
  readonly isDefault: boolean;
  /** False for a default model that is in no provider's list. */
  readonly isListed: boolean;
};

type Resolved = { readonly provider: ModelProvider; readonly model: string };

export type AskModel = Omit<ModelRequest, "model" | "fallbacks"> & {
  /** As the client named it; null: the default. */ readonly model: string | null;
};

export type Models = {
  /** The name that a stored reply carries until its provider says better. */
  nameOf(model: string | null): string;
  /** Tokens that the model takes in and gives out together, as far as is known. */
  contextTokensOf(model: string | null): number;
  /** Falls back on MODEL_FALLBACKS while nothing has been given. Rejections as in ports/model.ts. */
  reply(request: AskModel, signal: AbortSignal): AsyncIterable<ModelPart>;
  /** What all providers offer; a provider that cannot be reached is left out. */
  offered(signal: AbortSignal): Promise<OfferedModel[]>;
  /** Resolves when the provider of the default model answers. Rejections as in ports/model.ts. */
  check(signal: AbortSignal): Promise<void>;
};

const BUILT_IN = "builtin";
const DEFAULT_CONTEXT_TOKENS = 16_384;

/**
 * @param providers the first is where a name goes that no provider is known for
 * @param options.contextTokens MODEL_CONTEXT_TOKENS: overrides what providers say
 */
export function createModels(
  providers: readonly [ModelProvider, ...ModelProvider[]],
  options: {
    readonly defaultModel: string;
    readonly fallbacks: readonly string[];
    readonly contextTokens: number | null;
  },
): Models {
  const [main] = providers;
  const known = new Map<string, { provider: ModelProvider; info: ModelInfo }>();

  const resolve = (name: string | null): Resolved => {
    const wanted = name ?? options.defaultModel;
    const prefixed = providers.find((provider) => wanted.startsWith(`${provider.name}/`));
    if (main.name === BUILT_IN && (!prefixed || prefixed === main))
      return { provider: main, model: "echo" };
    if (prefixed && !known.has(wanted))
      return { provider: prefixed, model: wanted.slice(prefixed.name.length + 1) };
    return { provider: known.get(wanted)?.provider ?? main, model: wanted };
  };
  const learn = async (
    provider: ModelProvider,
    signal: AbortSignal,
  ): Promise<readonly ModelInfo[]> => {
    const infos = await provider.models(signal);
    for (const info of infos) if (!known.has(info.id)) known.set(info.id, { provider, info });
    return infos;
  };
  const nameOf = ({ provider, model }: Resolved) =>
    provider.name === BUILT_IN ? `${BUILT_IN}/${model}` : model;

  async function* reply(request: AskModel, signal: AbortSignal): AsyncIterable<ModelPart> {
    const candidates = [resolve(request.model), ...options.fallbacks.map(resolve)];
    for (const [index, { provider, model }] of candidates.entries()) {
      let isBegun = false;
      const fallbacks = candidates
        .slice(index + 1)
        .flatMap((other) => (other.provider === provider ? [other.model] : []));
      try {
        for await (const part of provider.reply({ ...request, model, fallbacks }, signal)) {
          isBegun = true;
          yield part.type === "finish" && provider.name === BUILT_IN
            ? { ...part, model: nameOf({ provider, model }) }
            : part;
        }
        return;
      } catch (error) {
        const isLast = index === candidates.length - 1;
        const isRefused = error instanceof AppError && error.code === "model_refused";
        if (isBegun || isLast || isRefused || signal.aborted) throw error;
      }
    }
  }

  return {
    nameOf: (model) => nameOf(resolve(model)),
    contextTokensOf: (model) =>
      options.contextTokens ??
      known.get(model ?? options.defaultModel)?.info.contextTokens ??
      DEFAULT_CONTEXT_TOKENS,
    reply,
    async check(signal) {
      await learn(resolve(null).provider, signal);
    },
    async offered(signal) {
      const lists = await Promise.allSettled(providers.map((provider) => learn(provider, signal)));
      const chosen = resolve(null);
      const defaultName = nameOf(chosen);
      const offered = lists.flatMap((list, index): OfferedModel[] => {
        const provider = providers[index]?.name ?? "";
        if (list.status === "rejected") return [];
        return list.value.map((info) => {
          const id = provider === BUILT_IN ? `${BUILT_IN}/${info.id}` : info.id;
          return { ...info, id, provider, isDefault: id === defaultName, isListed: true };
        });
      });
      if (offered.some(({ isDefault }) => isDefault)) return offered;
      const unlisted = {
        id: defaultName,
        name: defaultName,
        contextTokens: null,
        provider: chosen.provider.name,
        isDefault: true,
        isListed: false,
      };
      return [unlisted, ...offered];
    },
  };
}
