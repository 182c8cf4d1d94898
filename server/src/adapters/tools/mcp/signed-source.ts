import type { Owner } from "../../../domain/principal.ts";
import type { TokensOfSource, ToolDefinition, ToolSource } from "../../../ports/tool-sources.ts";
import type { ToolAnswer } from "../../../ports/tools.ts";
import { boundedFetch, type Fetch } from "./bounded-fetch.ts";
import {
  type Connection,
  connect,
  type McpPlace,
  NotMade,
  problemOf,
  wantsSignIn,
} from "./connection.ts";
import { type McpSourceOptions, mcpSource } from "./source.ts";

/** Connections of people, of whom the one that was here longest ago makes room. */
const MAX_CONNECTIONS = 200;
const IDLE_MS = 5 * 60_000;
/** Of operators, of whom the one who listed longest ago makes room. */
const MAX_LISTINGS = 200;
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
  /** Gives it to nobody else, and closes it when nothing runs on it any more. */
  readonly forget: () => void;
  idle: NodeJS.Timeout | undefined;
  /** How many requests wait for their answers. */
  running: number;
  isForgotten: boolean;
};
type Listing = { readonly atMs: number; readonly definitions: readonly ToolDefinition[] };

/**
 * A source that each person signs in to. Every person has a connection of their own, with their own token. Without one, it
 * is only looked whether the source is there. Its tools are those that it lists for operators: what it lists for any of them.
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
  const kept = new Map<string, Promise<Kept>>();
  const closing = new AbortController();
  /** All that are open, those too that are forgotten and have not ended. */
  const connections = new Set<Connection>();
  /** By operator; the one that was made longest ago is first. */
  const listings = new Map<string, Listing>();
  let definitions: readonly ToolDefinition[] | null = null;

  const closeOne = async (connection: Connection): Promise<void> => {
    connections.delete(connection);
    await connection.close().catch(() => {});
  };
  const settle = (person: Kept): void => {
    if (person.isForgotten && person.running === 0) void closeOne(person.connection);
  };
  const forget = (name: string, which: Promise<Kept>): void => {
    if (kept.get(name) !== which) return;
    kept.delete(name);
    void which.then(
      (person) => {
        clearTimeout(person.idle);
        person.isForgotten = true;
        settle(person);
      },
      () => {},
    );
  };
  const stay = (person: Kept): void => {
    clearTimeout(person.idle);
    person.idle = setTimeout(person.forget, IDLE_MS).unref();
  };
  /** Whatever happens to the connection meanwhile, it is not closed before the answer has come. */
  const on = async <Result>(
    person: Kept,
    request: (connection: Connection) => Promise<Result>,
  ): Promise<Result> => {
    person.running++;
    try {
      return await request(person.connection);
    } finally {
      person.running--;
      settle(person);
    }
  };

  /** Sends the person's token, and another one where it is refused, once. */
  const fetchAs =
    (owner: Owner): Fetch =>
    async (url, init) => {
      const first = await tokens.of(owner).catch(refusing);
      const response = await boundedFetch(url, first ? withToken(init, first.token) : init);
      if (response.status !== UNAUTHORIZED || !first) return response;
      const second = await tokens.instead(owner, first.token).catch(refusing);
      if (!second) return response;
      await response.body?.cancel();
      return boundedFetch(url, withToken(init, second.token));
    };

  const open = async (owner: Owner, signIn: string, forgetIt: () => void): Promise<Kept> => {
    const connection = await connect(
      { ...place, fetch: fetchAs(owner) },
      {
        version,
        signal: closing.signal,
        onToolsChanged: forgetIt,
        onClosed: forgetIt,
      },
    );
    connections.add(connection);
    try {
      const { definitions } = await connection.list();
      closing.signal.throwIfAborted();
      const unused = { idle: undefined, running: 0, isForgotten: false };
      return { signIn, connection, definitions, forget: forgetIt, ...unused };
    } catch (error) {
      await closeOne(connection);
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
      if (kept.get(name) === known) {
        stay(there);
        kept.delete(name);
        kept.set(name, known);
      }
      return there;
    }
    if (known) forget(name, known);
    const waiting = kept.get(name);
    if (waiting) return waiting;
    const opening: Promise<Kept> = open(owner, signed.signIn, () => forget(name, opening));
    kept.set(name, opening);
    for (const [oldest, one] of kept) {
      if (kept.size <= MAX_CONNECTIONS) break;
      forget(oldest, one);
    }
    try {
      const opened = await opening;
      if (!opened.isForgotten) stay(opened);
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
      const made = await on(person, (connection) =>
        connection.call(definition, given, callOptions),
      );
      if (made.isLost) person.forget();
      return made.wantsSignIn ? toSignIn(label) : made.answer;
    },
    async listAs(owner) {
      const name = nameOf(owner);
      const atMs = performance.now();
      const before = listings.get(name);
      if (before && atMs - before.atMs < listPauseMs) return;
      try {
        const person = await connectionOf(owner);
        if (!person) return;
        const found = await on(person, (connection) => connection.list());
        listings.delete(name);
        listings.set(name, { atMs, definitions: found.definitions });
        for (const oldest of [...listings.keys()].slice(0, -MAX_LISTINGS)) listings.delete(oldest);
        const all = allOf(listings.values());
        if (JSON.stringify(definitions) === JSON.stringify(all)) return;
        definitions = all;
        onChange();
      } catch {
        // The list stays as it was; whoever calls a tool is told.
      }
    },
    async close() {
      closing.abort();
      for (const name of kept.keys()) drop(name);
      await Promise.all([...connections].map(closeOne));
      await inner.close();
    },
  };
}

/** Each tool once, as it was listed last, by its name: an operator who may do less takes no tool away from anybody. */
function allOf(listings: Iterable<Listing>): readonly ToolDefinition[] {
  const byName = new Map<string, ToolDefinition>();
  for (const { definitions } of listings) for (const one of definitions) byName.set(one.name, one);
  return [...byName.values()].toSorted((one, other) => (one.name < other.name ? -1 : 1));
}

/** Tokens that cannot be had, so that the request was not sent, or was refused without them. */
const refusing = (cause: unknown): never => {
  throw new NotMade(cause);
};

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
