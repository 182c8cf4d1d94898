import { systemClock } from "../adapters/clocks/system/clock.ts";
import type { ResolveName } from "../adapters/web/public/egress.ts";
import type { SourceConfig } from "../config/tool-sources.ts";
import { createToolSignIns, type SignInSource, type ToolSignIns } from "../core/tools/sign-ins.ts";
import { createToolSources, type ToolSources } from "../core/tools/sources.ts";
import type { AcceptedToolStore } from "../ports/accepted-tools.ts";
import type { SecretBox } from "../ports/secret-box.ts";
import type { MintSecret } from "../ports/secret-store.ts";
import type { ToolSignInStore } from "../ports/tool-sign-in-store.ts";
import type { SourceState, TokensOfSource, ToolSource } from "../ports/tool-sources.ts";

/** Other servers may have accepted tools. */
const REFRESH_MS = 15_000;

export type SourceOptions = {
  /** The server's, by which it presents itself to sources. */
  readonly version: string;
  /** The first wait before a source that is lost is connected to again; default: 1 s. */
  readonly reconnectPauseMs?: number;
  /** Told of a source that ceases to answer, whose tools cannot all be used, or that somebody could not sign in to. */
  readonly onProblem?: (label: string, problem: string) => void;
};

/** What a server signs people in to sources with. */
export type SignInOptions = {
  readonly store: ToolSignInStore;
  readonly mintSecret: MintSecret;
  readonly openBox: () => Promise<SecretBox>;
  readonly ranges: readonly string[];
  readonly resolve: ResolveName | undefined;
};

export type OpenSources = ToolSources &
  AsyncDisposable & {
    /** Null: people sign in to none. */
    readonly signIns: ToolSignIns | null;
  };

/** The sources of the operator's file, which are connected to meanwhile. @throws AppError unavailable (the store) */
export async function openToolSources(
  configs: readonly SourceConfig[],
  store: AcceptedToolStore,
  { version, reconnectPauseMs, onProblem = () => {} }: SourceOptions,
  signIn: SignInOptions | null = null,
): Promise<OpenSources> {
  const { mcpSource } = await import("../adapters/tools/mcp/source.ts");
  await using opened = new AsyncDisposableStack();
  const { signedSource } = await import("../adapters/tools/mcp/signed-source.ts");
  const onFailure = (label: string, why: string) =>
    onProblem(label, `Somebody could not sign in: ${why}`);
  const signing = signIn && (await openSignIns(configs, signIn, onFailure));
  if (signing) opened.defer(() => signing.close());
  const signIns = signing?.signIns ?? null;
  let changed = () => {};
  const told = new Map<string, string | null>();
  const tell = (label: string, { problem }: SourceState) => {
    if (problem !== null && told.get(label) !== problem) onProblem(label, problem);
    told.set(label, problem);
  };
  const kept = configs.map(({ rules, place }) => {
    const { label } = rules;
    const options = {
      label,
      version,
      onChange() {
        tell(label, source.state());
        changed();
      },
      ...(reconnectPauseMs !== undefined && { firstPauseMs: reconnectPauseMs }),
    };
    const isSigned = "url" in place && place.signIn !== null;
    const tokens = isSigned ? (signIns?.tokensOf(label) ?? NO_TOKENS) : NO_TOKENS;
    const source: ToolSource = isSigned
      ? signedSource({ ...options, place, tokens })
      : mcpSource({ ...options, place });
    opened.defer(() => source.close());
    return { rules, place: shownPlace(place), source };
  });
  const sources = await createToolSources(store, kept);
  changed = sources.changed;
  const refreshing = setInterval(sources.changed, REFRESH_MS).unref();
  opened.defer(() => clearInterval(refreshing));
  sources.changed();
  const resources = opened.move();
  return { ...sources, signIns, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

/** Of whoever only looks. */
const NO_TOKENS: TokensOfSource = { of: async () => null, instead: async () => null };

/** Null: nobody signs in to any of them. What that takes is loaded here, because most servers have none. */
async function openSignIns(
  configs: readonly SourceConfig[],
  { store, mintSecret, openBox, ranges, resolve }: SignInOptions,
  onFailure: (label: string, why: string) => void,
) {
  const signed = configs.flatMap(({ rules: { label }, place }) =>
    "url" in place && place.signIn ? { label, place, signIn: place.signIn } : [],
  );
  if (signed.length === 0) return null;
  const { mcpAuthorization } = await import("../adapters/tools/mcp/authorization.ts");
  const { guardedFetches } = await import("../adapters/web/public/guarded-fetch.ts");
  const fetches = guardedFetches({ ranges, resolve });
  const sources = signed.map(({ label, place, signIn }): SignInSource => {
    const named = [place.url, ...(signIn.issuer === null ? [] : [signIn.issuer])];
    const fetch = fetches.for(named.map((address) => new URL(address).origin));
    const { url, headers } = place;
    return {
      label,
      place: url,
      authorization: mcpAuthorization({ url, headers, fetch, ...signIn }),
    };
  });
  const box = await openBox();
  return {
    signIns: createToolSignIns({ store, box, clock: systemClock, mintSecret, sources, onFailure }),
    close: fetches.close,
  };
}

/** Without what may be a secret. */
const shownPlace = (place: SourceConfig["place"]): string => {
  if (!("url" in place)) return place.command;
  const { origin, pathname } = new URL(place.url);
  return origin + pathname;
};
