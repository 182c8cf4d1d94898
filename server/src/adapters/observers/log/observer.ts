import type { Logger } from "pino";
import type { TurnObserver } from "../../../ports/observer.ts";

/** One line a turn: how it ended and how long it took, never what was said. */
export function logObserver(logger: Logger): TurnObserver {
  return {
    begin({ replyId, conversationId, origin }) {
      const beganAt = performance.now();
      let firstTokenMs: number | null = null;
      const elapsedMs = () => Math.round(performance.now() - beganAt);
      return {
        asked() {},
        firstToken() {
          firstTokenMs = elapsedMs();
        },
        ended({ status, model, usage, finishReason, errorCode }) {
          const line = {
            replyId,
            conversationId,
            origin,
            status,
            model,
            finishReason,
            errorCode,
            tokens: usage?.totalTokens,
            cachedTokens: usage?.cachedTokens,
            reasoningTokens: usage?.reasoningTokens,
            costUsd: usage?.costUsd,
            firstTokenMs,
            elapsedMs: elapsedMs(),
          };
          if (status === "failed") logger.warn(line, "turn failed");
          else logger.info(line, "turn ended");
        },
      };
    },
  };
}
