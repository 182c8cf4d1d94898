// Calls that a reply of a server like this one makes, and waits for.
import type { StartTurn } from "../../core/turns/turn.ts";
import { AppError } from "../../domain/errors.ts";
import { isUuid } from "../../http/uuid.ts";
import type { McpParts } from "./parts.ts";
import type { ToolCall } from "./tool.ts";

/** The field of `_meta` in which a server of this kind names the replies that wait for its call, the outermost first. */
const WITHIN = "colloquy/within";
/** How many replies may wait for one another in this way. */
const MAX_DEPTH = 8;

/**
 * The replies that wait for a call. None of them may be in the conversation that is to be gone on with, since the
 * replies of a conversation are given one after the other: each of the two would wait for the other one's end.
 * @throws AppError invalid_request, conflict
 */
export async function repliesThatWait(
  { turns }: Pick<McpParts, "turns">,
  { principal, meta }: Pick<ToolCall<unknown>, "principal" | "meta">,
  target: StartTurn["target"],
): Promise<readonly string[]> {
  const within = meta[WITHIN] ?? [];
  if (!Array.isArray(within) || !within.every(isReplyId))
    throw new AppError("invalid_request", `_meta["${WITHIN}"] must be a list of ids of replies`);
  if (within.length >= MAX_DEPTH)
    throw new AppError(
      "conflict",
      `Nothing was said: ${MAX_DEPTH} replies wait for each other already, each begun by a call of the one before. Answer without this call`,
    );
  if (target.kind !== "existing") return within;
  for (const replyId of within) {
    const turn = await turns.turnOf(principal, replyId);
    if (turn?.conversationId !== target.conversationId || turn.stored) continue;
    throw new AppError(
      "conflict",
      "Nothing was said: this call comes from a reply in the same conversation, which can be continued only when that reply has ended. Answer without this call, or begin another conversation by leaving out conversation_id",
    );
  }
  return within;
}

const isReplyId = (value: unknown): value is string => typeof value === "string" && isUuid(value);
