import type { Message } from "../../domain/message.ts";
import type { Owner } from "../../domain/principal.ts";
import { pushed } from "../../domain/sink.ts";
import type { PartsEvent } from "../../ports/turn-log.ts";
import { endParked } from "./end-parked.ts";
import type { StartParts } from "./start-parts.ts";
import type { Stop } from "./stop.ts";

const FIRST_LOOK_MS = 50;
const LAST_LOOK_MS = 500;

/**
 * Waits until no earlier reply of the conversation is in progress, so that messages are answered in the
 * order in which they are stored. Only the store says which replies are earlier; no other clock or queue orders them.
 * One that waits for a decision is ended. Ends early when the turn is stopped. Never rejects.
 * @param reply the one that waits
 * @param latest the latest reply in progress before it
 */
export async function waitForEarlierReplies(
  parts: StartParts,
  owner: Owner,
  { conversationId, sequence }: Message,
  latest: string,
  stop: Stop,
): Promise<void> {
  const stopping = new AbortController();
  stop.listen(() => stopping.abort());
  const stopped = new Promise<void>(stop.listen);
  const { signal } = stopping;
  let awaited: string | null = null;
  for (let next: string | null = latest; next && next !== awaited && !signal.aborted; ) {
    awaited = next;
    const earlier = next;
    const ending = parts.local.endingOf(earlier) ?? endingElsewhere(parts, owner, earlier, signal);
    await Promise.race([ending, stopped]);
    await insist(parts, signal, () => supersede(parts, owner, earlier));
    // A reply that was stopped while it waited ends before those that it waited for.
    next = await insist(parts, signal, () =>
      parts.store.replyRunningBefore(owner, conversationId, sequence),
    );
  }
}

/** Ends a reply that waits for a decision, since something else was said. @throws AppError unavailable */
async function supersede(parts: StartParts, owner: Owner, replyId: string): Promise<void> {
  if ((await parts.store.replySteps(owner, replyId))?.isParked)
    await endParked(parts, owner, replyId, "superseded");
}

/** Resolves when the reply has ended or waits for a decision, as the server that generates it or the store says. */
async function endingElsewhere(
  parts: StartParts,
  owner: Owner,
  replyId: string,
  signal: AbortSignal,
): Promise<void> {
  const { store, log, clock } = parts;
  for (let lookMs = FIRST_LOOK_MS; !signal.aborted; lookMs = Math.min(2 * lookMs, LAST_LOOK_MS)) {
    // The position lies behind the whole text, so only the ending comes.
    const { watchElsewhere } = log;
    if (watchElsewhere)
      await pushed<PartsEvent>(
        (sink) => watchElsewhere(replyId, Number.MAX_SAFE_INTEGER, sink),
        () => undefined,
        signal,
      );
    const message = await insist(parts, signal, () => store.getMessage(owner, replyId));
    if (message?.status !== "streaming") return;
    if ((await insist(parts, signal, () => store.replySteps(owner, replyId)))?.isParked) return;
    await clock.sleep(lookMs, signal).catch(() => {});
  }
}

/** Repeats the question until the store answers it; null when the turn was stopped. */
async function insist<Result>(
  { clock }: Pick<StartParts, "clock">,
  signal: AbortSignal,
  ask: () => Promise<Result>,
): Promise<Result | null> {
  while (!signal.aborted)
    try {
      return await ask();
    } catch {
      await clock.sleep(LAST_LOOK_MS, signal).catch(() => {});
    }
  return null;
}
