import { Client } from "pg";
import { DatabaseFailure, toStoreError } from "./failures.ts";

/** What an operator should know of a database before it is used. */
export type DatabaseFacts = {
  /** `15.4` */
  readonly version: string;
  /** Row-level security does not hold the user: the second wall between owners is missing. */
  readonly isUnbounded: boolean;
  /** What is acknowledged is on disk. */
  readonly isDurable: boolean;
  readonly mostConnections: number;
  readonly roundTripMs: number;
};

const PATIENCE_MS = 5_000;

/** Looks and changes nothing. @throws AppError unavailable, saying what to do */
export async function examineDatabase(url: string): Promise<DatabaseFacts> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: PATIENCE_MS,
    query_timeout: PATIENCE_MS,
  });
  client.on("error", () => {});
  try {
    await client.connect();
    const { rows } = await client.query(
      `SELECT current_setting('server_version') AS version,
        current_setting('fsync') = 'on' AND current_setting('full_page_writes') = 'on' AS is_durable,
        current_setting('max_connections')::int AS most_connections,
        (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user) AS is_unbounded`,
    );
    const begunAt = performance.now();
    await client.query("SELECT 1");
    const [facts] = rows;
    return {
      version: String(facts.version).split(" ")[0] ?? "",
      isUnbounded: facts.is_unbounded,
      isDurable: facts.is_durable,
      mostConnections: facts.most_connections,
      roundTripMs: performance.now() - begunAt,
    };
  } catch (error) {
    throw toStoreError(new DatabaseFailure(error));
  } finally {
    await client.end().catch(() => {});
  }
}
