import { branchOf } from "../../domain/branches.ts";
import { AppError, notFound } from "../../domain/errors.ts";
import { type Message, partsOf } from "../../domain/message.ts";
import { after, hasWords } from "../../domain/parts.ts";
import { endOfPiece } from "../../domain/pieces.ts";
import type { Owner } from "../../domain/principal.ts";
import { endingOf, endingOfParts, type TurnEnding } from "../../domain/turn.ts";
import type { StoredTurn } from "../../ports/store.ts";
import type { PartsEvent } from "../../ports/turn-log.ts";
import {
  type LiveEvent,
  RESUMABLE_MS,
  type Thought,
  type TurnParts,
  type WatchedTurn,
} from "./turn.ts";

type FollowParts = Pick<TurnParts, "store" | "log" | "clock">;

const FIRST_LOOK_MS = 50;
const LAST_LOOK_MS = 1000;
/** By then, the store has ended the reply of a replica that died. */
const PATIENCE_MS = 20_000;

/** Whether a watcher has seen that ending already, by where it goes on. */
type HasSeen = (ending: TurnEnding) => boolean;

/**
 * What came after that length of the reply: from the live log where the turn runs here; else from another replica's;
 * else from what is stored. A reply that has ended is in no log; a log under its id belongs to another user.
 */
function followParts(
  parts: FollowParts,
  owner: Owner,
  reply: Pick<Message, "id" | "status">,
  position: number,
  signal: AbortSignal,
  hasSeen: HasSeen,
): AsyncIterable<PartsEvent> {
  const { log } = parts;
  const elsewhere = (log: FollowParts["log"] | null) =>
    followElsewhere({ ...parts, log }, owner, reply.id, position, signal, hasSeen);
  if (reply.status !== "streaming") return elsewhere(null);
  return log.follow(reply.id, position, signal) ?? elsewhere(log);
}

/**
 * From another replica as long as it can be heard, and from the store, where the reply so far is never
 * more than a second old. Both give the same parts at the same positions.
 */
async function* followElsewhere(
  { store, log, clock }: Pick<FollowParts, "store" | "clock"> & { log: FollowParts["log"] | null },
  owner: Owner,
  replyId: string,
  from: number,
  signal: AbortSignal,
  hasSeen: HasSeen,
): AsyncIterable<PartsEvent> {
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
    // The replica could be reached until now, even if the model sent nothing.
    if (clock.now().getTime() - heardFrom > LAST_LOOK_MS) newsAt = clock.now().getTime();
    const turn = await store.getTurn(owner, replyId);
    if (!turn) throw notFound("reply");
    const { reply } = turn;
    for (const step of after(partsOf(reply), position)) {
      position = step.position;
      newsAt = clock.now().getTime();
      yield step;
    }
    const ending = endingOf(reply);
    if (ending) {
      // A watcher that saw more than a crash left is past the ending without having seen it.
      if (wasRunning || !hasSeen(ending)) yield endingOfParts(ending);
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

/** The words among the parts, after so many of their characters. */
async function* wordsIn(events: AsyncIterable<PartsEvent>, from: number): AsyncIterable<LiveEvent> {
  let said = 0;
  for await (const event of events)
    if (event.type === "grow") {
      if (!hasWords(event.of)) continue;
      const start = said;
      said += event.text.length;
      const text = event.text.slice(Math.max(0, from - start));
      if (text) yield { type: "delta", position: said, text };
    } else if (event.type !== "open") yield { ...event, position: event.reply.content.length + 1 };
}

/**
 * The same, each growth in its pieces. A piece is given once it is certain where it ends, so that text is cut in the
 * same places however it comes.
 */
async function* inPieces(events: AsyncIterable<PartsEvent>): AsyncIterable<PartsEvent> {
  let held: Growth | null = null;
  for await (const event of events) {
    const isMore: boolean = event.type === "grow" && held?.index === event.index;
    if (held && !isMore) yield held;
    if (event.type !== "grow") {
      held = null;
      yield event;
      continue;
    }
    const before: string = held && isMore ? held.text : "";
    const text = before + event.text;
    let at = 0;
    for (let end = endOfPiece(text, at); end !== null; end = endOfPiece(text, at)) {
      const position = event.position - (text.length - end);
      yield { ...event, position, text: text.slice(at, end) };
      at = end;
    }
    held = at < text.length ? { ...event, text: text.slice(at) } : null;
  }
}

type Growth = Extract<PartsEvent, { type: "grow" }>;

/** What the model thinks, of the parts. */
async function* thoughtsIn(events: AsyncIterable<PartsEvent>): AsyncIterable<Thought> {
  let offset = 0;
  for await (const event of events)
    if (event.type === "grow" && event.of === "reasoning") {
      yield { offset, text: event.text };
      offset += event.text.length;
    }
}

/** The ways to watch a reply. */
export const following = (
  parts: FollowParts,
  owner: Owner,
  reply: Pick<Message, "id" | "status">,
): Pick<WatchedTurn, "follow" | "followParts" | "followPieces" | "thoughts"> => ({
  follow: (position, signal) =>
    wordsIn(
      followParts(parts, owner, reply, 0, signal, (ending) => ending.position === position),
      position,
    ),
  followParts: (position, signal) =>
    followParts(
      parts,
      owner,
      reply,
      position,
      signal,
      (ending) => endingOfParts(ending).position === position,
    ),
  followPieces: (signal) => inPieces(followParts(parts, owner, reply, 0, signal, () => false)),
  thoughts(signal) {
    if (reply.status !== "streaming") return null;
    const { log } = parts;
    const live = log.follow(reply.id, 0, signal) ?? log.followElsewhere?.(reply.id, 0, signal);
    return live ? thoughtsIn(live) : null;
  },
});

/** What a late watcher sees of a stored turn; null if it ended longer ago than that. */
export function watchedTurn(
  parts: FollowParts,
  owner: Owner,
  { userMessage, input, reply }: StoredTurn,
  resumableMs = RESUMABLE_MS,
): WatchedTurn | null {
  const { finishedAt } = reply;
  if (finishedAt && parts.clock.now().getTime() - finishedAt.getTime() > resumableMs) return null;
  return {
    userMessage,
    input,
    record: reply.turn?.record ?? null,
    conversationId: reply.conversationId,
    createdAt: reply.createdAt,
    replyId: reply.id,
    branch: branchOf(reply.sequence),
    stored: endingOf(reply),
    ...following(parts, owner, reply),
  };
}

/** Waits for the ending of a turn that another request began. */
export async function endOf(parts: FollowParts, owner: Owner, reply: Message): Promise<TurnEnding> {
  const ended = endingOf(reply);
  if (ended) return ended;
  const { follow } = following(parts, owner, reply);
  for await (const event of follow(0, new AbortController().signal))
    if (event.type !== "delta") return event;
  throw notFound("reply");
}
