import type { FastifyReply } from "fastify";
import type { TokensLeft } from "../../core/access/budgets.ts";
import type { LimitState } from "../../core/access/limits.ts";
import type { Turn } from "../../core/turns/turn.ts";
import { idOf } from "./ids.ts";

const OPENAI_VERSION = "2020-10-01";
const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** The headers of every answer; for a stream before it opens, since its head is sent then. */
export function sendHeaders(reply: FastifyReply): void {
  reply.header("openai-version", OPENAI_VERSION);
  reply.header("openai-processing-ms", String(Math.round(reply.elapsedTime)));
}

/** Says where a request is kept. @param isHidden whether its conversation is one that no client is told of */
export function sayWhereKept(
  reply: FastifyReply,
  { conversation, replyId }: Pick<Turn, "conversation" | "replyId">,
  isHidden = false,
): void {
  reply.header("x-response-id", idOf("resp_", replyId));
  if (!isHidden) reply.header("x-conversation-id", idOf("conv_", conversation.id));
}

/** Takes that back, for a turn that was taken back. */
export function sayNothingKept(reply: FastifyReply): void {
  reply.removeHeader("x-response-id");
  reply.removeHeader("x-conversation-id");
}

/** Puts the state of the limit into headers, if there is a limit. */
export function sendLimit(reply: FastifyReply, limit: LimitState | null): void {
  if (!limit) return;
  reply.header("x-ratelimit-limit-requests", String(limit.limit));
  reply.header("x-ratelimit-remaining-requests", String(limit.remaining));
  reply.header("x-ratelimit-reset-requests", durationOf(limit.resetMs));
}

/** Puts what is left of the budget into headers, if there is a budget. */
export function sendTokensLeft(reply: FastifyReply, tokens: TokensLeft | null): void {
  if (!tokens) return;
  reply.header("x-ratelimit-limit-tokens", String(tokens.limit));
  reply.header("x-ratelimit-remaining-tokens", String(tokens.remaining));
  reply.header("x-ratelimit-reset-tokens", durationOf(tokens.resetMs));
}

/** As `250ms`, `6s`, `1m30s`, `2h0m5s`. */
export function durationOf(milliseconds: number): string {
  if (milliseconds < SECOND_MS) return `${Math.ceil(milliseconds)}ms`;
  const whole = Math.ceil(milliseconds / SECOND_MS) * SECOND_MS;
  const hours = Math.floor(whole / HOUR_MS);
  const minutes = Math.floor((whole % HOUR_MS) / MINUTE_MS);
  const seconds = (whole % MINUTE_MS) / SECOND_MS;
  if (hours > 0) return `${hours}h${minutes}m${seconds}s`;
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`;
}

/** In words: `60 minutes`, `90 seconds`. */
export const durationIn = (milliseconds: number): string =>
  milliseconds % MINUTE_MS === 0
    ? `${milliseconds / MINUTE_MS} minutes`
    : `${milliseconds / SECOND_MS} seconds`;
