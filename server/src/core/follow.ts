import { AppError, notFound } from "../domain/errors.ts";
import type { Message } from "../domain/message.ts";
import type { Owner } from "../domain/principal.ts";
import { endingOf, type TurnEnding } from "../domain/turn.ts";
import type { LiveEvent } from "../ports/turn-log.ts";
import type { TurnParts } from "./turn.ts";

type FollowParts = Pick<TurnParts, "store" | "log">;

/** The live log while there is one; then, from the stored reply, what the log would have said. */
export const follow = (
  { store, log }: FollowParts,
  owner: Owner,
  replyId: string,
  position: number,
  signal: AbortSignal,
): AsyncIterable<LiveEvent> =>
  log.follow(replyId, position, signal) ?? followStored(store, owner, replyId, position);

async function* followStored(
  store: FollowParts["store"],
  owner: Owner,
  replyId: string,
  position: number,
): AsyncIterable<LiveEvent> {
  const turn = await store.getTurn(owner, replyId);
  if (!turn) throw notFound("reply");
  const { reply } = turn;
  if (position < reply.content.length)
    yield { type: "delta", position: reply.content.length, text: reply.content.slice(position) };
  const ending = endingOf(reply);
  if (!ending)
    throw new AppError(
      "unavailable",
      "This reply is being generated, but its live stream cannot be reached now. Try again in a moment",
      { retryAfterMs: 1000 },
    );
  // Whoever saw more than a crash left is past the ending, and has not seen it.
  if (position !== ending.position) yield ending;
}

/** Waits for the ending of a turn that another request began. */
export async function endOf(parts: FollowParts, owner: Owner, reply: Message): Promise<TurnEnding> {
  const ended = endingOf(reply);
  if (ended) return ended;
  for await (const event of follow(parts, owner, reply.id, 0, new AbortController().signal))
    if (event.type !== "delta") return event;
  throw notFound("reply");
}
