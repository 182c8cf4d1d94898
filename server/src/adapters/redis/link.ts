import { Redis, type RedisOptions } from "ioredis";
import { answeredWithin } from "./answered-within.ts";
import { type Listener, subscriptions } from "./subscriptions.ts";

/**
 * One replica's way to Redis, for everything that needs it: a connection for commands and one for
 * subscriptions. Nothing ever waits for a Redis that is away: commands under way fail when their time
 * is up, and from then on every command fails at once until Redis answers again.
 */
export type RedisLink = {
  /** Names this process among those that share the Redis. */
  readonly replicaId: string;
  /** The prefix of the names of all keys and channels. */
  readonly prefix: string;
  readonly isUp: boolean;
  /** How many replicas were there when Redis was last asked; at least 1. */
  readonly replicas: number;
  /** For libraries that want a client: inside of `run`, which keeps the time limit. */
  readonly client: Redis;
  /** @throws RedisAway @throws Error what Redis itself refused (it is full, for example) */
  run<Result>(command: (client: Redis) => Promise<Result>): Promise<Result>;
  /** Gives how many connections were listening. @throws as run */
  publish(channel: string, message: string): Promise<number>;
  /** Hears a channel, also again after Redis was away, until the given function is called. */
  listen(channel: string, listener: Listener): () => void;
  /** Calls the listener whenever `isUp` changes. */
  onChange(listener: (isUp: boolean) => void): void;
  close(): Promise<void>;
};

class RedisAway extends Error {
  constructor(cause?: unknown) {
    super("Redis does not answer", { cause });
    this.name = "RedisAway";
  }
}

const COMMAND_MS = 400;
const CONNECT_MS = 1000;
const MAX_PAUSE_MS = 500;
const BEAT_MS = 1000;
const PROBE_MS = 250;
/** So long without an answer, and the connection itself is given up. */
const SILENCE_MS = 2500;

/**
 * Resolves when Redis answers, or after a second without it, because the server also starts without Redis.
 * @param url a URL with redis:// or rediss:// and the number of the database as its path
 * @param options.prefix distinguishes this installation from others on the same Redis
 * @param options.commandTimeoutMs after how long without an answer to a command Redis is taken to be away
 */
export async function openRedisLink(
  url: string,
  {
    replicaId,
    prefix: given,
    commandTimeoutMs = COMMAND_MS,
  }: {
    readonly replicaId: string;
    readonly prefix: string;
    readonly commandTimeoutMs?: number;
  },
): Promise<RedisLink> {
  const options = {
    connectTimeout: CONNECT_MS,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    keepAlive: 5000,
    retryStrategy: (times: number) => Math.min(50 * times, MAX_PAUSE_MS),
    reconnectOnError: (error: Error) => error.message.startsWith("READONLY"),
  } satisfies RedisOptions;
  const client = new Redis(url, { ...options, connectionName: `colloquy:${replicaId}` });
  const subscriber = new Redis(url, {
    ...options,
    connectionName: `colloquy:${replicaId}:subscriber`,
  });
  // Channels are not separated by database, so their names contain its number.
  const prefix = `${given}${client.options.db ?? 0}:`;
  const everybody = `${prefix}replicas`;
  const echo = `${prefix}replica:${replicaId}`;
  const listeners = new Set<(isUp: boolean) => void>();
  const heard = subscriptions(subscriber);
  let isUp = false;
  let isClosed = false;
  let replicas = 1;
  let lastAnswerAt = 0;
  /** Since when an echo is awaited; a process that was itself too busy to send one has missed none. */
  let unheardSince: number | null = null;
  let waiting: NodeJS.Timeout | undefined;
  const first = Promise.withResolvers<void>();

  const setUp = (now: boolean) => {
    if (isUp === now || isClosed) return;
    isUp = now;
    for (const listener of listeners) listener(now);
    schedule(now ? BEAT_MS : PROBE_MS);
    if (now) first.resolve();
  };

  const run = async <Result>(command: (client: Redis) => Promise<Result>): Promise<Result> => {
    if (!isUp) throw new RedisAway();
    try {
      return await answeredWithin(command(client), commandTimeoutMs);
    } catch (error) {
      if (isRefusal(error)) throw error;
      setUp(false);
      throw new RedisAway(error);
    }
  };

  /** Goes the whole way: a command, and its message back through the subscription. */
  const beat = async () => {
    const now = performance.now();
    try {
      unheardSince ??= now;
      const [answer] = await answeredWithin(
        Promise.all([client.pubsub("NUMSUB", everybody), client.publish(echo, "")]),
        commandTimeoutMs,
      );
      lastAnswerAt = performance.now();
      replicas = Math.max(1, Number(answer[1]));
    } catch (error) {
      if (!isRefusal(error)) setUp(false);
      if (client.status === "ready" && now - lastAnswerAt > SILENCE_MS) {
        lastAnswerAt = now;
        client.disconnect(true);
      }
    }
    if (subscriber.status === "ready" && unheardSince !== null && now - unheardSince > SILENCE_MS) {
      unheardSince = null;
      setUp(false);
      subscriber.disconnect(true);
    }
    schedule(isUp ? BEAT_MS : PROBE_MS);
  };

  const schedule = (milliseconds: number) => {
    clearTimeout(waiting);
    if (!isClosed) waiting = setTimeout(beat, milliseconds).unref();
  };

  // Another replica has come: it is counted at once.
  heard.listen(everybody, () => schedule(0));
  heard.listen(echo, () => {
    unheardSince = null;
    setUp(client.status === "ready" && performance.now() - lastAnswerAt < SILENCE_MS);
  });
  for (const connection of [client, subscriber]) {
    // `isUp` shows the problem, and ioredis reconnects by itself.
    connection.on("error", () => {});
    connection.on("close", () => setUp(false));
  }
  client.on("ready", () => {
    lastAnswerAt = performance.now();
    schedule(0);
  });
  subscriber.on("ready", () => {
    unheardSince = null;
    heard.renew().then(
      () => {
        client.publish(everybody, "").catch(() => {});
        schedule(0);
      },
      () => subscriber.disconnect(true),
    );
  });
  schedule(PROBE_MS);
  const patience = setTimeout(first.resolve, CONNECT_MS);
  await first.promise;
  clearTimeout(patience);

  return {
    replicaId,
    prefix,
    client,
    get isUp() {
      return isUp;
    },
    get replicas() {
      return replicas;
    },
    run,
    publish: (channel, message) => run((commands) => commands.publish(channel, message)),
    listen: heard.listen,
    onChange: (listener) => void listeners.add(listener),
    async close() {
      isClosed = true;
      isUp = false;
      clearTimeout(waiting);
      client.disconnect();
      subscriber.disconnect();
    },
  };
}

/** Redis answered, and said no. */
const isRefusal = (error: unknown): boolean =>
  error instanceof Error &&
  error.name === "ReplyError" &&
  !/^(?:LOADING|READONLY)/.test(error.message);
