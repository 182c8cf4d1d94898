import type { FastifyInstance } from "fastify";
import { createAccess } from "./core/access.ts";
import { createAdmission } from "./core/admission.ts";
import { createAgents } from "./core/agents.ts";
import { createCheckpoints } from "./core/checkpoints.ts";
import { createConversations } from "./core/conversations.ts";
import { createHealthCheck } from "./core/health.ts";
import { createLimits, type LimitRules } from "./core/limits.ts";
import type { Models } from "./core/models.ts";
import type { TurnParts } from "./core/turn.ts";
import { createTurns } from "./core/turns.ts";
import { chatV1Wire } from "./dialects/chat-v1/index.ts";
import { operationsWire } from "./dialects/operations/index.ts";
import { voiceWire } from "./dialects/voice/index.ts";
import { createHttpServer, type HttpOptions } from "./http/server.ts";
import type { Credentials } from "./ports/credentials.ts";
import type { Limiter } from "./ports/limiter.ts";
import type { Store } from "./ports/store.ts";

/** What an application is made of; main.ts chooses each. */
export type AppParts = Pick<
  TurnParts,
  "log" | "lock" | "clock" | "newId" | "observer" | "systemPrompt"
> &
  Pick<HttpOptions, "origins" | "trustedProxies" | "onInternalError" | "onAnswer"> & {
    readonly store: Store;
    readonly models: Models;
    readonly credentials: Credentials;
    readonly limiter: Limiter;
    readonly limitRules: LimitRules;
    readonly anonymousLoopback: boolean;
    readonly chatIdleMs: number;
    readonly version: string;
    readonly renderMetrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
  };

export type App = {
  /** Not listening yet. */
  readonly http: FastifyInstance;
  /** Background work of the core, until aborted. */
  run(signal: AbortSignal): Promise<void>;
  /** Refuses new turns and waits for those that run, at most that long. */
  drain(timeoutMs: number): Promise<void>;
  readonly countSockets: () => number;
};

/** Puts the parts together; knows what there is, decides nothing. */
export async function createApp(parts: AppParts): Promise<App> {
  const { store, models, clock, newId, version } = parts;
  const decide = createAccess(parts.credentials, { anonymousLoopback: parts.anonymousLoopback });
  const limits = createLimits(parts.limiter, parts.limitRules);
  const admit = createAdmission(decide, limits);
  const checkpoints = createCheckpoints(store, clock);
  const turns = createTurns({ ...parts, checkpoints });
  const conversations = createConversations({ store, turns, clock, newId });
  const agents = createAgents(store, clock, newId);
  const checkHealth = createHealthCheck(store, models, { transcriber: null, synthesizer: null });
  const countSockets = () => 0;

  const http = await createHttpServer({
    ...parts,
    wires: [
      operationsWire({ decide, renderMetrics: parts.renderMetrics }),
      voiceWire({ checkHealth, limits, version, countSockets, now: clock.now, homePath: "/docs" }),
      chatV1Wire({ admit, conversations, turns, agents, models }),
    ],
  });
  return { http, run: checkpoints.run, drain: turns.drain, countSockets };
}
