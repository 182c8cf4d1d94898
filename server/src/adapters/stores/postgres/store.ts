import { PostgresQueryCompiler } from "kysely";
import { AppError } from "../../../domain/errors.ts";
import type { Owner } from "../../../domain/principal.ts";
import type { SearchHit, SearchPage } from "../../../ports/search.ts";
import type { Store } from "../../../ports/store.ts";
import { LEASE_MS } from "../../../ports/turn-store.ts";
import { createCount } from "../sql/conversation-lists.ts";
import { createReads, createWrites } from "../sql/operations.ts";
import { createProbe } from "../sql/probe.ts";
import { MAX_SEARCH_MS } from "../sql/search-page.ts";
import { createSearchQueue } from "../sql/search-queue.ts";
import { phrasesOf } from "../sql/search-words.ts";
import { snippetSteps } from "../sql/snippet.ts";
import type { Call, Operation } from "../sql/statement.ts";
import { createStatementWriter } from "../sql/statement-writer.ts";
import { inPieces } from "../sql/steps.ts";
import { createSqlStore, type Scope, type Write } from "../sql/store.ts";
import { WRITE_SCOPES } from "../sql/write-scopes.ts";
import { scopeCall, timeoutCall } from "./calls.ts";
import { exchange } from "./exchange.ts";
import { DatabaseFailure, toStoreError } from "./failures.ts";
import { createIndexing } from "./indexing.ts";
import { createLease, type Lease } from "./lease.ts";
import { migrate } from "./migrate.ts";
import { type Connections, closedError, openConnections } from "./pool.ts";
import { createReplicaWrites } from "./replicas.ts";
import { createSearchReads } from "./search.ts";
import { createSearchChanges, createSearchIndex, wordSteps } from "./search-index.ts";
import { type OnCommit, startWriter, type Writer } from "./writer.ts";

export type PostgresStore = Store & AsyncDisposable;

export type PostgresOptions = {
  readonly url: string;
  /** A server, which others believe to live while it says so; a tool that works beside servers is none. */
  readonly isServer: boolean;
  /** Connections at most. */
  readonly poolSize?: number;
  /** How long a request waits for a database that does not answer. */
  readonly patienceMs?: number;
  /** How long this server is believed to live after a sign of life. */
  readonly leaseMs?: number;
  /** How long one statement may take: more than a share of the patience for a tool that reads all there is. */
  readonly attemptMs?: number;
  readonly onCommit?: OnCommit;
};

const POOL_SIZE = 10;
const PATIENCE_MS = 5_000;

/**
 * Opens the store in that database, which is brought to the newest version if need be.
 * @throws AppError unavailable, saying what to do
 */
export async function openPostgresStore(options: PostgresOptions): Promise<PostgresStore> {
  const { url, isServer, poolSize = POOL_SIZE, patienceMs = PATIENCE_MS } = options;
  const { leaseMs = LEASE_MS, onCommit = () => {} } = options;
  try {
    await using opening = new AsyncDisposableStack();
    const connections = openConnections({
      url,
      size: poolSize,
      patienceMs,
      ...(options.attemptMs !== undefined && { attemptMs: options.attemptMs }),
    });
    opening.defer(() => connections.close());
    await connections.insist(() =>
      connections.use((client) =>
        migrate(client).catch((error: unknown) => {
          throw error instanceof AppError ? error : new DatabaseFailure(error);
        }),
      ),
    );
    const writerOf = (replica: number | null, lanes: number) =>
      startWriter({ connections, lanes, patienceMs, replica, onCommit });
    const replicas = createReplicaWrites(statementWriter(), leaseMs);
    const replica = isServer
      ? ((await writerOf(null, 1).write("replicas", replicas.registerReplica)) as number)
      : null;
    const writer = writerOf(replica, Math.max(1, Math.floor(poolSize / 2)));
    opening.defer(() => writer.close());
    const lease =
      replica === null ? null : createLease(writerOf(replica, 1), replicas, replica, leaseMs);
    return storeOf(connections, writer, lease, opening.move());
  } catch (error) {
    throw toStoreError(error);
  }
}

const statementWriter = () => createStatementWriter(() => new PostgresQueryCompiler());

function storeOf(
  connections: Connections,
  writer: Writer,
  lease: Lease | null,
  opened: AsyncDisposableStack,
): PostgresStore {
  const statements = statementWriter();
  const reads = createReads(statements, createCount(statements));
  const searches = createSearchReads(statements);
  const searchQueue = createSearchQueue();
  const index = createSearchIndex(statements);
  const writes = createWrites(statements, createSearchChanges(statements));
  let isClosed = false;

  async function drive<Result>(
    operation: Operation<Result>,
    ask: (call: Call) => Promise<unknown>,
  ): Promise<Result> {
    if (isClosed) throw closedError();
    try {
      let step = operation.next();
      while (!step.done) step = operation.next(await ask(step.value));
      return step.value;
    } catch (error) {
      probe.doubt();
      throw toStoreError(error);
    }
  }

  const read = <Result>(scope: Scope, operation: Operation<Result>): Promise<Result> =>
    drive(operation, async (call) => {
      const calls = [scopeCall(scope), call];
      const answers = await connections.insist((timeoutMs) =>
        connections.use((client) => exchange(client, calls, timeoutMs)),
      );
      return answers[1];
    });

  /** The same with an end that the database keeps to, and after which nothing is tried again. */
  const readInTime = <Result>(owner: Owner, operation: Operation<Result>): Promise<Result> =>
    drive(operation, async (call) => {
      const calls = [scopeCall(owner), timeoutCall(MAX_SEARCH_MS), call];
      const answers = await connections.insist((timeoutMs) =>
        connections
          .use((client) => exchange(client, calls, Math.max(timeoutMs, 2 * MAX_SEARCH_MS)))
          .catch((error: unknown) => {
            throw isTooLong(error) ? tooLongError() : error;
          }),
      );
      return answers[2];
    });

  const indexing = createIndexing({
    isIndexed: (owner) => read(owner, index.isIndexed(owner)),
    async indexNext(owner, after) {
      const missing = await read(owner, index.nextMissing(owner, after));
      const words = await inPieces(wordSteps(missing));
      await writer.write(owner, () => index.addWords(owner, words));
      return missing.next;
    },
  });

  async function search(owner: Owner, query: string, page: SearchRange): Promise<SearchPage> {
    const isIndexing = !(await indexing.isDoneInTime(owner));
    const phrases = phrasesOf(query);
    const found = await readInTime(owner, searches.searchPage(owner, phrases, page));
    const endsAt = performance.now() + MAX_SEARCH_MS;
    const isOver = () => performance.now() > endsAt;
    const hits: SearchHit[] = [];
    for (const hit of found.hits) {
      const text = hit.message?.content ?? hit.conversation.title ?? "";
      hits.push({ ...hit, snippet: await inPieces(snippetSteps(text, phrases, isOver)) });
    }
    return { ...found, hits, isIndexing };
  }

  const probe = createProbe(async () => {
    await read("nobody", reads.isClaimed());
    await writer.write("nobody", () => writes.noteHealth(new Date()));
  });

  const write: Write = (name, ...given) => {
    const { scope, ...more } = WRITE_SCOPES[name](...given);
    const operation = writes[name] as (...given: unknown[]) => Operation<never>;
    const writing = writer.write(scope, () => operation(...given), more);
    writing.catch(probe.doubt);
    return writing as Promise<never>;
  };

  async function close(): Promise<void> {
    if (isClosed) return;
    isClosed = true;
    await lease?.end().catch(() => {});
    await opened.disposeAsync();
  }

  return {
    ...createSqlStore(reads, {
      read,
      pausingRead: read,
      write,
      search: (owner, query, page) => searchQueue.run(owner, () => search(owner, query, page)),
      interruptAbandonedReplies: async (now) => lease?.interruptAbandonedReplies(now) ?? [],
      ping: probe.check,
      close,
    }),
    /** Reply by reply: each is its owner's. */
    async checkpoint(replies) {
      await Promise.all(replies.map((reply) => write("checkpoint", [reply])));
    },
    [Symbol.asyncDispose]: close,
  };
}

type SearchRange = { readonly limit: number; readonly offset: number };

const QUERY_CANCELED = "57014";

const isTooLong = (error: unknown): boolean =>
  error instanceof DatabaseFailure && error.code === QUERY_CANCELED;

const tooLongError = (): AppError =>
  new AppError("unprocessable", "This search took too long: use fewer or rarer words", {
    field: "q",
  });
