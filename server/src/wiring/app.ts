import type { FastifyInstance } from "fastify";
import { createAccess } from "../core/access/access.ts";
import { createAdmission } from "../core/access/admission.ts";
import { type BudgetLimits, createBudgets } from "../core/access/budgets.ts";
import { createConcurrencyLimit, withConcurrencyLimit } from "../core/access/concurrency-limit.ts";
import { createInstallationSecret } from "../core/access/installation-secret.ts";
import { createLimits, type LimitRules } from "../core/access/limits.ts";
import { createSessionWatch } from "../core/access/session-watch.ts";
import { createShares } from "../core/access/shares.ts";
import { createTickets } from "../core/access/tickets.ts";
import { createAgents } from "../core/agents.ts";
import { createAudit } from "../core/audit.ts";
import { createConversations } from "../core/conversations.ts";
import { createFileSweep } from "../core/file-sweep.ts";
import { createFiles, type FileObserver } from "../core/files.ts";
import { createHealthCheck, createStoreCheck, type SpeechHealth } from "../core/health.ts";
import { createImportChats } from "../core/importing/imports.ts";
import type { Models } from "../core/models.ts";
import { createTemporarySweep } from "../core/temporary-sweep.ts";
import { builtInTools } from "../core/tools/built-in.ts";
import { memoryTools } from "../core/tools/memory-tools.ts";
import { createQuestions } from "../core/tools/questions.ts";
import { createSignInDesk } from "../core/tools/sign-in-desk.ts";
import { createSourceDesk } from "../core/tools/source-desk.ts";
import { toolsOf } from "../core/tools/tools.ts";
import { createAbandonedReplies } from "../core/turns/abandoned.ts";
import { createCheckpoints } from "../core/turns/checkpoints.ts";
import { createDeadlines } from "../core/turns/deadlines.ts";
import { createPendingEndings } from "../core/turns/pending-endings.ts";
import { createShowFiles } from "../core/turns/prompt-files.ts";
import { createSharedAnswers } from "../core/turns/shared-answers.ts";
import { createTitles } from "../core/turns/titles.ts";
import type { TurnParts } from "../core/turns/turn.ts";
import { createTurns } from "../core/turns/turns.ts";
import type { Speech } from "../core/voice/parts.ts";
import { createVoiceSessions } from "../core/voice/sessions.ts";
import { errorReply as otherErrorReply } from "../dialects/chat/errors.ts";
import type { AnonymousMode } from "../domain/access.ts";
import type { AppError } from "../domain/errors.ts";
import { createHttpServer, type HttpOptions } from "../http/server.ts";
import { attachSockets, type SocketOptions, type Sockets } from "../http/sockets.ts";
import type { AnswerExchange } from "../ports/answer-exchange.ts";
import type { DeriveId } from "../ports/clock.ts";
import type { Credentials } from "../ports/credentials.ts";
import type { FileStore } from "../ports/file-store.ts";
import type { Limiter } from "../ports/limiter.ts";
import type { MintSecret } from "../ports/secret-store.ts";
import type { MintShareToken } from "../ports/share-store.ts";
import type { AbandonedReply, Store } from "../ports/store.ts";
import type { TicketMint } from "../ports/tickets.ts";
import { createKept } from "./kept.ts";
import type { ToolParts } from "./tools.ts";
import { createWaysIn, type WaysInParts } from "./ways-in.ts";
import type { MakeWire, WireParts } from "./wires.ts";

/** The parts of an application, which main.ts chooses. */
export type AppParts = Pick<
  TurnParts,
  "log" | "lock" | "clock" | "newId" | "observer" | "systemPrompt" | "hasMemory" | "toolWaitMs"
> &
  Pick<
    HttpOptions,
    | "origins"
    | "basePath"
    | "trustedProxies"
    | "certificate"
    | "requestTimeoutMs"
    | "onAnswer"
    | "onRefusedOrigin"
  > &
  Pick<SocketOptions, "socketsPerAddress"> &
  Pick<WireParts, "signIn"> &
  Pick<WaysInParts, "mintKey" | "claimCode" | "sessionMints"> & {
    readonly wires: readonly MakeWire[];
    readonly store: Store;
    readonly models: Models;
    readonly speech: Speech;
    readonly speechHealth: SpeechHealth;
    /** Null where no Redis is configured. */
    readonly isRedisUp: (() => boolean) | null;
    /** Told of every error that is the server's own fault. @param place the route's pattern, or where else it was */
    readonly onInternalError: (error: AppError, place: string, requestId: string | null) => void;
    readonly deriveId: DeriveId;
    /** Told of replies that were ended because their server is gone. */
    readonly onAbandoned: (replies: readonly AbandonedReply[]) => void;
    readonly credentials: Credentials;
    readonly ticketMint: TicketMint;
    readonly mintShareToken: MintShareToken;
    readonly mintSecret: MintSecret;
    readonly hasShareLinks: boolean;
    readonly limiter: Limiter;
    /** Null: this server runs alone. */
    readonly answerExchange: AnswerExchange | null;
    readonly limitRules: LimitRules;
    readonly anonymous: AnonymousMode;
    /** Requests and sockets of one user at a time, and replies; null: any number. */
    readonly openPerUser: number | null;
    readonly budgets: BudgetLimits;
    /** The tools that the server runs: those of its own that are used, and others, of other names. */
    readonly tools: ToolParts;
    /** The model that names conversations; null: their first words do. */
    readonly titleModel: string | null;
    /** A model that has not finished its answer by then has failed. */
    readonly answerTimeoutMs: number;
    readonly chatIdleMs: number;
    readonly sessionMs: number;
    /** The bytes of files; null: none are taken. */
    readonly fileStore: FileStore | null;
    readonly fileQuotaBytes: number | null;
    /** How long a temporary conversation is kept. */
    readonly temporaryMs: number;
    readonly fileObserver: FileObserver;
    /** The sample rate of bare PCM that voice clients send. */
    readonly sampleRateHz: number;
    readonly version: string;
    /** Where the web app's build is; null: there is none. */
    readonly webDirectory: string | null;
    readonly renderMetrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
  };

export type App = {
  /** Not listening yet. */
  readonly http: FastifyInstance;
  readonly sockets: Sockets;
  /** Background work of the core, until aborted. */
  run(signal: AbortSignal): Promise<void>;
  /** Goes on with replies of a server that is gone; those that ended with it are left alone. */
  takeOver(replies: readonly AbandonedReply[]): void;
  /** Refuses new turns and waits for those that run, at most that long; then ends every socket. */
  drain(timeoutMs: number): Promise<void>;
};

/** Puts the parts together, and decides nothing. */
export async function createApp(parts: AppParts): Promise<App> {
  const { store, models, clock, newId, speech, onInternalError, webDirectory } = parts;
  const homePath = webDirectory ? "app/" : "docs";
  const { now } = clock;
  const audit = createAudit(store, clock);
  const decide = audit.noted(createAccess(parts.credentials, parts));
  const sessionWatch = createSessionWatch(parts.credentials, clock, parts);
  const isClaimed = (): Promise<boolean> => parts.credentials.isClaimed();
  const welcomesLocalPages = async () => parts.anonymous !== "unclaimed" || !(await isClaimed());
  const limits = createLimits(parts.limiter, parts.limitRules);
  const budgets = createBudgets(store, clock, parts.budgets);
  const admit = createAdmission(decide, limits, budgets);
  const checkpoints = createCheckpoints(store, clock);
  const abandoned = createAbandonedReplies(store, clock, (replies) => {
    parts.onAbandoned(replies);
    turns.takeOver(replies.filter(({ isTaken }) => isTaken));
  });
  const deadlines = createDeadlines(clock, parts.answerTimeoutMs);
  const pendingEndings = createPendingEndings(store, clock);
  const files = createFiles({
    rows: store,
    bytes: parts.fileStore,
    clock,
    newId,
    quotaBytes: parts.fileQuotaBytes,
    observer: parts.fileObserver,
  });
  const kept = createKept(parts, files);
  const builtIn = [
    ...builtInTools(parts.tools.builtIn, { store, clock }),
    ...(parts.hasMemory ? memoryTools(kept.memories) : []),
  ];
  const titles = createTitles({
    store,
    models,
    budgets,
    clock,
    isShared: parts.isRedisUp !== null,
    model: parts.titleModel,
  });
  const serverTools = toolsOf(builtIn, parts.tools.others);
  const turns = withConcurrencyLimit(
    titles.watch(
      createTurns({
        ...parts,
        budgets,
        deadlines,
        checkpoints,
        pendingEndings,
        showFiles: createShowFiles(files),
        tools: serverTools,
        noteCall: audit.noteCall,
      }),
    ),
    createConcurrencyLimit("replies", parts.openPerUser),
  );
  const answers = createSharedAnswers({ turns, clock, exchange: parts.answerExchange });
  const { enter } = createConcurrencyLimit("requests and connections", parts.openPerUser);
  const conversations = createConversations({ ...parts, turns });
  const importChats = createImportChats(store, parts.deriveId);
  const tickets = createTickets({ store, clock, sessionWatch, mint: parts.ticketMint });
  const sweep =
    parts.fileStore && createFileSweep(store, parts.fileStore, clock, parts.fileObserver);
  const expiring = createTemporarySweep(store, turns, clock);
  const questions = createQuestions({ store, turns, clock, newId });
  const { sources, signIns } = parts.tools;
  const agents = createAgents(store, clock, newId, models);
  const shares = createShares({
    store,
    clock,
    newId,
    mintToken: parts.mintShareToken,
    isOn: parts.hasShareLinks,
  });
  const sessions = createVoiceSessions({ turns, store, conversations, speech, clock, newId });
  const checkHealth = createHealthCheck(store, models, parts.speechHealth, parts.isRedisUp);
  const engines = {
    hears: speech.transcriber?.name ?? null,
    speaks: speech.synthesizer?.name ?? null,
  };
  const wireParts: WireParts = {
    ...parts,
    admit,
    agents,
    answers,
    checkHealth,
    conversations,
    countSockets: () => sockets.count(),
    decide,
    engines,
    homePath,
    importChats,
    ...createWaysIn(parts),
    isClaimed,
    isOpen: parts.anonymous === "open",
    isStoreUp: createStoreCheck(store),
    limits,
    now,
    pageOrigins: parts.origins.listed,
    ...kept,
    questions,
    serverTools,
    sealingSecret: createInstallationSecret(store, parts.mintSecret, "sealing"),
    sessions,
    shares,
    sources: createSourceDesk({
      ...{ store, clock, newId, noteCall: audit.noteCall },
      sources,
    }),
    toolSignIns: createSignInDesk(signIns, sources, questions),
    tickets,
    titles,
    files,
    turns,
  };
  const wires = parts.wires.flatMap((make) => make(wireParts) ?? []);
  const http = await createHttpServer({
    ...parts,
    homePath,
    welcomesLocalPages,
    watchCredential: sessionWatch.watch,
    enter,
    onInternalError: (error, request) =>
      onInternalError(error, request.routeOptions.url ?? "no route", request.id),
    wires,
    otherErrorReply,
  });
  const sockets = attachSockets(http.server, {
    ...parts,
    welcomesLocalPages,
    watchCredential: sessionWatch.watch,
    enter,
    redeemTicket: tickets.redeem,
    hold: limits.hold,
    onInternalError: (error, requestId) => onInternalError(error, "/ws", requestId),
    handlers: wires.flatMap(({ socket }) => socket ?? []),
    otherErrorReply,
  });
  return {
    http,
    sockets,
    async run(signal) {
      const work = [
        checkpoints,
        deadlines,
        sessionWatch,
        abandoned,
        pendingEndings,
        audit,
        expiring,
        questions,
      ];
      await Promise.all([...work, ...(sweep ? [sweep] : [])].map((it) => it.run(signal)));
    },
    takeOver: (replies) => turns.takeOver(replies.filter(({ isTaken }) => isTaken)),
    async drain(timeoutMs) {
      await turns.drain(timeoutMs);
      titles.close();
      await sockets.close();
      sessions.close();
      await audit.flush();
    },
  };
}
