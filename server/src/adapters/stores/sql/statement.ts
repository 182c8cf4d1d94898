import { type Compilable, DummyDriver, Kysely, type QueryCompiler, SqliteAdapter } from "kysely";
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

type Parameters = Readonly<Record<string, Value>>;

/** SQL text that was written once, with the places of its parameters. */
export type Statement<Given extends Parameters, Row> = PlainStatement & {
  first(given: Given): Operation<Row | undefined>;
  all(given: Given): Operation<Row[]>;
  /** Gives the number of rows that were inserted, updated or deleted. */
  run(given: Given): Operation<number>;
  /** The same with its rows as arrays. */
  inArrays<RowArray extends readonly Value[]>(): Statement<Given, RowArray>;
};

type Build<Given extends Parameters, Row> = (
  database: Kysely<Tables>,
  parameter: Given,
) => Compilable<Row>;

/** Writes statements: `write<{ id: string }>()((database, parameter) => …where("id", "=", parameter.id))`. */
export type StatementWriter = <Given extends Parameters>() => <Row>(
  build: Build<Given, Row>,
) => Statement<Given, Row>;

class Marker {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** Stands in for the parameters while a statement is written: each of its fields is a marker. */
const markers = new Proxy({}, { get: (_, name) => new Marker(String(name)) });

export function createStatementWriter(createQueryCompiler: () => QueryCompiler): StatementWriter {
  const database = new Kysely<Tables>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new DummyDriver(),
      createQueryCompiler,
      createIntrospector: () => {
        throw new Error("Statements are written without a database");
      },
    },
  });
  return <Given extends Parameters>() =>
    <Row>(build: Build<Given, Row>): Statement<Given, Row> => {
      const { sql, parameters } = build(database, markers as Given).compile();
      return createStatement<Given, Row>(sql, binder(parameters), false);
    };
}

function createStatement<Given extends Parameters, Row>(
  sql: string,
  bind: (given: Parameters) => Value[],
  givesArrays: boolean,
): Statement<Given, Row> {
  const isWrite = !/^(?:select|with)\b/i.test(sql.trimStart());
  const plain: PlainStatement = { sql, isWrite, givesArrays };
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
    inArrays: () => createStatement(sql, bind, true),
  };
}

/** Puts named parameters, and the constants between them, in the order of their places. */
function binder(places: readonly unknown[]): (given: Parameters) => Value[] {
  const names = places.map((place) => (place instanceof Marker ? place.name : null));
  return (given) => {
    const values = new Array<Value>(names.length);
    for (let place = 0; place < names.length; place++) {
      const name = names[place];
      const value = name == null ? (places[place] as Value) : given[name];
      if (value === undefined) throw new Error(`No value for the parameter ${name}`);
      values[place] = value;
    }
    return values;
  };
}
