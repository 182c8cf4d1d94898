import { hash, randomFillSync } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { uuidOfDigest } from "../../../domain/uuid.ts";
import type { Clock, DeriveId, NewId } from "../../../ports/clock.ts";

export const systemClock: Clock = {
  now: () => new Date(),
  sleep: async (milliseconds, signal) => {
    await sleep(milliseconds, undefined, signal ? { signal } : {});
  },
};

const POOL_BYTES = 8192;
const RANDOM_BYTES = 10;
const pool = Buffer.alloc(POOL_BYTES);
let used = POOL_BYTES;

const DIGITS = Buffer.from("0123456789abcdef");
const text = Buffer.alloc(36, "-");
/** Where the two digits of each byte stand in the text. */
const PLACES = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
const TIME_BYTES = PLACES.length - RANDOM_BYTES;

function put(index: number, byte: number): void {
  const place = PLACES[index] ?? 0;
  text[place] = DIGITS[byte >> 4] ?? 0;
  text[place + 1] = DIGITS[byte & 0x0f] ?? 0;
}

/**
 * A UUID of version 7 (RFC 9562): 48 bits of milliseconds, then random. It is written as one piece, since a text that is
 * put together of others holds them as long as it is held itself.
 */
export const newUuid: NewId = () => {
  if (used + RANDOM_BYTES > POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  pool[used] = 0x70 | ((pool[used] ?? 0) & 0x0f);
  pool[used + 2] = 0x80 | ((pool[used + 2] ?? 0) & 0x3f);
  let time = Date.now();
  for (let index = TIME_BYTES - 1; index >= 0; index--) {
    put(index, time % 256);
    time = Math.floor(time / 256);
  }
  for (let index = 0; index < RANDOM_BYTES; index++)
    put(TIME_BYTES + index, pool[used + index] ?? 0);
  used += RANDOM_BYTES;
  return text.toString("latin1");
};

export const derivedUuid: DeriveId = ({ tenantId, userId }, purpose, ...names) =>
  uuidOfDigest(hash("sha256", JSON.stringify([purpose, tenantId, userId, ...names])));
