import type { AuditEvent } from "../../../domain/audit.ts";
import type { Owner } from "../../../domain/principal.ts";
import type { Idempotency } from "../../../ports/store.ts";
import type { AppendAuditEvent } from "./audit.ts";
import { type Once, shownOnce } from "./once.ts";
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

export function createAcceptedToolWrites(
  write: StatementWriter,
  append: AppendAuditEvent,
  once: Once,
) {
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
    *putAcceptedTools(
      source: string,
      before: string | null,
      value: string,
      events: readonly AuditEvent[],
    ): Operation<boolean> {
      const name = nameOf(source);
      const changed = yield* before === null
        ? insert.run({ name, value })
        : update.run({ name, before, value });
      if (changed === 0) return false;
      for (const event of events) yield* append(event);
      return true;
    },

    *noteTriedCall(
      owner: Owner,
      idempotency: Idempotency,
      callId: string,
      at: Date,
    ): Operation<void> {
      yield* once(owner, idempotency, {
        id: callId,
        at,
        *make() {},
        find() {
          throw shownOnce(
            "This Idempotency-Key was used for that call already, and the answer of a call is shown only once. Call the tool with a new Idempotency-Key, or without one",
          );
        },
      });
    },
  };
}
