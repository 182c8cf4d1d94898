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

/** A UUID of version 7 (RFC 9562): 48 bits of milliseconds, then random. */
export const newUuid: NewId = () => {
  if (used + RANDOM_BYTES > POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  pool[used] = 0x70 | ((pool[used] ?? 0) & 0x0f);
  pool[used + 2] = 0x80 | ((pool[used + 2] ?? 0) & 0x3f);
  const time = Date.now().toString(16).padStart(12, "0");
  const random = pool.toString("hex", used, used + RANDOM_BYTES);
  used += RANDOM_BYTES;
  return `${time.slice(0, 8)}-${time.slice(8)}-${random.slice(0, 4)}-${random.slice(4, 8)}-${random.slice(8)}`;
};

export const derivedUuid: DeriveId = ({ tenantId, userId }, purpose, ...names) =>
  uuidOfDigest(hash("sha256", JSON.stringify([purpose, tenantId, userId, ...names])));
