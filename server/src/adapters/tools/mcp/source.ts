import type {
  OnSourceChange,
  SourceState,
  ToolDefinition,
  ToolSource,
} from "../../../ports/tool-sources.ts";
import { type Connection, connect, type McpPlace, problemOf } from "./connection.ts";

const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 60_000;
/** A source that says nothing of changes is asked for its tools so often. */
const LIST_EVERY_MS = 5 * 60_000;
/** A source that says so again and again is asked no more often than this. */
const LIST_PAUSE_MS = 1_000;

export type McpSourceOptions = {
  readonly label: string;
  readonly place: McpPlace;
  /** The server's, by which it presents itself. */
  readonly version: string;
  readonly onChange: OnSourceChange;
  /** Default: 1 s, doubled up to a minute. */
  readonly firstPauseMs?: number;
};

/** A source that speaks the Model Context Protocol. It is connected to at once, and again whenever it was lost. */
export function mcpSource({
  label,
  place,
  version,
  onChange,
  firstPauseMs = FIRST_PAUSE_MS,
}: McpSourceOptions): ToolSource {
  let connection: Connection | null = null;
  let connecting: Promise<Connection | null> | null = null;
  let definitions: readonly ToolDefinition[] | null = null;
  let state: SourceState = { isUp: false, since: new Date(), problem: null };
  let failures = 0;
  let isClosed = false;
  let again: NodeJS.Timeout | undefined;
  let listing: NodeJS.Timeout | undefined;
  /** It has said that its tools have changed, and more of that puts nothing off. */
  let isListingSoon = false;
  const first = Promise.withResolvers<void>();
  const closing = new AbortController();

  const tell = (isUp: boolean, problem: string | null) => {
    const isSame = state.isUp === isUp && state.problem === problem;
    if (!isSame) state = { isUp, since: state.isUp === isUp ? state.since : new Date(), problem };
    if (!isSame) onChange();
  };
  const lose = (lost: Connection | null, problem: string) => {
    if (isClosed || (lost && lost !== connection)) return;
    connection = null;
    isListingSoon = false;
    clearTimeout(listing);
    tell(false, problem);
    const pauseMs = Math.min(MAX_PAUSE_MS, firstPauseMs * 2 ** failures);
    failures++;
    clearTimeout(again);
    again = setTimeout(() => void up(), pauseMs).unref();
    void lost?.close().catch(() => {});
  };
  /** @throws what the source fails with */
  const list = async (from: Connection) => {
    clearTimeout(listing);
    const found = await from.list();
    if (isClosed || from !== connection) return;
    if (JSON.stringify(definitions) !== JSON.stringify(found.definitions)) {
      definitions = found.definitions;
      onChange();
    }
    tell(true, found.problem);
    failures = 0;
    listIn(from, LIST_EVERY_MS);
  };
  const listIn = (from: Connection, timeMs: number) => {
    clearTimeout(listing);
    isListingSoon = timeMs === LIST_PAUSE_MS;
    listing = setTimeout(() => {
      isListingSoon = false;
      list(from).catch((error: unknown) => lose(from, problemOf(error)));
    }, timeMs).unref();
  };
  const begin = async (): Promise<Connection | null> => {
    clearTimeout(again);
    let opened: Connection | null = null;
    try {
      const open = await connect(place, {
        version,
        signal: closing.signal,
        onToolsChanged: () => {
          if (opened && !isListingSoon) listIn(opened, LIST_PAUSE_MS);
        },
        onClosed: () => lose(opened, "Its connection has ended."),
      });
      opened = open;
      if (isClosed) {
        await open.close();
        return null;
      }
      connection = open;
      await list(open);
      return connection;
    } catch (error) {
      if (opened) connection = opened;
      lose(opened, problemOf(error));
      return null;
    } finally {
      first.resolve();
    }
  };
  /** The connection that there is, or a new one; one is made at a time. */
  const up = (): Promise<Connection | null> => {
    if (connection) return Promise.resolve(connection);
    connecting ??= begin().finally(() => {
      connecting = null;
    });
    return connecting;
  };
  void up();

  return {
    label,
    state: () => state,
    definitions: () => definitions,
    listed: () => first.promise,
    async call(name, given, options) {
      const now = await up();
      options.signal.throwIfAborted();
      if (!now)
        return {
          outcome: "failed",
          text: `Not made: the source '${label}' does not answer. ${state.problem ?? ""}`.trim(),
        };
      const definition = definitions?.find((one) => one.name === name);
      if (!definition)
        return { outcome: "failed", text: "Not made: the source has no such tool any more." };
      const { answer, isLost } = await now.call(definition, given, options);
      if (isLost) lose(now, answer.text);
      return answer;
    },
    async close() {
      isClosed = true;
      closing.abort();
      clearTimeout(again);
      clearTimeout(listing);
      first.resolve();
      await connection?.close().catch(() => {});
      await connecting;
    },
  };
}
