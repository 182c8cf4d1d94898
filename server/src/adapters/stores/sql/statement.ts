import type { Compilable, Kysely, sql } from "kysely";
import type { Tables } from "./tables.ts";

/** What a parameter can be. */
export type Value = string | number | null;

/** One execution of a statement; the answer is a row or undefined, all rows, or the number of changed rows. */
export type Call = {
  readonly statement: PlainStatement;
  readonly values: Value[];
  readonly wants: "first" | "all" | "changes";
};

/**
 * Database work written without a database: yields calls, gets their answers, returns the result.
 * Each adapter drives it its own way, all calls of one operation in one transaction.
 */
export type Operation<Result> = Generator<Call, Result, unknown>;

export type PlainStatement = {
  readonly sql: string;
  readonly isWrite: boolean;
  /** Rows as arrays in the order of the columns: where many are read, objects are what takes the time. */
  readonly givesArrays: boolean;
};

export type Parameters = Readonly<Record<string, Value>>;

/** SQL text that was written once, with the places of its parameters. */
export type Statement<Given extends Parameters, Row> = PlainStatement & {
  first(given: Given): Operation<Row | undefined>;
  all(given: Given): Operation<Row[]>;
  /** Gives the number of rows that were inserted, updated or deleted. */
  run(given: Given): Operation<number>;
  /** The same with its rows as arrays. */
  inArrays<RowArray extends readonly Value[]>(): Statement<Given, RowArray>;
};

/** Kysely's way to write SQL by hand. */
export type Sql = typeof sql;

/** Builds a statement with Kysely, which it is handed: only where statements are written is it loaded. */
export type Build<Given extends Parameters, Row> = (
  database: Kysely<Tables>,
  parameter: Given,
  template: Sql,
) => Compilable<Row>;

/** Writes statements: `write<{ id: string }>()((database, parameter) => …where("id", "=", parameter.id))`. */
export type StatementWriter = <Given extends Parameters>() => <Row>(
  build: Build<Given, Row>,
) => Statement<Given, Row>;

/** A statement as it was written: it can be sent to another thread. */
export type WrittenStatement = {
  readonly sql: string;
  /** What is bound, in order: a parameter of that name, or a constant. */
  readonly places: readonly ({ readonly name: string } | { readonly constant: Value })[];
};

/**
 * Takes statements that another thread has written, instead of writing them: for a thread that
 * asks for the same ones in the same order.
 */
export function createStatementReader(written: readonly WrittenStatement[]): StatementWriter {
  const rest = written.values();
  return <Given extends Parameters>() =>
    <Row>(): Statement<Given, Row> => {
      const { value } = rest.next();
      if (!value) throw new Error("More statements were asked for than were written");
      return createStatement<Given, Row>(value);
    };
}

export function createStatement<Given extends Parameters, Row>(
  written: WrittenStatement,
  givesArrays = false,
): Statement<Given, Row> {
  const { sql: text } = written;
  const bind = binder(written);
  const isWrite = !/^(?:select|with)\b/i.test(text.trimStart());
  const plain: PlainStatement = { sql: text, isWrite, givesArrays };
  return {
    ...plain,
    *first(given) {
      return (yield { statement: plain, values: bind(given), wants: "first" }) as Row | undefined;
    },
    *all(given) {
      return (yield { statement: plain, values: bind(given), wants: "all" }) as Row[];
    },
    *run(given) {
      return (yield { statement: plain, values: bind(given), wants: "changes" }) as number;
    },
    inArrays: () => createStatement(written, true),
  };
}

function binder({ places }: WrittenStatement): (given: Parameters) => Value[] {
  const names = places.map((place) => ("name" in place ? place.name : null));
  const constants = places.map((place) => ("name" in place ? null : place.constant));
  return (given) => {
    const values = new Array<Value>(names.length);
    for (let place = 0; place < names.length; place++) {
      const name = names[place];
      const value = name == null ? constants[place] : given[name];
      if (value === undefined) throw new Error(`No value for the parameter ${name}`);
      values[place] = value;
    }
    return values;
  };
}
