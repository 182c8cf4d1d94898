import type { FastifyReply, FastifyRequest } from "fastify";
import { LimitError, type LimitState } from "../../core/access/limits.ts";
import type { AppError } from "../../domain/errors.ts";
import { type ConversationsParts, ORIGIN } from "./parts.ts";

/** Puts the state of the limit into headers, if there is a limit. */
export function sendLimit(reply: FastifyReply, limit: LimitState | null): void {
  if (!limit) return;
  reply.header("x-ratelimit-limit", String(limit.limit));
  reply.header("x-ratelimit-remaining", String(limit.remaining));
  reply.header("x-ratelimit-reset", String(Math.ceil(limit.resetMs / 1000)));
}

/**
 * Puts the limit on errors too. A request that failed before anyone knew its user counts against
 * its address, as if that were a user; one too many of these is told so instead of its own error.
 */
export const limitErrors =
  ({ limits }: Pick<ConversationsParts, "limits">) =>
  async (error: AppError, request: FastifyRequest, reply: FastifyReply): Promise<AppError> => {
    if (error instanceof LimitError) sendLimit(reply, error.state);
    if (error instanceof LimitError || reply.hasHeader("x-ratelimit-limit")) return error;
    const address = { tenantId: "", userId: request.ip };
    try {
      sendLimit(reply, await limits.takeForUser(ORIGIN, address));
      return error;
    } catch (refusal) {
      if (!(refusal instanceof LimitError)) return error;
      sendLimit(reply, refusal.state);
      return refusal;
    }
  };
