import type { AnswerExchange } from "../ports/answer-exchange.ts";
import type { ConversationLock } from "../ports/conversation-lock.ts";
import type { Limiter } from "../ports/limiter.ts";
import type { TurnLog } from "../ports/turn-log.ts";

/** The parts that replicas share besides the store. */
export type Sharing = {
  readonly log: TurnLog;
  readonly lock: ConversationLock;
  readonly limiter: Limiter;
  /** Null: this server runs alone. */
  readonly answerExchange: AnswerExchange | null;
  /** Null: this server runs alone. */
  readonly isRedisUp: (() => boolean) | null;
  close(): Promise<void>;
};
