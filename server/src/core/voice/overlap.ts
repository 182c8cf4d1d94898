import { wordsOf } from "./endpointing.ts";

/*
 * What words spoken over a reply mean for it.
 */

const BACKCHANNELS: ReadonlySet<string> = new Set(
  `mhm mm mmm hm hmm uh huh uhuh um ah aha oh ooh yes yeah yep yup ok okay right sure really wow
  cool nice great good exactly true alright i see got it indeed`.split(/\s+/),
);
const MAX_BACKCHANNEL_WORDS = 3;

/** "Mhm", "yes", "I see": somebody who listens, not somebody who wants to speak. */
export function isBackchannel(text: string): boolean {
  const spoken = wordsOf(text);
  return spoken.length <= MAX_BACKCHANNEL_WORDS && spoken.every((word) => BACKCHANNELS.has(word));
}

/** These words alone always interrupt the reply. */
const COMMANDS: ReadonlySet<string> = new Set(["stop", "wait", "no", "quiet", "enough"]);

/** The first guesses of a recogniser are too often wrong to tell an echo from an interruption. */
const TELLING_WORDS = 3;

/** Whether words that may still change are enough to decide by. */
export function isTelling(text: string): boolean {
  const spoken = wordsOf(text);
  return spoken.length >= TELLING_WORDS || COMMANDS.has(spoken[0] ?? "");
}

const ECHO_SHARE = 0.6;
/**
 * Whether the heard words are the reply's own, picked up from the loudspeaker.
 * @param saying the part of the reply that was audible while this was heard
 */
export function isEcho(heard: string, saying: string): boolean {
  const spoken = wordsOf(heard);
  const ours = wordsOf(saying);
  if (spoken.length === 0 || ours.length === 0) return false;
  const [only = ""] = spoken;
  if (spoken.length === 1) return !COMMANDS.has(only) && ours.includes(only);
  return commonInOrder(spoken, ours) / spoken.length >= ECHO_SHARE;
}

/** The length of the longest common subsequence. */
function commonInOrder(first: readonly string[], second: readonly string[]): number {
  let above = new Array<number>(second.length + 1).fill(0);
  for (const word of first) {
    const row = [0];
    for (const [index, other] of second.entries())
      row.push(
        word === other ? (above[index] ?? 0) + 1 : Math.max(above[index + 1] ?? 0, row[index] ?? 0),
      );
    above = row;
  }
  return above.at(-1) ?? 0;
}
