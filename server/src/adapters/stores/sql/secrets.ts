import type { Operation, StatementWriter } from "./statement.ts";

const nameOf = (name: string): string => `secret:${name}`;

/** The secrets of the installation, which are rows of `meta`. */
export function createSecretWrites(write: StatementWriter) {
  const insert = write<{ name: string; value: string }>()((database, parameter) =>
    database
      .insertInto("meta")
      .values({ name: parameter.name, value: parameter.value })
      .onConflict((conflict) => conflict.column("name").doNothing()),
  );
  const find = write<{ name: string }>()((database, parameter) =>
    database.selectFrom("meta").select("value").where("name", "=", parameter.name),
  );
  return {
    *keepSecret(name: string, fresh: string): Operation<string> {
      yield* insert.run({ name: nameOf(name), value: fresh });
      const row = yield* find.first({ name: nameOf(name) });
      return row?.value ?? fresh;
    },
  };
}
