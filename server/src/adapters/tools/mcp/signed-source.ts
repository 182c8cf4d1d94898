import type { Owner } from "../../../domain/principal.ts";
import type { TokensOfSource, ToolDefinition, ToolSource } from "../../../ports/tool-sources.ts";
import type { ToolAnswer } from "../../../ports/tools.ts";
import { boundedFetch, type Fetch } from "./bounded-fetch.ts";
import { type Connection, connect, type McpPlace, problemOf, wantsSignIn } from "./connection.ts";
import { type McpSourceOptions, mcpSource } from "./source.ts";

/** Connections of people, of whom the one that was here longest ago makes room. */
const MAX_CONNECTIONS = 200;
const IDLE_MS = 5 * 60_000;
/** An operator's page asks for the tools again and again. */
const LIST_PAUSE_MS = 60_000;
const UNAUTHORIZED = 401;

export type SignedSourceOptions = Omit<McpSourceOptions, "place"> & {
  readonly place: Extract<McpPlace, { url: string }>;
  readonly tokens: TokensOfSource;
  /** How long a listing of an operator is good; default: a minute. */
  readonly listPauseMs?: number;
};

/** Of one person. */
type Kept = {
  readonly signIn: string;
  readonly connection: Connection;
  readonly definitions: readonly ToolDefinition[];
  idle: NodeJS.Timeout | undefined;
};

/**
 * A source that each person signs in to. Every person has a connection of their own, with their own token. Without one, it
 * is only looked whether the source is there. Its tools are those that it lists for operators.
 */
export function signedSource({
  tokens,
  place,
  listPauseMs = LIST_PAUSE_MS,
  ...options
}: SignedSourceOptions): ToolSource {
  const { label, version, onChange } = options;
  let isThere = false;
  const inner = mcpSource({
    ...options,
    place: {
      ...place,
      async fetch(url, init) {
        try {
          const response = await boundedFetch(url, init);
          isThere = response.status === UNAUTHORIZED;
          return response;
        } catch (error) {
          isThere = false;
          throw error;
        }
      },
    },
  });
  const kept = new Map<string, Promise<Kept | null>>();
  const closing = new AbortController();
  let definitions: readonly ToolDefinition[] | null = null;
  let listedAtMs = Number.NEGATIVE_INFINITY;

  const forget = (name: string, which: Promise<Kept | null>): void => {
    if (kept.get(name) !== which) return;
    kept.delete(name);
    void which.then(
      (one) => {
        clearTimeout(one?.idle);
        return one?.connection.close().catch(() => {});
      },
      () => {},
    );
  };
  const stay = (name: string, which: Promise<Kept | null>): NodeJS.Timeout =>
    setTimeout(() => forget(name, which), IDLE_MS).unref();

  /** Sends the person's token, and another one where it is refused, once. */
  const fetchAs =
    (owner: Owner): Fetch =>
    async (url, init) => {
      const first = await tokens.of(owner);
      const response = await boundedFetch(url, first ? withToken(init, first.token) : init);
      if (response.status !== UNAUTHORIZED || !first) return response;
      const second = await tokens.instead(owner, first.token);
      if (!second) return response;
      await response.body?.cancel();
      return boundedFetch(url, withToken(init, second.token));
    };

  const open = async (owner: Owner, signIn: string): Promise<Kept> => {
    const name = nameOf(owner);
    const connection = await connect(
      { ...place, fetch: fetchAs(owner) },
      {
        version,
        signal: closing.signal,
        onToolsChanged: () => drop(name),
        onClosed: () => drop(name),
      },
    );
    try {
      const listed = await connection.list();
      return { signIn, connection, definitions: listed.definitions, idle: undefined };
    } catch (error) {
      await connection.close().catch(() => {});
      throw error;
    }
  };
  const drop = (name: string): void => {
    const which = kept.get(name);
    if (which) forget(name, which);
  };
  /** Null: the person is not signed in. @throws what the source fails with */
  const connectionOf = async (owner: Owner): Promise<Kept | null> => {
    const signed = await tokens.of(owner);
    const name = nameOf(owner);
    if (!signed) {
      drop(name);
      return null;
    }
    const known = kept.get(name);
    const there = await known?.catch(() => null);
    if (known && there?.signIn === signed.signIn) {
      clearTimeout(there.idle);
      there.idle = stay(name, known);
      kept.delete(name);
      kept.set(name, known);
      return there;
    }
    if (known) forget(name, known);
    const waiting = kept.get(name);
    if (waiting) return waiting;
    const opening = open(owner, signed.signIn);
    kept.set(name, opening);
    for (const [oldest, one] of kept) {
      if (kept.size <= MAX_CONNECTIONS) break;
      forget(oldest, one);
    }
    try {
      const opened = await opening;
      opened.idle = stay(name, opening);
      return opened;
    } catch (error) {
      if (kept.get(name) === opening) kept.delete(name);
      throw error;
    }
  };

  return {
    label,
    state: () => (isThere ? { ...inner.state(), isUp: true, problem: null } : inner.state()),
    definitions: () => definitions ?? inner.definitions(),
    listed: () => inner.listed(),
    async call(name, given, { owner, accepted, ...callOptions }) {
      let person: Kept | null;
      try {
        person = await connectionOf(owner);
      } catch (error) {
        callOptions.signal.throwIfAborted();
        if (wantsSignIn(error)) return toSignIn(label);
        return { outcome: "failed", text: `Not made: the source '${label}': ${problemOf(error)}` };
      }
      callOptions.signal.throwIfAborted();
      if (!person) return toSignIn(label);
      const definition = person.definitions.find((one) => one.name === name);
      if (!definition)
        return { outcome: "failed", text: "Not made: the source has no such tool any more." };
      if (accepted && JSON.stringify(accepted) !== JSON.stringify(definition))
        return {
          outcome: "failed",
          text: "Not made: the tool is not what it was when an operator accepted it. An operator has to look at it first.",
        };
      const { connection } = person;
      const made = await connection.call(definition, given, callOptions);
      if (made.isLost) drop(nameOf(owner));
      return made.wantsSignIn ? toSignIn(label) : made.answer;
    },
    async listAs(owner) {
      const now = performance.now();
      if (now - listedAtMs < listPauseMs) return;
      try {
        const person = await connectionOf(owner);
        if (!person) return;
        listedAtMs = now;
        const found = await person.connection.list();
        if (JSON.stringify(definitions) === JSON.stringify(found.definitions)) return;
        definitions = found.definitions;
        onChange();
      } catch {
        // The list stays as it was; whoever calls a tool is told.
      }
    },
    async close() {
      closing.abort();
      for (const [name, one] of kept) forget(name, one);
      await inner.close();
    },
  };
}

const nameOf = ({ tenantId, userId }: Owner): string => JSON.stringify([tenantId, userId]);

function withToken(init: RequestInit | undefined, token: string): RequestInit {
  const headers = new Headers(init?.headers);
  headers.set("authorization", `Bearer ${token}`);
  return { ...init, headers };
}

const toSignIn = (label: string): ToolAnswer => ({
  outcome: "failed",
  text: `Not made: its user has to sign in to '${label}' first, on the page of tool sources.`,
  wantsSignIn: true,
});
