import { DummyDriver, Kysely, type QueryCompiler, SqliteAdapter, sql } from "kysely";
import {
  type Build,
  createStatement,
  type Parameters,
  type Statement,
  type StatementWriter,
  type Value,
  type WrittenStatement,
} from "./statement.ts";
import type { Tables } from "./tables.ts";

class Marker {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** Stands in for the parameters while a statement is written: each of its fields is a marker. */
const markers = new Proxy({}, { get: (_, name) => new Marker(String(name)) });

const placeOf = (parameter: unknown) =>
  parameter instanceof Marker ? { name: parameter.name } : { constant: parameter as Value };

/**
 * Has Kysely write statements in the language of that compiler.
 * @param onWritten told of each statement in order
 */
export function createStatementWriter(
  createQueryCompiler: () => QueryCompiler,
  onWritten: (written: WrittenStatement) => void = () => {},
): StatementWriter {
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
      const compiled = build(database, markers as Given, sql).compile();
      const written = { sql: compiled.sql, places: compiled.parameters.map(placeOf) };
      onWritten(written);
      return createStatement(written);
    };
}
