import { createAlarm } from "../../core/voice/alarm.ts";
import type { Item } from "./items.ts";
import type { RealtimeParts } from "./parts.ts";
import type { SessionSettings } from "./settings.ts";

/** Notices that the person says nothing after a response. */
export type Idle = {
  /** A response has ended. @param quietAtMs when its sound has been played */
  begin(quietAtMs: number): void;
  /** The person speaks, or what was said is not understood yet: nothing is noticed until `again`. */
  hold(): void;
  /** The silence begins now. */
  again(): void;
  /** The settings have changed. */
  change(): void;
  /** The model is asked. */
  stop(): void;
  /** The person, or the client, has done something: the model may be asked as often as at the beginning. */
  reset(): void;
};

/** A person who has gone is not talked to for as long as the session lasts. */
const MAX_IN_A_ROW = 3;

export function createIdle(parts: {
  readonly clock: RealtimeParts["clock"];
  readonly settings: () => SessionSettings;
  /** Whether a response is being made. */
  readonly isBusy: () => boolean;
  /** @param silentMs how long the silence lasted */
  readonly onIdle: (silentMs: number) => void;
}): Idle {
  const { clock, settings, isBusy, onIdle } = parts;
  let asked = 0;
  let waitedMs = 0;
  let isHeld = false;
  /** Null: there was no response yet. */
  let quietAtMs: number | null = null;
  const alarm = createAlarm(clock, () => {
    if (isBusy()) return;
    asked++;
    onIdle(waitedMs);
  });
  const wait = (): void => {
    const { turnDetection: found } = settings();
    const timeoutMs = found?.type === "server_vad" && found.createsResponse && found.idleTimeoutMs;
    const mayAsk = !isHeld && !isBusy() && asked < MAX_IN_A_ROW;
    const isDue = timeoutMs && quietAtMs !== null && mayAsk;
    if (isDue) waitedMs = timeoutMs;
    alarm.set(isDue ? Math.max(quietAtMs ?? 0, clock.now().getTime()) + timeoutMs : null);
  };
  return {
    begin(atMs) {
      quietAtMs = atMs;
      wait();
    },
    hold() {
      isHeld = true;
      alarm.set(null);
    },
    again() {
      isHeld = false;
      wait();
    },
    change: wait,
    stop: () => alarm.set(null),
    reset() {
      asked = 0;
    },
  };
}

/** The turn of a person who said nothing. */
export const silentItem = (id: string): Item => ({
  id,
  type: "message",
  role: "user",
  status: "completed",
  content: [{ type: "input_audio", transcript: null, said: "" }],
});

/** What the model is told of the silence, for one response. */
export const withSilence = (instructions: string, silentMs: number): string =>
  [
    instructions,
    `The user has said nothing for ${Math.round(silentMs / 1000) || 1} s. Ask whether they are still there, or go on.`,
  ]
    .filter(Boolean)
    .join("\n\n");
