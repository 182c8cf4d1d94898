import type { SourceConfig } from "../config/tool-sources.ts";
import { createToolSources, type ToolSources } from "../core/tools/sources.ts";
import type { AcceptedToolStore } from "../ports/accepted-tools.ts";
import type { SourceState } from "../ports/tool-sources.ts";

/** Other servers may have accepted tools. */
const REFRESH_MS = 15_000;

export type SourceOptions = {
  /** The server's, by which it presents itself to sources. */
  readonly version: string;
  /** The first wait before a source that is lost is connected to again; default: 1 s. */
  readonly reconnectPauseMs?: number;
  /** Told of a source that ceases to answer, or whose tools cannot all be used. */
  readonly onProblem?: (label: string, problem: string) => void;
};

/** The sources of the operator's file, which are connected to meanwhile. @throws AppError unavailable (the store) */
export async function openToolSources(
  configs: readonly SourceConfig[],
  store: AcceptedToolStore,
  { version, reconnectPauseMs, onProblem = () => {} }: SourceOptions,
): Promise<ToolSources & AsyncDisposable> {
  const { mcpSource } = await import("../adapters/tools/mcp/source.ts");
  await using opened = new AsyncDisposableStack();
  let changed = () => {};
  const told = new Map<string, string | null>();
  const tell = (label: string, { problem }: SourceState) => {
    if (problem !== null && told.get(label) !== problem) onProblem(label, problem);
    told.set(label, problem);
  };
  const kept = configs.map(({ rules, place }) => {
    const { label } = rules;
    const source = mcpSource({
      label,
      place,
      version,
      onChange() {
        tell(label, source.state());
        changed();
      },
      ...(reconnectPauseMs !== undefined && { firstPauseMs: reconnectPauseMs }),
    });
    opened.defer(() => source.close());
    return { rules, place: shownPlace(place), source };
  });
  const sources = await createToolSources(store, kept);
  changed = sources.changed;
  const refreshing = setInterval(sources.changed, REFRESH_MS).unref();
  opened.defer(() => clearInterval(refreshing));
  sources.changed();
  const resources = opened.move();
  return { ...sources, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

/** Without what may be a secret. */
const shownPlace = (place: SourceConfig["place"]): string => {
  if (!("url" in place)) return place.command;
  const { origin, pathname } = new URL(place.url);
  return origin + pathname;
};
