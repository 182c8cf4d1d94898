import type { ClientBase, Connection } from "pg";

/*
 * What this store uses of `pg` beyond its documented interface: the connection behind a client, its messages of the
 * extended query protocol, and the number of the process that serves it. Nothing else in the sources knows of these.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY
 */

/** Messages are kept back until `sync` is sent, which takes them all in one way. */
export type ProtocolConnection = {
  readonly stream: { cork(): void; uncork(): void; destroy(): void };
  parse(statement: { name: string; text: string; types: readonly number[] }, hasMore: true): void;
  describe(statement: { type: "S"; name: string }, hasMore: true): void;
  bind(
    portal: { portal: ""; statement: string; values: readonly (string | null)[] },
    hasMore: true,
  ): void;
  /** @param portal.rows at most so many; 0: all */
  execute(portal: { portal: ""; rows: number }, hasMore: true): void;
  close(statement: { type: "S"; name: string }, hasMore: true): void;
  sync(): void;
};

/** `pg` declares the arguments of these methods otherwise than it takes them. */
export const protocolOf = (connection: Connection): ProtocolConnection =>
  connection as unknown as ProtocolConnection;

/** Undefined or null before the database has said it. */
type Inside = { readonly connection: Connection; readonly processID?: number | null };

const insideOf = (client: ClientBase): Inside => client as ClientBase & Inside;

/** The process of the database that serves this client; null: it is not known. */
export const processIdOf = (client: ClientBase): number | null =>
  insideOf(client).processID ?? null;

/** Ends the connection at once: whatever it was asked fails. */
export const breakOff = (client: ClientBase): void =>
  protocolOf(insideOf(client).connection).stream.destroy();
