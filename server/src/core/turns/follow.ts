import { branchOf } from "../../domain/branches.ts";
import { AppError, notFound } from "../../domain/errors.ts";
import { type Message, partsOf } from "../../domain/message.ts";
import { after, hasWords } from "../../domain/parts.ts";
import { endOfPiece } from "../../domain/pieces.ts";
import type { Owner } from "../../domain/principal.ts";
import { mapped, pushed, type Sink, type StopGiving } from "../../domain/sink.ts";
import { endingOf, endingOfParts, positionOfWords, type TurnEnding } from "../../domain/turn.ts";
import type { StoredTurn } from "../../ports/store.ts";
import type { PartsEvent } from "../../ports/turn-log.ts";
import {
  type LiveEvent,
  RESUMABLE_MS,
  type Thought,
  type TurnParts,
  type WatchedTurn,
  type Watching,
} from "./turn.ts";
import { waitingOf } from "./waiting-ending.ts";

type FollowParts = Pick<TurnParts, "store" | "log" | "clock">;

const FIRST_LOOK_MS = 50;
const LAST_LOOK_MS = 1000;
/** By then, the store has ended the reply of a replica that died. */
const PATIENCE_MS = 20_000;

/** Whether a watcher has already seen that ending, judged by the position at which it continues. */
type HasSeen = (ending: TurnEnding) => boolean;

/**
 * What came after that length of the reply: from the live log where the turn runs here; else from another replica's;
 * else from what is stored. A reply that has ended is in no log; a log under its id belongs to another user.
 */
function watchFrom(
  parts: FollowParts,
  owner: Owner,
  reply: Pick<Message, "id" | "status">,
  position: number,
  sink: Sink<PartsEvent>,
  hasSeen: HasSeen,
): StopGiving {
  const isRunning = reply.status === "streaming";
  const stop = isRunning ? parts.log.watch(reply.id, position, sink) : null;
  if (stop) return stop;
  const leaving = new AbortController();
  const { signal } = leaving;
  const given = { ...parts, log: isRunning ? parts.log : null };
  void watchElsewhere(given, owner, reply.id, position, sink, signal, hasSeen).then(
    () => signal.aborted || sink.end(),
    (error: unknown) => signal.aborted || sink.end(error),
  );
  return () => leaving.abort();
}

/**
 * From another replica as long as it can be heard, and from the store, where the reply so far is never
 * more than a second old. Both give the same parts at the same positions. Resolves when nothing more comes.
 */
async function watchElsewhere(
  { store, log, clock }: Pick<FollowParts, "store" | "clock"> & { log: FollowParts["log"] | null },
  owner: Owner,
  replyId: string,
  from: number,
  sink: Sink<PartsEvent>,
  signal: AbortSignal,
  hasSeen: HasSeen,
): Promise<void> {
  const watchLive = log?.watchElsewhere;
  let position = from;
  let lookMs = FIRST_LOOK_MS;
  let newsAt = clock.now().getTime();
  // Nobody has seen the ending of a reply that ran when it was asked for.
  const wasRunning = log !== null;
  const take: Sink<PartsEvent>["take"] = (events) => {
    position = events.at(-1)?.position ?? position;
    newsAt = clock.now().getTime();
    return sink.take(events);
  };
  for (;;) {
    const heardFrom = clock.now().getTime();
    if (watchLive)
      await pushed<PartsEvent>(
        (heard) => watchLive(replyId, position, heard),
        (events) => {
          lookMs = FIRST_LOOK_MS;
          return take(events);
        },
        signal,
      );
    if (signal.aborted) return;
    // This server may have taken it over since.
    if (log && (await heardHere(log, replyId, position, take, signal))) return;
    // The replica could be reached until now, even if the model sent nothing.
    if (clock.now().getTime() - heardFrom > LAST_LOOK_MS) newsAt = clock.now().getTime();
    const turn = await store.getTurn(owner, replyId);
    if (signal.aborted) return;
    if (!turn) throw notFound("reply");
    const { reply } = turn;
    const steps = after(partsOf(reply), position);
    if (steps.length > 0) await take(steps);
    if (signal.aborted) return;
    const ending = endingOf(reply);
    if (ending) {
      // A watcher that saw more than a crash left is past the ending without having seen it.
      if (wasRunning || !hasSeen(ending)) await take([endingOfParts(ending)]);
      return;
    }
    const noted = await store.replySteps(owner, replyId);
    if (signal.aborted) return;
    if (noted?.isParked) {
      await take([endingOfParts(await waitingOf({ store }, owner, reply, partsOf(reply)))]);
      return;
    }
    // One with steps may be on its way from server to server, or back to this one.
    const isReachable = log !== null && (watchLive || noted !== null);
    if (!isReachable || clock.now().getTime() - newsAt > PATIENCE_MS)
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

/** Takes what comes of a reply that runs in this process to its end; false: it does not run here. */
async function heardHere(
  log: FollowParts["log"],
  replyId: string,
  position: number,
  take: Sink<PartsEvent>["take"],
  signal: AbortSignal,
): Promise<boolean> {
  let isHere = true;
  await pushed<PartsEvent>(
    (heard) => {
      const stop = log.watch(replyId, position, heard);
      if (stop) return stop;
      isHere = false;
      heard.end();
      return () => {};
    },
    take,
    signal,
  );
  return isHere;
}

/** The words among the parts, after so many of their characters. */
function wordsAfter(from: number): (event: PartsEvent) => readonly LiveEvent[] {
  let said = 0;
  return (event) => {
    if (event.type === "open") return NOTHING;
    if (event.type !== "grow") return [{ ...event, position: positionOfWords(event) }];
    if (!hasWords(event.of)) return NOTHING;
    const text = event.text.slice(Math.max(0, from - said));
    said += event.text.length;
    return text ? [{ type: "delta", position: said, text }] : NOTHING;
  };
}

const NOTHING: readonly never[] = [];

/**
 * The same, each growth in its pieces. A piece is given once it is certain where it ends, so that text is cut in the
 * same places however it comes.
 */
function inPieces(): (event: PartsEvent) => readonly PartsEvent[] {
  let held: Growth | null = null;
  return (event) => {
    const given: PartsEvent[] = [];
    const isMore = event.type === "grow" && held?.index === event.index;
    if (held && !isMore) given.push(held);
    if (event.type !== "grow") {
      held = null;
      given.push(event);
      return given;
    }
    const text = (held && isMore ? held.text : "") + event.text;
    let at = 0;
    for (let end = endOfPiece(text, at); end !== null; end = endOfPiece(text, at)) {
      const position = event.position - (text.length - end);
      given.push({ ...event, position, text: text.slice(at, end) });
      at = end;
    }
    held = at < text.length ? { ...event, text: text.slice(at) } : null;
    return given;
  };
}

type Growth = Extract<PartsEvent, { type: "grow" }>;

/** What the model thinks, of the parts. */
function thoughts(): (event: PartsEvent) => readonly Thought[] {
  let end = 0;
  return (event) => {
    if (event.type !== "grow" || event.of !== "reasoning") return NOTHING;
    const offset = end;
    end += event.text.length;
    return [{ offset, text: event.text }];
  };
}

/** The ways to watch a reply. */
export const watching = (
  parts: FollowParts,
  owner: Owner,
  reply: Pick<Message, "id" | "status">,
): Watching => ({
  watch: (position, sink) =>
    watchFrom(
      parts,
      owner,
      reply,
      0,
      mapped(sink, wordsAfter(position)),
      (ending) => ending.position === position,
    ),
  watchParts: (position, sink) =>
    watchFrom(
      parts,
      owner,
      reply,
      position,
      sink,
      (ending) => endingOfParts(ending).position === position,
    ),
  watchPieces: (sink) => watchFrom(parts, owner, reply, 0, mapped(sink, inPieces()), () => false),
  watchThoughts(sink) {
    if (reply.status !== "streaming") return null;
    const { log } = parts;
    const told = mapped(sink, thoughts());
    return log.watch(reply.id, 0, told) ?? log.watchElsewhere?.(reply.id, 0, told) ?? null;
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
    soFar: reply,
    ...watching(parts, owner, reply),
  };
}

/** Waits for the ending of a turn that another request began. */
export async function endOf(parts: FollowParts, owner: Owner, reply: Message): Promise<TurnEnding> {
  const ended = endingOf(reply);
  if (ended) return ended;
  return endOfWatched(watching(parts, owner, reply));
}

/** Waits for the ending of a reply. @throws AppError not_found, unavailable */
export function endOfWatched({ watch }: Pick<Watching, "watch">): Promise<TurnEnding> {
  return new Promise((resolve, reject) => {
    watch(0, {
      take(events) {
        for (const event of events) if (event.type !== "delta") resolve(event);
      },
      end: (error) => reject(error ?? notFound("reply")),
    });
  });
}
