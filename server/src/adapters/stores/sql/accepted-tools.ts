import type { Operation, StatementWriter } from "./statement.ts";

/** The name in `meta`. */
const nameOf = (source: string) => `tools of ${source}`;

export function createAcceptedToolReads(write: StatementWriter) {
  const select = write<{ name: string }>()((database, parameter) =>
    database.selectFrom("meta").select("value").where("name", "=", parameter.name),
  );
  return {
    *getAcceptedTools(source: string): Operation<string | null> {
      return (yield* select.first({ name: nameOf(source) }))?.value ?? null;
    },
  };
}

export function createAcceptedToolWrites(write: StatementWriter) {
  const insert = write<{ name: string; value: string }>()((database, parameter) =>
    database
      .insertInto("meta")
      .values({ name: parameter.name, value: parameter.value })
      .onConflict((conflict) => conflict.doNothing()),
  );
  const update = write<{ name: string; before: string; value: string }>()((database, parameter) =>
    database
      .updateTable("meta")
      .set({ value: parameter.value })
      .where("name", "=", parameter.name)
      .where("value", "=", parameter.before),
  );
  return {
    *putAcceptedTools(source: string, before: string | null, value: string): Operation<boolean> {
      const name = nameOf(source);
      const changed = yield* before === null
        ? insert.run({ name, value })
        : update.run({ name, before, value });
      return changed > 0;
    },
  };
}
