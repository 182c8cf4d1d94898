import type { SharedTurn } from "../../core/turns/shared-answers.ts";
import type { AskedOutcome } from "../../core/turns/turn.ts";
import { AppError } from "../../domain/errors.ts";
import type { JsonObject } from "../../domain/json.ts";
import type { Usage } from "../../domain/message.ts";
import { idOf } from "../openai/ids.ts";
import { countedTokens, estimateRequest } from "../openai/usage.ts";
import { createBlocks } from "./blocks.ts";
import type { MessagesRequest } from "./request.ts";

/** What a message says of itself from its beginning on. */
export const headOf = ({ id }: Pick<SharedTurn, "id">, model: string): JsonObject => ({
  id: idOf("msg_", id),
  type: "message",
  role: "assistant",
  model,
});

/** How many tokens a request has, estimated. */
export const tokensOf = ({ messages, settings }: MessagesRequest["ask"]): Promise<number> =>
  estimateRequest(messages, settings?.tools);

/** @param asked the tokens of the request, which count where the provider counts nothing, @param said all that the model said */
export async function usageBody(
  usage: Usage | null,
  asked: number,
  said: string,
): Promise<JsonObject> {
  const { tokens, mark } = await countedTokens(usage, [], [said]);
  return {
    input_tokens: usage ? Math.max(0, tokens.promptTokens - tokens.cachedTokens) : asked,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: tokens.cachedTokens,
    output_tokens: tokens.completionTokens,
    ...mark,
  };
}

/** @throws AppError why the answer is not whole */
export function wholeOutcome(outcome: AskedOutcome | null): AskedOutcome {
  if (outcome?.error) throw outcome.error;
  if (!outcome || outcome.finishes.length === 0)
    throw new AppError("unavailable", "The reply was stopped before its end. Ask again");
  return outcome;
}

/** The whole answer as one JSON body. @throws AppError why there is none */
export async function wholeMessage(
  turn: SharedTurn,
  { ask, hasThoughts }: MessagesRequest,
  gone: AbortSignal,
): Promise<JsonObject> {
  const blocks = createBlocks(hasThoughts);
  let outcome: AskedOutcome | null = null;
  for await (const event of turn.follow(gone)) {
    if (event.type === "ended") outcome = event.outcome;
    else blocks.add(event);
  }
  const ended = wholeOutcome(outcome);
  return {
    ...headOf(turn, ended.model),
    content: blocks.content(),
    stop_reason: blocks.stopReason(ended),
    stop_sequence: null,
    usage: await usageBody(ended.usage, ended.usage ? 0 : await tokensOf(ask), blocks.text()),
  };
}
