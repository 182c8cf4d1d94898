import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readConfig } from "../src/config/config.ts";
import { startServer as start } from "../src/main.ts";
import type { TurnObserver } from "../src/ports/observer.ts";
import { openStorage } from "../src/wiring/storage.ts";
import type { ToolOptions } from "../src/wiring/tools.ts";
import { type MakeWire, WIRES } from "../src/wiring/wires.ts";
import { startHaproxy } from "./haproxy.ts";
import { startModelServer } from "./model-server.ts";
import { createMigratedDatabase, sharedRedisUrl, type TestDatabase } from "./services.ts";

export type StartOptions = {
  /** Settings over the test's own: a port of the system's choice, limits off, the scripted model. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Without a model server: the built-in model answers. */
  readonly builtIn?: boolean;
  /** A folder to use and leave; otherwise a new one that goes with the server. */
  readonly directory?: string;
  /** Whether it shows a code for the first key, as on a terminal; default: yes. */
  readonly canShowCode?: boolean;
  /** Told of every turn, besides the log and the metrics. */
  readonly observers?: readonly TurnObserver[];
  /** Wires beside those of the product. */
  readonly moreWires?: readonly MakeWire[];
  /** All wires; otherwise those of the product. */
  readonly wires?: readonly MakeWire[];
  /** What it stands on; otherwise what TEST_BACKEND says. */
  readonly backend?: Backend;
} & ToolOptions;

/**
 * `sqlite`: the embedded store. `postgres`: one server on a database of its own. `replicas`: two on
 * one, with a Redis, behind a proxy that sends every request to any of them.
 */
export type Backend = "sqlite" | "postgres" | "replicas";

export const BACKEND = backendOf(process.env.TEST_BACKEND || "sqlite");

/** For a test of what cannot differ where servers share a database: it is run on the embedded store alone. */
export const ONCE: { readonly skip: string | false } = {
  skip: BACKEND !== "sqlite" && "it is the same on every store, and tried on the embedded one",
};

function backendOf(name: string): Backend {
  if (name === "sqlite" || name === "postgres" || name === "replicas") return name;
  throw new Error(`TEST_BACKEND is sqlite, postgres or replicas, not '${name}'`);
}

/** Servers that share a folder share a database: one for each folder, as long as the tests run. */
const databases = new Map<string, Promise<TestDatabase>>();

function databaseFor(directory: string): Promise<TestDatabase> {
  const known = databases.get(directory) ?? createMigratedDatabase();
  databases.set(directory, known);
  return known;
}

/** A whole server, as `colloquy serve` starts it, with a scripted model server behind it. */
export async function startServer(options: StartOptions = {}) {
  await using opened = new AsyncDisposableStack();
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), "colloquy-test-")));
  if (!options.directory) opened.defer(() => rm(directory, { recursive: true, force: true }));
  const model = opened.use(await startModelServer());
  const backend = options.backend ?? BACKEND;
  const database = backend === "sqlite" ? null : await databaseFor(directory);
  if (database && !options.directory) opened.use(database);
  const environment = {
    PORT: "0",
    HOST: "127.0.0.1",
    DATA_DIR: directory,
    RATE_LIMITS: "off",
    LOG_LEVEL: "error",
    OLLAMA_BASE_URL: "http://127.0.0.1:9",
    ...(options.builtIn ? {} : { OPENAI_BASE_URL: model.url, MODEL: "scripted" }),
    ...(database && { DATABASE_URL: database.url }),
    ...(backend === "replicas" && {
      REDIS_URL: await sharedRedisUrl(),
      REDIS_PREFIX: `test:${randomUUID()}:`,
      FILES_SHARED: "true",
    }),
    ...options.environment,
  };
  const config = readConfig(environment);
  const open = async () => {
    const opening = await start(config, {
      canShowCode: options.canShowCode ?? true,
      observers: options.observers ?? [],
      tools: options.tools ?? [],
      ...(options.resolveName && { resolveName: options.resolveName }),
      ...(options.reconnectPauseMs !== undefined && { reconnectPauseMs: options.reconnectPauseMs }),
      wires: [...(options.wires ?? WIRES), ...(options.moreWires ?? [])],
    });
    opened.defer(() => opening.close(0));
    return opening;
  };
  const server = await open();
  const other = backend === "replicas" ? await open() : null;
  const proxy = other && opened.use(await startHaproxy([server.port, other.port]));
  /** A test that closes the store takes it from every replica. */
  const store = new Proxy(server.store, {
    get(target, name) {
      if (name === "close") return () => Promise.all([target.close(), other?.store.close()]);
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const resources = opened.move();
  return {
    ...server,
    store,
    ...(proxy && { url: proxy.url, port: proxy.port }),
    /** Of each replica, past the proxy; of the server itself where there is one. */
    replicaUrls: [server, other].flatMap((replica) => replica?.url ?? []),
    directory,
    model,
    /** The same store as another program opens it beside the server. */
    openStoreBeside: () => openStorage(config, { isServer: false }),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
