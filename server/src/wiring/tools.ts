import type { ResolveName } from "../adapters/web/public/egress.ts";
import type { ToolsConfig } from "../config/tools.ts";
import { fetchPage, webSearch } from "../core/tools/web-tools.ts";
import type { ServerTool } from "../ports/tools.ts";
import type { WebSearch } from "../ports/web.ts";

export type ToolOptions = {
  /** Tools beside those of the settings. */
  readonly tools?: readonly ServerTool[];
  /** How the names of public pages are looked up; default: as the machine's name servers say. */
  readonly resolveName?: ResolveName;
};

/** The tools that are not the core's own, until they are disposed of. */
export type ChosenTools = AsyncDisposable & {
  /** The same list until one of them changes; null: there are never any. */
  readonly others: (() => readonly ServerTool[]) | null;
};

/** Loads what the chosen tools need, and nothing else. */
export async function chooseTools(
  config: ToolsConfig,
  { tools = [], resolveName }: ToolOptions,
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
  const resources = opened.move();
  return {
    others: others.length > 0 ? () => others : null,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

async function engineOf(search: NonNullable<ToolsConfig["search"]>): Promise<WebSearch> {
  if (search.engine === "searxng")
    return (await import("../adapters/web/search/searxng.ts")).searxng(search.baseUrl);
  return (await import("../adapters/web/search/brave.ts")).brave(search.baseUrl, search.key);
}
