import type { DecideAccess } from "../../core/access/access.ts";
import type { Admit } from "../../core/access/admission.ts";
import type { Tickets } from "../../core/access/tickets.ts";
import type { Agents } from "../../core/agents.ts";
import type { Conversations } from "../../core/conversations.ts";
import type { Files } from "../../core/files.ts";
import type { Models } from "../../core/models.ts";
import type { Turns } from "../../core/turns/turn.ts";
import type { Speech } from "../../core/voice/parts.ts";
import type { AppError } from "../../domain/errors.ts";

/** The wire's name, in limits, metrics and the conversations begun through it. */
export const ORIGIN = "realtime";

/** What the wire asks of the core. */
export type RealtimeParts = {
  readonly decide: DecideAccess;
  readonly admit: Admit;
  readonly agents: Agents;
  readonly tickets: Pick<Tickets, "issueSecret" | "openSecret">;
  readonly conversations: Conversations;
  readonly models: Models;
  readonly files: Files;
  readonly turns: Turns;
  readonly speech: Speech;
  readonly now: () => Date;
  /** How long a session may last. */
  readonly sessionMs: number;
  readonly clock: {
    now(): Date;
    sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
  };
  readonly newId: () => string;
  /** SYSTEM_PROMPT: for sessions without instructions of their own. */
  readonly systemPrompt: string | null;
  /** Told of errors that are the server's own fault. @param place where they were */
  readonly onInternalError: (error: AppError, place: string, requestId: string | null) => void;
};
