import { type ClientBase, Pool } from "pg";
import { AppError } from "../../../domain/errors.ts";
import { DatabaseFailure } from "./failures.ts";

export type PoolOptions = {
  readonly url: string;
  /** Connections at most. */
  readonly size: number;
  /** How long a request waits for a database that does not answer. */
  readonly patienceMs: number;
  /** How long one statement may take; a share of the patience, so that there is time for another attempt. */
  readonly attemptMs?: number;
};

export type Connections = {
  /** Lends a connection. After a failure that may have broken it, it is not used again. */
  use<Result>(work: (client: ClientBase) => Promise<Result>): Promise<Result>;
  /**
   * Does it, and again when the database was away, until it was away for too long.
   * @param giveUpAt of the monotonic clock, for what has waited before; default: after the whole patience
   * @throws what the last attempt did
   */
  insist<Result>(
    attempt: (timeoutMs: number) => Promise<Result>,
    giveUpAt?: number,
  ): Promise<Result>;
  /** Resolves when those that are lent are back. */
  close(): Promise<void>;
};

export const closedError = (): AppError =>
  new AppError("unavailable", "The store is closed", { retryAfterMs: 30_000 });

const BETWEEN_ATTEMPTS_MS = 100;
const MIN_ATTEMPT_MS = 500;
/** Of the patience: an attempt that hangs leaves time for another one. */
const SHARE_OF_AN_ATTEMPT = 0.4;
const KEEP_ALIVE_MS = 10_000;
const IDLE_MS = 60_000;

/** What is acknowledged is on disk, whatever the server's own setting is. Statements are planned once. */
const SESSION = `SELECT set_config('plan_cache_mode', 'force_generic_plan', false),
  set_config('synchronous_commit', CASE WHEN setting IN ('off', 'local', 'remote_write')
    THEN 'on' ELSE setting END, false)
  FROM current_setting('synchronous_commit') AS setting`;

export function openConnections({ url, size, patienceMs, ...more }: PoolOptions): Connections {
  const shareMs = Math.max(MIN_ATTEMPT_MS, patienceMs * SHARE_OF_AN_ATTEMPT);
  const { attemptMs = shareMs } = more;
  const longestMs = Math.max(patienceMs, attemptMs);
  const pool = new Pool({
    connectionString: url,
    max: size,
    connectionTimeoutMillis: shareMs,
    idleTimeoutMillis: IDLE_MS,
    statement_timeout: longestMs,
    lock_timeout: longestMs,
    idle_in_transaction_session_timeout: longestMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    fallback_application_name: "colloquy",
    async onConnect(client) {
      await client.query(SESSION);
    },
  });
  // A connection that breaks while nobody uses it is replaced; one in use fails what it was asked.
  pool.on("error", () => {});
  pool.on("connect", (client) => client.on("error", () => {}));
  let isClosed = false;

  async function use<Result>(work: (client: ClientBase) => Promise<Result>): Promise<Result> {
    if (isClosed) throw closedError();
    const client = await pool.connect().catch((error) => {
      throw new DatabaseFailure(error);
    });
    let isBroken = false;
    try {
      return await work(client);
    } catch (error) {
      isBroken = !(error instanceof AppError);
      throw error;
    } finally {
      client.release(isBroken);
    }
  }

  return {
    use,

    async insist(attempt, giveUpAt = performance.now() + patienceMs) {
      for (;;) {
        const leftMs = giveUpAt - performance.now();
        try {
          const lastMs = Math.max(MIN_ATTEMPT_MS, Math.min(attemptMs, leftMs));
          return await attempt(attemptMs > shareMs ? attemptMs : lastMs);
        } catch (error) {
          const mayPass = error instanceof DatabaseFailure && error.isPassing;
          const isOver = giveUpAt - performance.now() < BETWEEN_ATTEMPTS_MS + MIN_ATTEMPT_MS;
          if (!mayPass || isOver || isClosed) throw error;
        }
        await new Promise((resolve) => setTimeout(resolve, BETWEEN_ATTEMPTS_MS));
      }
    },

    async close() {
      if (isClosed) return;
      isClosed = true;
      await pool.end();
    },
  };
}
