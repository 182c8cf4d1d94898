import { AppError, notFound } from "../../domain/errors.ts";
import type { Message } from "../../domain/message.ts";
import type { Owner } from "../../domain/principal.ts";
import { endingOf, type TurnEnding } from "../../domain/turn.ts";
import type { LiveEvent } from "../../ports/turn-log.ts";
import { RESUMABLE_MS, type TurnParts, type WatchedTurn } from "./turn.ts";

type FollowParts = Pick<TurnParts, "store" | "log" | "clock">;

const FIRST_LOOK_MS = 50;
const LAST_LOOK_MS = 1000;
/** A reply whose replica died has ended in the store by then. */
const PATIENCE_MS = 20_000;

/**
 * The live log where the turn runs here; else another replica's; else what is stored. A reply that has ended
 * is in no log: the one that has its id there is somebody else's.
 */
function follow(
  parts: FollowParts,
  owner: Owner,
  reply: Pick<Message, "id" | "status">,
  position: number,
  signal: AbortSignal,
): AsyncIterable<LiveEvent> {
  const { log } = parts;
  if (reply.status !== "streaming")
    return followElsewhere({ ...parts, log: null }, owner, reply.id, position, signal);
  return (
    log.follow(reply.id, position, signal) ??
    followElsewhere(parts, owner, reply.id, position, signal)
  );
}

/**
 * From another replica as long as it can be heard, and from the store, where the text so far is never
 * more than a second old. Both give the same text at the same positions.
 */
async function* followElsewhere(
  { store, log, clock }: Pick<FollowParts, "store" | "clock"> & { log: FollowParts["log"] | null },
  owner: Owner,
  replyId: string,
  from: number,
  signal: AbortSignal,
): AsyncIterable<LiveEvent> {
  let position = from;
  let lookMs = FIRST_LOOK_MS;
  let newsAt = clock.now().getTime();
  let wasRunning = false;
  for (;;) {
    const heardFrom = clock.now().getTime();
    for await (const event of log?.followElsewhere?.(replyId, position, signal) ?? []) {
      wasRunning = true;
      position = event.position;
      newsAt = clock.now().getTime();
      lookMs = FIRST_LOOK_MS;
      yield event;
    }
    if (signal.aborted) return;
    // It was heard until now, also where the model had nothing to say.
    if (clock.now().getTime() - heardFrom > LAST_LOOK_MS) newsAt = clock.now().getTime();
    const turn = await store.getTurn(owner, replyId);
    if (!turn) throw notFound("reply");
    const { reply } = turn;
    const text = reply.content.slice(position);
    if (text) {
      position += text.length;
      newsAt = clock.now().getTime();
      yield { type: "delta", position, text };
    }
    const ending = endingOf(reply);
    if (ending) {
      // Whoever saw more than a crash left is past the ending, and has not seen it.
      if (wasRunning || from !== ending.position) yield ending;
      return;
    }
    wasRunning = true;
    if (!log?.followElsewhere || clock.now().getTime() - newsAt > PATIENCE_MS)
      throw new AppError(
        "unavailable",
        "This reply is being generated, but its live stream cannot be reached now. Try again in a moment",
        { retryAfterMs: 1000 },
      );
    await clock.sleep(lookMs, signal).catch(() => {});
    if (signal.aborted) return;
    lookMs = Math.min(2 * lookMs, LAST_LOOK_MS);
  }
}

/** The ways to watch a reply. */
export const following = (
  parts: FollowParts,
  owner: Owner,
  reply: Pick<Message, "id" | "status">,
): Pick<WatchedTurn, "follow" | "thoughts"> => ({
  follow: (position, signal) => follow(parts, owner, reply, position, signal),
  thoughts: (signal) =>
    reply.status === "streaming" ? parts.log.followThoughts(reply.id, signal) : null,
});

/** What a late watcher sees of a stored turn; null if it ended too long ago. */
export function watchedTurn(
  parts: FollowParts,
  owner: Owner,
  { userMessage, reply }: { readonly userMessage: Message; readonly reply: Message },
): WatchedTurn | null {
  const { finishedAt } = reply;
  if (finishedAt && parts.clock.now().getTime() - finishedAt.getTime() > RESUMABLE_MS) return null;
  return {
    userMessage,
    replyId: reply.id,
    endPosition: endingOf(reply)?.position ?? null,
    ...following(parts, owner, reply),
  };
}

/** Waits for the ending of a turn that another request began. */
export async function endOf(parts: FollowParts, owner: Owner, reply: Message): Promise<TurnEnding> {
  const ended = endingOf(reply);
  if (ended) return ended;
  for await (const event of follow(parts, owner, reply, 0, new AbortController().signal))
    if (event.type !== "delta") return event;
  throw notFound("reply");
}
