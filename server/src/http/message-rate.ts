/** Of one socket, over any length of time. A voice client sends 20 to 100 pieces of sound a second. */
export const MAX_MESSAGES_PER_SECOND = 200;
/** What may come at once, such as the sound that was recorded while the connection was away. */
const MAX_MESSAGES_AT_ONCE = 2_000;
/** A client that was told, and goes on for so many messages more, is not listening. */
const MAX_LEFT_OUT = 1_000;
const BETWEEN_TELLINGS_MS = 1_000;

/** `serve` it; leave it out and `tell` so; leave it `out`; or leave it out and `close` the socket. */
export type Verdict = "serve" | "tell" | "out" | "close";

/** Counts the messages of one socket before anything is made of them. */
export function messageRate(): { take(): Verdict } {
  let left = MAX_MESSAGES_AT_ONCE;
  let leftOut = 0;
  let countedAt = performance.now();
  let toldAt = Number.NEGATIVE_INFINITY;
  return {
    take() {
      const now = performance.now();
      const gained = ((now - countedAt) / 1000) * MAX_MESSAGES_PER_SECOND;
      left = Math.min(left + gained, MAX_MESSAGES_AT_ONCE);
      countedAt = now;
      if (left >= 1) {
        left--;
        if (left >= MAX_MESSAGES_AT_ONCE / 2) leftOut = 0;
        return "serve";
      }
      leftOut++;
      if (leftOut > MAX_LEFT_OUT) return "close";
      if (now - toldAt < BETWEEN_TELLINGS_MS) return "out";
      toldAt = now;
      return "tell";
    },
  };
}
