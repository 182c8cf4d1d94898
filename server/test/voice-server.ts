// A server with the voice wire's socket and the engines that a test chooses.
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newUuid, systemClock } from "../src/adapters/clocks/system/clock.ts";
import { memoryConversationLock } from "../src/adapters/conversation-locks/memory/conversation-lock.ts";
import { keyCredentials } from "../src/adapters/credentials/keys/credentials.ts";
import { memoryLimiter } from "../src/adapters/limiters/memory/limiter.ts";
import { echoProvider } from "../src/adapters/models/echo/provider.ts";
import { openAiCompatible } from "../src/adapters/models/openai-compatible/provider.ts";
import { openSqliteStore } from "../src/adapters/stores/sqlite/store.ts";
import { memoryTurnLog } from "../src/adapters/turn-logs/memory/turn-log.ts";
import { createAccess } from "../src/core/access/access.ts";
import { createAdmission } from "../src/core/access/admission.ts";
import { createBudgets } from "../src/core/access/budgets.ts";
import { createLimits, type LimitRules } from "../src/core/access/limits.ts";
import { createConversations } from "../src/core/conversations.ts";
import { createModels } from "../src/core/models.ts";
import { createCheckpoints } from "../src/core/turns/checkpoints.ts";
import { createDeadlines } from "../src/core/turns/deadlines.ts";
import { createPendingEndings } from "../src/core/turns/pending-endings.ts";
import { createTurns } from "../src/core/turns/turns.ts";
import type { Speech } from "../src/core/voice/parts.ts";
import { createVoiceSessions } from "../src/core/voice/sessions.ts";
import { voiceSocket } from "../src/dialects/voice/socket.ts";
import type { AppError } from "../src/domain/errors.ts";
import { DEFAULT_USER, LOCAL_TENANT } from "../src/domain/principal.ts";
import { plainErrorReply } from "../src/http/plain-errors.ts";
import { attachSockets } from "../src/http/sockets.ts";
import type { VoiceActivityDetector } from "../src/ports/speech.ts";
import { startModelServer } from "./model-server.ts";

export const LOCAL_OWNER = { tenantId: LOCAL_TENANT, userId: DEFAULT_USER, models: null };

/** Hears nothing; for sessions without a recogniser. */
const deafDetector: VoiceActivityDetector = {
  name: "deaf",
  frameSamples: 512,
  ready: async () => {},
  close: async () => {},
  open: () => ({ push: () => 0, reset: () => {}, close: () => {} }),
};

export type VoiceServerOptions = {
  readonly speech?: Partial<Speech>;
  /** The built-in echo answers instead of the scripted model server. */
  readonly builtIn?: boolean;
  readonly socketsPerAddress?: number;
  readonly limits?: LimitRules;
};

export async function startVoiceServer(options: VoiceServerOptions = {}) {
  await using opened = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "colloquy-voice-"));
  opened.defer(() => rm(directory, { recursive: true, force: true }));
  const model = opened.use(await startModelServer());
  const store = await openSqliteStore({ directory, exclusive: true });
  opened.defer(() => store.close());
  const scripted = openAiCompatible({ name: "scripted", baseUrl: model.url });
  opened.defer(() => scripted[Symbol.asyncDispose]());
  const models = createModels([options.builtIn ? echoProvider() : scripted], {
    isDefaultChosen: true,
    allowed: null,
    defaultModel: options.builtIn ? "builtin/echo" : "scripted",
    fallbacks: [],
    contextTokens: null,
  });
  const internalErrors: AppError[] = [];
  const observation = { asked() {}, firstToken() {}, ended() {} };
  const turns = createTurns({
    store,
    models,
    log: memoryTurnLog(),
    lock: memoryConversationLock(),
    checkpoints: createCheckpoints(store, systemClock),
    clock: systemClock,
    newId: newUuid,
    observer: { begin: () => observation },
    systemPrompt: null,
    hasMemory: true,
    tools: null,
    toolWaitMs: 3_600_000,
    noteCall() {},
    showFiles: async (_, messages) => [...messages],
    deadlines: createDeadlines(systemClock, 60_000),
    pendingEndings: createPendingEndings(store, systemClock),
    budgets: createBudgets(store, systemClock, {
      userTokensPerDay: null,
      tenantTokensPerDay: null,
      answerTokens: 4096,
    }),
  });
  const conversations = createConversations({
    store,
    turns,
    models,
    clock: systemClock,
    newId: newUuid,
    temporaryMs: 3_600_000,
  });
  const speech: Speech = {
    detector: deafDetector,
    transcriber: null,
    synthesizer: null,
    ...options.speech,
  };
  const sessions = createVoiceSessions({
    turns,
    store,
    conversations,
    speech,
    clock: systemClock,
    newId: newUuid,
  });
  const decide = createAccess(keyCredentials(store, systemClock), { anonymous: "unclaimed" });
  const server = createServer((_request, response) => response.end());
  const sockets = attachSockets(server, {
    handlers: [
      voiceSocket({
        sessions,
        decide,
        admit: createAdmission(decide, createLimits(memoryLimiter(), options.limits ?? null), {
          left: async () => null,
        }),
        now: systemClock.now,
        sampleRateHz: 16_000,
        onInternalError: (error) => internalErrors.push(error),
      }),
    ],
    otherErrorReply: plainErrorReply,
    origins: { listed: [], publicOrigin: null },
    trustedProxies: [],
    welcomesLocalPages: async () => false,
    onRefusedOrigin() {},
    watchCredential: () => () => {},
    enter: () => () => {},
    redeemTicket: () => Promise.reject(new Error("there are none")),
    socketsPerAddress: options.socketsPerAddress ?? null,
    openPerUser: null,
    hold: memoryLimiter().hold,
    onInternalError: (error) => internalErrors.push(error),
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  opened.defer(async () => {
    await sockets.close();
    sessions.close();
    await turns.drain(0);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  const resources = opened.move();
  return {
    port,
    url: `ws://127.0.0.1:${port}/ws`,
    model,
    store,
    turns,
    conversations,
    /** What no client should ever be the cause of. */
    internalErrors,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
