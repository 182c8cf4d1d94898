import type { ClientBase, Connection, Submittable } from "pg";
import type { Call, PlainStatement, Value } from "../sql/statement.ts";
import { breakOff, type ProtocolConnection, protocolOf } from "./connection.ts";
import { DatabaseFailure } from "./failures.ts";

type Parse = (text: string) => Value;
type Column = { readonly name: string; readonly parse: Parse };
type ColumnMessage = { readonly name: string; readonly dataTypeID: number };

/** What a connection knows of a statement: its columns, once it is prepared; null while that is not sure. */
type Prepared = Map<string, readonly Column[] | null>;

const NUMBER_TYPES = new Set([20, 21, 23, 700, 701]);
const asNumber: Parse = (text) => Number(text);
const asText: Parse = (text) => text;

const preparedBy = new WeakMap<ClientBase, Prepared>();
const names = new Map<string, string>();

/** The same for the same text, whatever the connection. */
function nameOf({ sql }: PlainStatement): string {
  const known = names.get(sql);
  if (known) return known;
  const name = `c${names.size}`;
  names.set(sql, name);
  return name;
}

/**
 * Statements that are sent together and answered together: one way there and back. Without BEGIN
 * they are one transaction. It speaks the extended protocol with `pg`'s own connection, which takes
 * such objects (as pg-cursor's); `pg` itself waits for one answer before it sends the next statement.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY
 */
class Exchange implements Submittable {
  readonly #calls: readonly Call[];
  readonly #prepared: Prepared;
  readonly #answers: unknown[] = [];
  readonly #settle: (failure: unknown, answers: unknown[]) => void;
  #columns: readonly Column[] = [];
  #rows: unknown[] = [];
  #sent = new Set<string>();

  constructor(
    calls: readonly Call[],
    prepared: Prepared,
    settle: (failure: unknown, answers: unknown[]) => void,
  ) {
    this.#calls = calls;
    this.#prepared = prepared;
    this.#settle = settle;
  }

  submit(given: Connection): void {
    const connection = protocolOf(given);
    connection.stream.cork();
    for (const { statement, values } of this.#calls) {
      const name = nameOf(statement);
      this.#prepare(connection, name, statement.sql);
      connection.bind({ portal: "", statement: name, values: values.map(textOf) }, true);
      connection.execute({ portal: "", rows: 0 }, true);
    }
    connection.sync();
    connection.stream.uncork();
    this.#begin();
  }

  #prepare(connection: ProtocolConnection, name: string, text: string): void {
    if (this.#prepared.get(name) || this.#sent.has(name)) return;
    // After a failure it may be there or not.
    if (this.#prepared.has(name)) connection.close({ type: "S", name }, true);
    this.#prepared.set(name, null);
    this.#sent.add(name);
    connection.parse({ name, text, types: [] }, true);
    connection.describe({ type: "S", name }, true);
  }

  #begin(): void {
    const call = this.#calls[this.#answers.length];
    if (!call) return;
    this.#columns = this.#prepared.get(nameOf(call.statement)) ?? [];
    this.#rows = [];
  }

  handleRowDescription({ fields }: { fields: readonly ColumnMessage[] }): void {
    this.#columns = fields.map(({ name, dataTypeID }) => ({
      name,
      parse: NUMBER_TYPES.has(dataTypeID) ? asNumber : asText,
    }));
  }

  handleDataRow({ fields }: { fields: readonly (string | null)[] }): void {
    const columns = this.#columns;
    if (this.#calls[this.#answers.length]?.statement.givesArrays) {
      this.#rows.push(columns.map(({ parse }, place) => parsed(fields[place], parse)));
      return;
    }
    const row: Record<string, Value> = {};
    for (let place = 0; place < columns.length; place++) {
      const column = columns[place];
      if (column) row[column.name] = parsed(fields[place], column.parse);
    }
    this.#rows.push(row);
  }

  handleCommandComplete({ text }: { text: string }): void {
    const call = this.#calls[this.#answers.length];
    if (!call) return;
    const name = nameOf(call.statement);
    if (!this.#prepared.get(name)) this.#prepared.set(name, this.#columns);
    if (call.wants === "changes") this.#answers.push(Number(/\d+$/.exec(text)?.[0] ?? 0));
    else this.#answers.push(call.wants === "first" ? this.#rows[0] : this.#rows);
    this.#begin();
  }

  handleReadyForQuery(): void {
    this.#settle(null, this.#answers);
  }

  handleError(error: unknown): void {
    this.#settle(new DatabaseFailure(error), []);
  }
}

const parsed = (text: string | null | undefined, parse: Parse): Value =>
  text === null || text === undefined ? null : parse(text);

/** What is looked for and has a NUL in it is nowhere (batch.ts refuses to write one). */
const textOf = (value: Value): string | null =>
  value === null ? null : String(value).replaceAll("\0", "\u{fffd}");

/**
 * Asks and gives the answers in order. One that takes longer than that is given up, and the
 * connection with it.
 * @throws DatabaseFailure nothing of it was stored, unless it held a COMMIT
 */
export function exchange(
  client: ClientBase,
  calls: readonly Call[],
  timeoutMs: number,
): Promise<unknown[]> {
  const known = preparedBy.get(client);
  const prepared: Prepared = known ?? new Map();
  if (!known) preparedBy.set(client, prepared);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => breakOff(client), timeoutMs);
    client.query(
      new Exchange(calls, prepared, (failure, answers) => {
        clearTimeout(timer);
        if (failure) reject(failure);
        else resolve(answers);
      }),
    );
  });
}
