import { existsSync } from "node:fs";
import { Server as HttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { pino } from "pino";
import { derivedUuid, newUuid, systemClock } from "./adapters/clocks/system/clock.ts";
import { newClaimCode } from "./adapters/credentials/claim/code.ts";
import { keyCredentials } from "./adapters/credentials/keys/credentials.ts";
import { mints } from "./adapters/credentials/keys/mint.ts";
import { sessionMints } from "./adapters/credentials/sessions/credentials.ts";
import { logObserver } from "./adapters/observers/log/observer.ts";
import {
  type CollectedMetrics,
  prometheusMetrics,
} from "./adapters/observers/prometheus/observer.ts";
import type { Config } from "./config/config.ts";
import { allCredentials } from "./core/access/credentials.ts";
import { createModelProblems } from "./core/model-problems.ts";
import { createModels } from "./core/models.ts";
import { allObservers } from "./core/observers.ts";
import { AppError } from "./domain/errors.ts";
import { closeConnections, refuseConnections } from "./http/last-connections.ts";
import { tellOnce } from "./http/page-origins.ts";
import { type Certificate, readCertificate, watchCertificate } from "./http/tls.ts";
import type { TurnObserver } from "./ports/observer.ts";
import type { Store } from "./ports/store.ts";
import { VERSION } from "./version.ts";
import { createApp } from "./wiring/app.ts";
import { chooseFileStore } from "./wiring/files.ts";
import { chooseProviders } from "./wiring/providers.ts";
import { chooseSharing } from "./wiring/sharing.ts";
import { chooseSignIn } from "./wiring/sign-in.ts";
import { chooseSpeech } from "./wiring/speech.ts";
import { openStorage } from "./wiring/storage.ts";
import { startTidying } from "./wiring/tidying.ts";
import { chooseTools, type ToolOptions } from "./wiring/tools.ts";
import { type MakeWire, WIRES } from "./wiring/wires.ts";

/** A server that listens. */
export type RunningServer = {
  readonly url: string;
  readonly port: number;
  /** By which it speaks TLS; null: plain HTTP. */
  readonly certificate: Omit<Certificate, "pem"> | null;
  readonly store: Store;
  /** Every path that has a route: what a test of all doors must know. */
  readonly paths: ReadonlySet<string>;
  /** The default model, as it is shown to people. */
  readonly model: string;
  /** Replies that a crash had left unfinished. */
  readonly interruptedReplies: number;
  readonly isClaimed: boolean;
  /** With it a program of this machine makes the first key. Null: there is none. To be shown to whoever starts the server, and kept nowhere. */
  readonly claimCode: string | null;
  /** The names of the engines; a null one is not installed. */
  readonly speech: { readonly transcriber: string | null; readonly synthesizer: string | null };
  metrics(): Promise<CollectedMetrics>;
  /** Takes no more requests, lets replies finish for that long, and closes everything. */
  close(patienceMs?: number): Promise<void>;
};

/** The build of the web app: that of the repository for the sources (.ts), and in the package beside this file (.js). */
const WEB_DIRECTORY = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "../../web/dist" : "./web", import.meta.url),
);

export type StartOptions = {
  /** Whether whoever starts it sees what it says, and nobody else does. */
  readonly canShowCode?: boolean;
  /** Told of every turn, besides the log, metrics and traces. */
  readonly observers?: readonly TurnObserver[];
  /** What it speaks; default: every wire. */
  readonly wires?: readonly MakeWire[];
  /** The metrics of the other processes of this server, which are shown with its own. */
  readonly otherMetrics?: () => Promise<readonly CollectedMetrics[]>;
} & ToolOptions;

/** How long replies may go on at SIGTERM. */
export const DRAIN_MS = 30_000;
const LOG_FLUSH_MS = 1000;

/**
 * Starts a server by those settings. Whoever starts it closes it.
 * @throws AppError unavailable (the store), invalid_request (the certificate), NodeJS.ErrnoException (the port)
 */
export async function startServer(
  config: Config,
  {
    canShowCode = false,
    observers = [],
    wires = WIRES,
    otherMetrics = async () => [],
    ...toolOptions
  }: StartOptions = {},
): Promise<RunningServer> {
  const certificate = config.tls && readCertificate(config.tls);
  await using opened = new AsyncDisposableStack();
  const logs = pino.destination({ sync: false, minLength: 4096 });
  // Whoever read the log may have ended: no reason to end as well.
  logs.on("error", () => {});
  const logger = pino(
    { level: config.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    logs,
  );
  const flushing = setInterval(() => logs.flush(), LOG_FLUSH_MS).unref();
  opened.defer(() => {
    clearInterval(flushing);
    logs.flushSync();
  });
  const metrics = prometheusMetrics();
  const database = config.databaseUrl ? "PostgreSQL" : "SQLite";
  metrics.info({ version: VERSION, store: config.redisUrl ? `${database} and Redis` : database });
  const store = await openStorage(config, {
    isServer: true,
    onCommit: metrics.commit,
    onMigration(words) {
      logger.warn(words);
      // The event loop waits for the migration, and so would the log.
      logs.flushSync();
    },
  });
  opened.defer(() => store.close());
  const choosing = chooseProviders(config);
  const abandoned = await store.interruptAbandonedReplies(systemClock.now());
  opened.use(await startTidying(store));
  const chosen = await choosing;
  opened.defer(() => chosen.close());
  const problems = createModelProblems(systemClock, ({ provider, model, words }) =>
    logger.warn({ provider, model, problem: words }, "the model is not available to users"),
  );
  metrics.tellProblems(problems.list);
  const models = createModels(chosen.providers, {
    defaultModel: chosen.defaultModel,
    isDefaultChosen: config.model !== null,
    allowed: config.models,
    fallbacks: config.modelFallbacks,
    contextTokens: config.modelContextTokens,
    extraFields: config.modelExtraFields,
    problems,
  });
  const tracing = config.otlpEndpoint
    ? (await import("./adapters/observers/opentelemetry/observer.ts")).openTelemetryObserver(
        config.otlpEndpoint,
      )
    : null;
  if (tracing) opened.defer(() => tracing.close());

  const speechProblems = createModelProblems(systemClock, ({ provider, words }) =>
    logger.warn({ engine: provider, problem: words }, "a speech engine does not work"),
  );
  const speech = await chooseSpeech(config, (engine, error) => {
    if (error instanceof AppError && error.forOperator !== undefined)
      speechProblems.note(engine, null, error);
    else logger.warn({ engine, cause: causeOf(error) }, "a speech engine failed");
  });
  opened.defer(() => speech.close());

  const ofKeys = keyCredentials(store, systemClock);
  const { credentials: ofPeople, signIn } = await chooseSignIn(config.signIn, store, (error) =>
    logger.warn({ failure: error.failure, cause: causeOf(error.cause) }, "signing in failed"),
  );
  const credentials = allCredentials([ofKeys, ...ofPeople]);
  const { close: closeSharing, ...sharing } = await chooseSharing(config, (isUp) => {
    if (isUp) logger.info("Redis answers");
    else
      logger.warn("Redis does not answer: limits and queues are this server's own until it does");
  });
  opened.defer(() => closeSharing());

  const tools = opened.use(
    await chooseTools(config.tools, store, {
      ...{ ...toolOptions, version: VERSION },
      ...{ dataDirectory: config.dataDirectory, mintSecret: mints.mintSecret },
      onProblem: (source, problem) =>
        logger.warn({ source, problem }, "a source of tools has a problem"),
    }),
  );

  const isClaimed = await store.isClaimed();
  // Where servers share a database, the code of one would be refused by the others.
  const claimCode = canShowCode && !isClaimed && !config.databaseUrl ? newClaimCode() : null;

  const { anonymous, budgets, chatIdleMs, sessionMs, temporaryMs, toolWaitMs } = config;
  const app = await createApp({
    wires,
    store,
    models,
    speech,
    speechHealth: speech.health,
    ...sharing,
    credentials,
    signIn,
    ...mints,
    sessionMints,
    claimCode,
    hasShareLinks: config.hasShareLinks,
    hasMemory: config.hasMemory,
    clock: systemClock,
    newId: newUuid,
    deriveId: derivedUuid,
    observer: allObservers(
      [logObserver(logger), metrics.observer, ...(tracing ? [tracing.observer] : []), ...observers],
      (error) =>
        logger.error(
          { place: "observer of turns", cause: causeOf(error.cause ?? error) },
          "failed",
        ),
    ),
    systemPrompt: config.systemPrompt,
    tools,
    limitRules: config.limits,
    ...{ anonymous, budgets, chatIdleMs, sessionMs, temporaryMs, toolWaitMs },
    // The built-in model repeats what was said, which is no better than its first words.
    titleModel: chosen.providers[0].name === "builtin" ? null : config.titleModel,
    answerTimeoutMs: config.modelTotalTimeoutMs,
    fileStore: chooseFileStore(config),
    fileQuotaBytes: config.fileQuotaBytes,
    fileObserver: metrics.files,
    sampleRateHz: config.sampleRateHz,
    origins: { listed: config.corsOrigins, publicOrigin: config.publicOrigin },
    basePath: config.basePath,
    trustedProxies: config.trustedProxies,
    certificate,
    requestTimeoutMs: config.requestTimeoutMs,
    version: VERSION,
    webDirectory: existsSync(`${WEB_DIRECTORY}/index.html`) ? WEB_DIRECTORY : null,
    renderMetrics: async () => metrics.render(await otherMetrics()),
    socketsPerAddress: config.socketsPerAddress,
    openPerUser: config.openPerUser,
    onAbandoned: (replies) =>
      logger.warn(
        { replies: replies.length, takenOver: replies.filter(({ isTaken }) => isTaken).length },
        "another server is gone; the replies it left are kept as interrupted, or taken over",
      ),
    onRefusedOrigin: tellOnce((origin) =>
      logger.warn({ origin }, "pages of this origin were refused; CORS_ORIGINS does not name it"),
    ),
    onInternalError: (error, place, requestId) =>
      logger.error({ requestId, place, code: error.code, cause: causeOf(error.cause) }, "failed"),
    onAnswer(request, status, elapsedMs) {
      metrics.request(request.method, request.routeOptions.url ?? "none", status, elapsedMs);
      logger.debug(
        {
          requestId: request.id,
          method: request.method,
          route: request.routeOptions.url,
          status,
          elapsedMs: Math.round(elapsedMs),
        },
        "request",
      );
    },
  });
  metrics.countSockets(app.sockets.count);
  await app.http.listen({ host: config.host, port: config.port, backlog: 8192 });
  const { port } = app.http.server.address() as AddressInfo;
  const { server } = app.http;
  if (config.tls && server instanceof HttpsServer)
    opened.defer(
      watchCertificate(config.tls, server, ({ message }) =>
        logger.warn({ problem: message }, "the renewed certificate cannot be used"),
      ),
    );
  const stopping = new AbortController();
  const running = app.run(stopping.signal);
  app.takeOver(abandoned);
  const resources = opened.move();
  return {
    url: `${certificate ? "https" : "http"}://localhost:${port}`,
    port,
    certificate,
    store,
    paths: app.http.paths,
    model: models.nameOf(null),
    metrics: metrics.collect,
    interruptedReplies: abandoned.filter((reply) => !reply.isTaken).length,
    isClaimed,
    claimCode: claimCode?.text ?? null,
    speech: {
      transcriber: speech.transcriber?.name ?? null,
      synthesizer: speech.synthesizer?.name ?? null,
    },
    async close(patienceMs = DRAIN_MS) {
      refuseConnections(app.http.server);
      await app.drain(patienceMs);
      await closeConnections(app.http.server, patienceMs);
      await app.http.close();
      stopping.abort();
      await running;
      await resources.disposeAsync();
    },
  };
}

/** Where an error came from, without any text that may hold somebody's words. */
const causeOf = (error: unknown): string | undefined =>
  error instanceof Error
    ? `${error.name}\n${error.stack?.split("\n").slice(1, 6).join("\n") ?? ""}`
    : undefined;
