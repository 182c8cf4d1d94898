import { AppError, modelUnavailable } from "../domain/errors.ts";
import { isMeantBy, type ModelPatterns } from "../domain/model-patterns.ts";
import type { Sink, StopGiving } from "../domain/sink.ts";
import type {
  ModelInfo,
  ModelPart,
  ModelProvider,
  ModelRequest,
  ModelSettings,
} from "../ports/model.ts";
import {
  isListed,
  type NamedModel,
  namesOf,
  notOfTheServer,
  refusalOfKey,
} from "./access/allowed-models.ts";
import type { ModelProblems } from "./model-problems.ts";

/** A model as a client may name it. */
export type OfferedModel = ModelInfo & {
  readonly provider: string;
  readonly isDefault: boolean;
  /** False for a default model that is in no provider's list. */
  readonly isListed: boolean;
};

type Resolved = NamedModel;

export type AskModel = Omit<ModelRequest, "model" | "fallbacks"> & {
  /** As the client named it; null: the default. */ readonly model: string | null;
  /** The models that the key may use, which also bounds the fallbacks. Null: every model. */
  readonly allowed: ModelPatterns | null;
  /** Whether a model that refuses the tools of the settings is asked again without them. Absent: it is not. */
  readonly areToolsOptional?: boolean;
};

export type Models = {
  /** The name that a stored reply carries until its provider says better. */
  nameOf(model: string | null): string;
  /** Tokens that the model takes in and gives out together, as far as is known. */
  contextTokensOf(model: string | null): number;
  /** Falls back on MODEL_FALLBACKS while nothing has been given. Otherwise as in ports/model.ts. */
  reply(request: AskModel, sink: Sink<ModelPart>): StopGiving;
  /**
   * Null if that model may answer; else what to tell. Providers' lists are not looked at.
   * @param allowed the models that the key may use; null: every model
   * @param whose the word before "model" in that: `the`, `the agent's`, …
   */
  refusal(model: string | null, allowed: ModelPatterns | null, whose?: string): AppError | null;
  /**
   * Resolves if that model may answer: by the key's list, by MODELS, and where that is unset by what its
   * provider lists, as far as the list can be had. @throws AppError model_refused
   */
  admit(model: string | null, allowed: ModelPatterns | null, whose: string): Promise<void>;
  /** What all providers offer of what is allowed; a provider that cannot be reached is left out. */
  offered(signal: AbortSignal, allowed: ModelPatterns | null): Promise<OfferedModel[]>;
  /** Resolves when the provider of the default model answers. Rejections as in ports/model.ts. */
  check(signal: AbortSignal): Promise<void>;
};

const BUILT_IN = "builtin";
const DEFAULT_CONTEXT_TOKENS = 16_384;
const LIST_PATIENCE_MS = 2000;
/** How old a list may be that does not have a name. */
const MISSED_LIST_MS = 10_000;
/** So many requests to a model that refused optional tools are sent without them. */
const PLAIN_REQUESTS = 20;

/** Providers have many words for a model without tools; some say that there is no such model. */
const mayBeForTools = (error: unknown): boolean =>
  error instanceof AppError &&
  (error.code === "model_refused" || error.code === "model_unavailable");

const withoutTools = ({
  tools: _,
  toolChoice: __,
  parallelToolCalls: ___,
  ...settings
}: ModelSettings): ModelSettings => settings;

/**
 * @param providers the first is where a name goes that no provider is known for
 * @param options.contextTokens MODEL_CONTEXT_TOKENS: overrides what providers say
 */
export function createModels(
  providers: readonly [ModelProvider, ...ModelProvider[]],
  options: {
    readonly defaultModel: string;
    /** MODEL is set: somebody has chosen the default model. */
    readonly isDefaultChosen: boolean;
    /** MODELS; null: what the providers list. */
    readonly allowed: ModelPatterns | null;
    readonly fallbacks: readonly string[];
    readonly contextTokens: number | null;
    /** The fields of requests that are sent on although the server does not know them; absent: none. */
    readonly extraFields?: readonly string[];
    /** Told of what only the operator can mend. */
    readonly problems?: Pick<ModelProblems, "note" | "solved">;
  },
): Models {
  const [main] = providers;
  /** Models that answered only after tools were left out of the request, and how many more requests to each leave them out. */
  const plainRequests = new Map<string, number>();
  const known = new Map<string, { provider: ModelProvider; info: ModelInfo }>();

  const resolve = (name: string | null): Resolved => {
    const wanted = name ?? options.defaultModel;
    const prefixed = providers.find((provider) => wanted.startsWith(`${provider.name}/`));
    if (main.name === BUILT_IN && (!prefixed || prefixed === main))
      return { provider: main, model: "echo", asked: name };
    if (prefixed && !known.has(wanted))
      return { provider: prefixed, model: wanted.slice(prefixed.name.length + 1), asked: name };
    return { provider: known.get(wanted)?.provider ?? main, model: wanted, asked: name };
  };
  const learn = async (
    provider: ModelProvider,
    signal: AbortSignal,
    maxAgeMs?: number,
  ): Promise<readonly ModelInfo[]> => {
    const infos = await provider.models(signal, maxAgeMs).catch((error: unknown) => {
      options.problems?.note(provider.name, null, error);
      throw error;
    });
    options.problems?.solved(provider.name, null);
    for (const info of infos) if (!known.has(info.id)) known.set(info.id, { provider, info });
    return infos;
  };
  const nameOf = ({ provider, model }: Pick<Resolved, "provider" | "model">) =>
    provider.name === BUILT_IN ? `${BUILT_IN}/${model}` : model;

  /** Whether the operator has named the model, or has restricted nothing. */
  const isOfTheServer = (named: Resolved): boolean => {
    const { allowed } = options;
    if (allowed === null || main.name === BUILT_IN || isConfigured(named)) return true;
    return isMeantBy(namesOf(named), allowed);
  };
  const isConfigured = ({ provider, model }: Resolved): boolean =>
    [...(options.isDefaultChosen || !options.allowed ? [null] : []), ...options.fallbacks].some(
      (name) => {
        const configured = resolve(name);
        return configured.provider === provider && configured.model === model;
      },
    );
  const refusal: Models["refusal"] = (model, allowed, whose = "the") => {
    const named = resolve(model);
    if (!isOfTheServer(named)) return notOfTheServer(named.model, whose, options.allowed ?? []);
    return refusalOfKey(named, allowed, whose);
  };

  async function admit(
    model: string | null,
    allowed: ModelPatterns | null,
    whose: string,
  ): Promise<void> {
    const refused = refusal(model, allowed, whose);
    if (refused) throw refused;
    if (options.allowed || main.name === BUILT_IN || isConfigured(resolve(model))) return;
    const signal = AbortSignal.timeout(LIST_PATIENCE_MS);
    const isInList = async (maxAgeMs?: number): Promise<boolean> => {
      await Promise.allSettled(providers.map((provider) => learn(provider, signal, maxAgeMs)));
      const named = resolve(model);
      // Without a list, the provider itself decides about the name.
      const list = await named.provider.models(signal).catch(() => []);
      return list.length === 0 || isListed(list, named.model);
    };
    if ((await isInList()) || (await isInList(MISSED_LIST_MS))) return;
    const offered = (await models.offered(signal, allowed)).map(({ id }) => id);
    throw notOfTheServer(resolve(model).model, whose, offered);
  }

  function reply(request: AskModel, sink: Sink<ModelPart>): StopGiving {
    const { allowed, areToolsOptional = false, ...rest } = request;
    const asked = { ...rest, settings: withExtras(rest.settings) };
    const fallbackModels = options.fallbacks
      .map(resolve)
      .filter((fallback) => !refusalOfKey(fallback, allowed, "the"));
    const candidates = [resolve(request.model), ...fallbackModels];
    let isBegun = false;
    let isStopped = false;
    let stop: StopGiving = () => {};
    const ask = (candidate: Resolved, index: number, refusedTools = false): void => {
      const { provider, model } = candidate;
      const name = nameOf(candidate);
      const isPlain = areToolsOptional && (refusedTools || isWithoutTools(name));
      const settings = isPlain ? withoutTools(asked.settings) : asked.settings;
      const others = candidates.slice(index + 1);
      const fallbacks = others.flatMap((other) =>
        other.provider === provider ? [other.model] : [],
      );
      let isOver = false;
      const stopThis = provider.reply(
        { ...asked, settings, model, fallbacks },
        {
          take(parts) {
            if (!isBegun) options.problems?.solved(provider.name, model);
            if (!isBegun && refusedTools) plainRequests.set(name, PLAIN_REQUESTS);
            isBegun = true;
            return sink.take(provider.name === BUILT_IN ? parts.map(named(candidate)) : parts);
          },
          end(caught) {
            isOver = true;
            if (caught === undefined) return sink.end();
            const mayBeTools = areToolsOptional && !isPlain && mayBeForTools(caught);
            if (mayBeTools && !isBegun && !isStopped) return ask(candidate, index, true);
            const error = request.model === null || index > 0 ? ofTheServer(caught, model) : caught;
            options.problems?.note(provider.name, model, error);
            const [other] = others;
            const isRefused = error instanceof AppError && error.code === "model_refused";
            if (isBegun || !other || isRefused || isStopped) return sink.end(error);
            ask(other, index + 1);
          },
        },
      );
      if (!isOver) stop = stopThis;
    };
    const [chosen = resolve(null)] = candidates;
    ask(chosen, 0);
    return () => {
      isStopped = true;
      stop();
    };
  }

  /** Whether that model has refused tools lately. It is offered them again after a number of requests. */
  const isWithoutTools = (name: string): boolean => {
    const left = plainRequests.get(name);
    if (left === undefined) return false;
    if (left > 1) plainRequests.set(name, left - 1);
    else plainRequests.delete(name);
    return true;
  };

  /** With the name that the server gives the model. */
  const named =
    (candidate: Resolved) =>
    (part: ModelPart): ModelPart =>
      part.type === "finish" ? { ...part, model: nameOf(candidate) } : part;

  /** What of the unknown fields the operator allows. */
  const withExtras = ({ extras, ...settings }: ModelSettings): ModelSettings => {
    if (!extras) return settings;
    const names = (options.extraFields ?? []).filter((name) => Object.hasOwn(extras, name));
    const given = names.map((name) => [name, extras[name] ?? null] as const);
    return given.length > 0 ? { ...settings, extras: Object.fromEntries(given) } : settings;
  };

  /** Of a model that the operator has chosen: nobody else can choose another one. */
  const ofTheServer = (error: unknown, model: string): unknown =>
    error instanceof AppError && error.isUnknownModel
      ? modelUnavailable(
          `The provider does not know the model ${model}: check ${model === resolve(null).model ? "MODEL" : "MODEL_FALLBACKS"}. It says: ${error.message}`,
          { cause: error },
        )
      : error;

  const models: Models = {
    nameOf: (model) => nameOf(resolve(model)),
    contextTokensOf: (model) =>
      options.contextTokens ??
      known.get(model ?? options.defaultModel)?.info.contextTokens ??
      DEFAULT_CONTEXT_TOKENS,
    refusal,
    admit,
    reply,
    async check(signal) {
      await learn(resolve(null).provider, signal);
    },
    async offered(signal, allowed) {
      const mayBeNamed = (named: Resolved) =>
        isOfTheServer(named) && !refusalOfKey(named, allowed, "the");
      const lists = await Promise.allSettled(providers.map((provider) => learn(provider, signal)));
      const chosen = resolve(null);
      const defaultName = nameOf(chosen);
      const offered = lists.flatMap((list, index): OfferedModel[] => {
        const provider = providers[index];
        if (list.status === "rejected" || !provider) return [];
        return list.value.flatMap((info) => {
          const id = nameOf({ provider, model: info.id });
          if (!mayBeNamed({ provider, model: info.id, asked: id })) return [];
          const isDefault = id === defaultName;
          return [{ ...info, id, provider: provider.name, isDefault, isListed: true }];
        });
      });
      if (offered.some(({ isDefault }) => isDefault) || !mayBeNamed(chosen)) return offered;
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
  return models;
}
