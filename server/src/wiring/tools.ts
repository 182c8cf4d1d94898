import type { ResolveName } from "../adapters/web/public/egress.ts";
import type { ToolsConfig } from "../config/tools.ts";
import type { ToolSignIns } from "../core/tools/sign-ins.ts";
import type { ToolSources } from "../core/tools/sources.ts";
import { fetchPage, webSearch } from "../core/tools/web-tools.ts";
import type { AcceptedToolStore } from "../ports/accepted-tools.ts";
import type { MintSecret } from "../ports/secret-store.ts";
import type { ToolSignInStore } from "../ports/tool-sign-in-store.ts";
import type { ServerTool } from "../ports/tools.ts";
import type { WebSearch } from "../ports/web.ts";
import { openSecretBox } from "./secrets.ts";
import type { SourceOptions } from "./tool-sources.ts";

export type ToolOptions = {
  /** Tools beside those of the settings. */
  readonly tools?: readonly ServerTool[];
  /** How the names of public pages are looked up; default: as the machine's name servers say. */
  readonly resolveName?: ResolveName;
} & Pick<SourceOptions, "reconnectPauseMs">;

type SecretOptions = {
  readonly dataDirectory: string;
  readonly mintSecret: MintSecret;
};

/** The tools that an application is put together with. */
export type ToolParts = {
  /** Those of the core's own that are used. */
  readonly builtIn: ToolsConfig["builtIn"];
  /** The same list until one of them changes; null: there are never any. */
  readonly others: (() => readonly ServerTool[]) | null;
  /** Null: the operator has no file of sources. */
  readonly sources: ToolSources | null;
  /** Null: people sign in to none of them. */
  readonly signIns: ToolSignIns | null;
};

/** Until they are disposed of. */
export type ChosenTools = ToolParts & AsyncDisposable;

/** Loads what the chosen tools need, and nothing else. */
export async function chooseTools(
  config: ToolsConfig,
  store: AcceptedToolStore & ToolSignInStore,
  {
    tools = [],
    resolveName,
    dataDirectory,
    mintSecret,
    ...options
  }: ToolOptions & SourceOptions & SecretOptions,
): Promise<ChosenTools> {
  await using opened = new AsyncDisposableStack();
  const others = [...tools];
  if (config.builtIn.includes("fetch_page")) {
    const { publicReader } = await import("../adapters/web/public/reader.ts");
    const reader = publicReader({ ranges: config.fetchRanges, resolve: resolveName });
    opened.defer(() => reader.close());
    others.push(fetchPage(reader));
  }
  if (config.builtIn.includes("web_search") && config.search)
    others.push(webSearch(await engineOf(config.search)));
  const sources =
    config.sources.length > 0
      ? opened.use(
          await (await import("./tool-sources.ts")).openToolSources(
            config.sources,
            store,
            options,
            {
              ...{ store, mintSecret, ranges: config.fetchRanges, resolve: resolveName },
              openBox: () => openSecretBox({ secretsKeys: config.secretsKeys, dataDirectory }),
            },
          ),
        )
      : null;
  const resources = opened.move();
  return {
    builtIn: config.builtIn,
    others: sources ? joined(others, sources) : others.length > 0 ? () => others : null,
    sources,
    signIns: sources?.signIns ?? null,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** The same list until the sources' tools change. */
function joined(others: readonly ServerTool[], sources: ToolSources) {
  let known = sources.tools();
  let all = [...others, ...known];
  return () => {
    const now = sources.tools();
    if (now !== known) all = [...others, ...now];
    known = now;
    return all;
  };
}

async function engineOf(search: NonNullable<ToolsConfig["search"]>): Promise<WebSearch> {
  if (search.engine === "searxng")
    return (await import("../adapters/web/search/searxng.ts")).searxng(search.baseUrl);
  return (await import("../adapters/web/search/brave.ts")).brave(search.baseUrl, search.key);
}
