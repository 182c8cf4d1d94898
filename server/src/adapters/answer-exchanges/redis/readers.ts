import { randomUUID } from "node:crypto";
import { AppError } from "../../../domain/errors.ts";
import type { RedisLink } from "../../redis/link.ts";
import { decodeAnswer, encodeRequest } from "./messages.ts";

type Wanted = { readonly name: string; readonly tag: string };

type Reading = Wanted & {
  readonly id: string;
  /** The channel of the replica that has the answer. */
  readonly channel: string;
  /** Those that came and were not read. */
  readonly lines: string[];
  /** How many came, how many of them were read, and how many the other replica may send. */
  count: number;
  read: number;
  until: number;
  isOver: boolean;
  isLost: boolean;
  isAsking: boolean;
  heardAtMs: number;
  wake: () => void;
};

/** How often the other replica is told that its answer is still read here. */
const RENEW_MS = 2000;
/** It answers every renewal; one that does not is gone, or cannot be reached. */
const SILENCE_MS = 5000;
/** The number of lines that may come before a reader has read on. */
const MAX_UNREAD_LINES = 2000;

/** The answers of other replicas that are read here. @param inbox the channel of this replica */
export function answerReaders(link: RedisLink, inbox: string) {
  const readings = new Map<string, Reading>();

  const lose = (reading: Reading): void => {
    reading.isLost = true;
    reading.wake();
  };
  /** Gives how many hear it. */
  const ask = (reading: Reading): Promise<number> => {
    const { id, name, tag, channel, count: from } = reading;
    reading.isAsking = true;
    reading.until = reading.read + MAX_UNREAD_LINES;
    const { until } = reading;
    return link.publish(
      channel,
      encodeRequest({ kind: "read", inbox, id, name, tag, from, until }),
    );
  };
  /** A line was read. Where the message is lost, the next renewal says the same. */
  const readOn = (reading: Reading): void => {
    const { id, channel } = reading;
    const until = ++reading.read + MAX_UNREAD_LINES;
    if (reading.isOver || until - reading.until < MAX_UNREAD_LINES / 2) return;
    reading.until = until;
    link.publish(channel, encodeRequest({ kind: "more", id, until })).catch(() => undefined);
  };
  const askAgain = (reading: Reading): void => {
    ask(reading).then(
      (hearing) => {
        if (hearing === 0) lose(reading);
      },
      () => lose(reading),
    );
  };

  link.onChange((isUp) => {
    if (!isUp) for (const reading of readings.values()) lose(reading);
  });
  const renewing = setInterval(() => {
    const silentAtMs = performance.now() - SILENCE_MS;
    for (const reading of readings.values())
      if (reading.heardAtMs < silentAtMs) lose(reading);
      else askAgain(reading);
  }, RENEW_MS).unref();

  return {
    hear(message: string): void {
      const answer = decodeAnswer(message);
      const reading = answer && readings.get(answer.id);
      if (!reading) return;
      reading.heardAtMs = performance.now();
      if (answer.from > reading.count) {
        // Something was lost on the way.
        if (!reading.isAsking) askAgain(reading);
        return;
      }
      reading.isAsking = false;
      const added = answer.lines.slice(reading.count - answer.from);
      reading.lines.push(...added);
      reading.count += added.length;
      reading.isOver = answer.isOver;
      reading.wake();
    },
    /** As AnswerExchange. */
    async *follow(channel: string, wanted: Wanted, signal: AbortSignal): AsyncGenerator<string> {
      const reading: Reading = {
        ...{ ...wanted, channel, id: randomUUID(), lines: [], count: 0, read: 0, until: 0 },
        ...{ isOver: false, isLost: false, isAsking: false, heardAtMs: performance.now() },
        wake: () => undefined,
      };
      const { id } = reading;
      const goAway = () => reading.wake();
      signal.addEventListener("abort", goAway);
      readings.set(id, reading);
      try {
        if ((await ask(reading).catch(unreachable)) === 0) return;
        while (!signal.aborted) {
          const line = reading.lines.shift();
          if (line !== undefined) {
            readOn(reading);
            yield line;
          } else if (reading.isOver) return;
          else if (reading.isLost) unreachable();
          else
            await new Promise<void>((resolve) => {
              reading.wake = resolve;
            });
        }
      } finally {
        signal.removeEventListener("abort", goAway);
        readings.delete(id);
        link.publish(channel, encodeRequest({ kind: "leave", id })).catch(() => undefined);
      }
    },
    close(): void {
      clearInterval(renewing);
      for (const reading of readings.values()) lose(reading);
    },
  };
}

function unreachable(): never {
  throw new AppError(
    "unavailable",
    "Another server has the answer to this request, and cannot be reached now. Send the request again",
    { retryAfterMs: 1000 },
  );
}
