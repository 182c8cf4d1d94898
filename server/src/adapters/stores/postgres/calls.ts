import type { Call, PlainStatement, Value } from "../sql/statement.ts";
import type { Scope } from "../sql/store.ts";

/* The statements around an operation's own. */

const plain = (sql: string): PlainStatement => ({ sql, isWrite: false, givesArrays: false });
const call = (statement: PlainStatement, values: Value[] = []): Call => ({
  statement,
  values,
  wants: "first",
});

/** Refused at once by a standby, which answers after a failover until it takes over. */
export const BEGIN = call(plain("BEGIN READ WRITE"));
export const COMMIT = call(plain("COMMIT"));
export const ROLLBACK = call(plain("ROLLBACK"));

const enter = plain(`SELECT set_config('colloquy.tenant_id', $1, true),
  set_config('colloquy.owner_id', $2, true), set_config('colloquy.everyone', $3, true)`);

/** Says, until the end of the transaction, whose rows may be seen. */
export const scopeCall = (scope: Scope): Call =>
  typeof scope === "string"
    ? call(enter, ["", "", scope === "nobody" ? "off" : "on"])
    : call(enter, [scope.tenantId, scope.userId, "off"]);

const limitTime = plain("SELECT set_config('statement_timeout', $1, true)");

/** Says, until the end of the transaction, how long a statement may take. */
export const timeoutCall = (milliseconds: number): Call => call(limitTime, [String(milliseconds)]);

const open = plain(`SELECT set_config('colloquy.replica', $1, true),
  (SELECT count(pg_advisory_xact_lock(key)) FROM unnest($2::bigint[]) AS key),
  pg_current_xact_id()::text AS transaction_id`);

type Locking = { readonly scope: Scope; readonly alsoLocked?: Scope };

/**
 * Takes the locks of all owners of a batch until the end of the transaction, and gives its id. In the
 * order of the keys, so that two who want the same ones cannot wait for each other.
 */
export function enterCall(replica: number | null, requests: readonly Locking[]): Call {
  const keys = new Set<number>();
  for (const { scope, alsoLocked } of requests) {
    keys.add(keyOf(scope));
    if (alsoLocked) keys.add(keyOf(alsoLocked));
  }
  const sorted = [...keys].sort((one, other) => one - other);
  return call(open, [replica === null ? "" : String(replica), `{${sorted.join(",")}}`]);
}

/** What each transaction leaves: the last of a writer, by its number. */
export type Mark = { readonly writer: string; readonly number: number };

const mark = plain(`INSERT INTO commit_marks VALUES ($1, $2::bigint, now())
  ON CONFLICT (writer) DO UPDATE SET number = excluded.number, marked_at = excluded.marked_at`);
export const markCall = ({ writer, number }: Mark): Call => call(mark, [writer, number]);

const marked = plain("SELECT number FROM commit_marks WHERE writer = $1");
/** The number of the last transaction of that writer that was committed. */
export const markedCall = ({ writer }: Mark): Call => call(marked, [writer]);

/**
 * Null for an id that a database which crashed has forgotten and not given again yet: later than one
 * given now. (The end of a snapshot would not do: it may be before the newest that are under way.)
 */
const status = plain(`SELECT CASE WHEN $1::xid8 < pg_current_xact_id()
  THEN pg_xact_status($1::xid8) END AS status`);
export const transactionStatusCall = (id: string): Call => call(status, [id]);

/** Not one that waits for a synchronous standby: ended, it would count as committed without being there. */
const terminate = plain(`SELECT pg_terminate_backend(pid) AS is_ended FROM pg_stat_activity
  WHERE pid = $1 AND wait_event IS DISTINCT FROM 'SyncRep'`);
export const terminateCall = (processId: number): Call => call(terminate, [processId]);

export const isSameScope = (one: Scope, other: Scope | null): boolean =>
  one === other ||
  (typeof one === "object" &&
    typeof other === "object" &&
    one.tenantId === other?.tenantId &&
    one.userId === other.userId);

/** A number that two owners hardly share; if they do, they only wait for each other. */
export function keyOf(scope: Scope): number {
  if (typeof scope === "string") return ["everyone", "nobody", "replicas"].indexOf(scope) + 1;
  let high = 0x811c9dc5;
  let low = 0x01000193;
  const text = `${scope.tenantId}\n${scope.userId}`;
  for (let place = 0; place < text.length; place++) {
    const unit = text.charCodeAt(place);
    high = Math.imul(high ^ unit, 0x01000193);
    low = Math.imul(low ^ unit, 0x85ebca6b);
  }
  return (high >>> 12) * 2 ** 32 + (low >>> 0);
}
