// Replicas as real processes on a PostgreSQL and a Redis of their own, behind the proxy that we
// deploy, with a proxy that breaks connections in between wherever there is one.
import { freePort } from "./free-port.ts";
import { type ProxyOptions, skipWithoutHaproxy, startHaproxy } from "./haproxy.ts";
import { type ModelServer, startModelServer } from "./model-server.ts";
import { type PostgresServer, skipWithoutPostgres, startPostgres } from "./postgres-server.ts";
import { type RedisServer, skipWithoutRedis, startRedis } from "./redis-server.ts";
import { startProcess } from "./server-process.ts";
import { createDatabase } from "./services.ts";
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

export const skipWithoutReplicas = (): string | false =>
  skipWithoutPostgres() || skipWithoutRedis() || skipWithoutHaproxy();

export type Replica = {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Between the proxy and this replica. */
  readonly connections: TcpProxy;
  start(): Promise<void>;
  kill(): Promise<void>;
  /** SIGTERM. @returns the exit code */
  terminate(): Promise<number | null>;
};

export type Replicas = AsyncDisposable & {
  /** Of the proxy before them. */
  readonly url: string;
  readonly port: number;
  readonly replicas: readonly Replica[];
  readonly model: ModelServer;
  readonly postgres: PostgresServer;
  readonly redis: RedisServer;
  readonly postgresConnections: TcpProxy;
  readonly redisConnections: TcpProxy;
  /** For looking into the database, past every fault. */
  readonly administratorUrl: string;
};

export type ReplicasOptions = ProxyOptions & {
  /** Default: 2. */
  readonly count?: number;
  readonly environment?: Readonly<Record<string, string>>;
  /** Of Redis, on its command line. */
  readonly redisSettings?: readonly string[];
};

export async function startReplicas(options: ReplicasOptions = {}): Promise<Replicas> {
  await using opened = new AsyncDisposableStack();
  const postgres = opened.use(await startPostgres());
  const database = await createDatabase(postgres.url);
  const redis = opened.use(await startRedis(options.redisSettings));
  const model = opened.use(await startModelServer({ record: false }));
  const postgresConnections = opened.use(await startTcpProxy(postgres.port));
  const redisConnections = opened.use(await startTcpProxy(redis.port));
  const environment = {
    HOST: "127.0.0.1",
    DATABASE_URL: postgresConnections.through(database.url),
    REDIS_URL: redisConnections.through(redis.url),
    RATE_LIMITS: "off",
    LOG_LEVEL: "error",
    OPENAI_BASE_URL: model.url,
    MODEL: "scripted",
    OLLAMA_BASE_URL: "http://127.0.0.1:9",
    ...options.environment,
  };
  const replicas: Replica[] = [];
  for (let index = 0; index < (options.count ?? 2); index++) {
    const port = await freePort();
    const connections = opened.use(await startTcpProxy(port));
    let running: Awaited<ReturnType<typeof startProcess>> | null = null;
    const replica: Replica = {
      url: `http://127.0.0.1:${port}`,
      port,
      get pid() {
        return running?.pid ?? 0;
      },
      connections,
      async start() {
        running = await startProcess({ ...environment, PORT: String(port) });
      },
      async kill() {
        await running?.kill();
        running = null;
      },
      async terminate() {
        const code = await running?.terminate();
        running = null;
        return code ?? null;
      },
    };
    opened.defer(() => replica.kill());
    replicas.push(replica);
  }
  await Promise.all(replicas.map((replica) => replica.start()));
  const proxy = opened.use(
    await startHaproxy(
      replicas.map(({ connections }) => connections.port),
      options,
    ),
  );
  const resources = opened.move();
  return {
    url: proxy.url,
    port: proxy.port,
    replicas,
    model,
    postgres,
    redis,
    postgresConnections,
    redisConnections,
    administratorUrl: database.administratorUrl,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
