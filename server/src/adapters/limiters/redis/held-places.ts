import type { Limiter } from "../../../ports/limiter.ts";
import type { RedisLink } from "../../redis/link.ts";
import { redisScript } from "../../redis/script.ts";

/** Places that a replica has not renewed for this time are free. */
const LEASE_MS = 15_000;
const RENEW_MS = 5000;

/*
 * A hash: replica → "<places held there>:<end of the lease, ms>". Each replica knows its own number
 * and writes it; so nothing has to be put right when Redis comes back empty.
 */

/** replica, its places so far, limit, lease in ms → 1 if one more was free and is taken */
const takePlace = redisScript(`
local t = redis.call('TIME')
local now = tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
local held = tonumber(ARGV[2])
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local count, ends = string.match(all[i + 1], '^(%d+):(%d+)$')
  if tonumber(ends) < now then redis.call('HDEL', KEYS[1], all[i])
  elseif all[i] ~= ARGV[1] then held = held + tonumber(count) end
end
if held >= tonumber(ARGV[3]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f:%.0f', ARGV[2] + 1, now + ARGV[4]))
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
`);

/** replica, its places, lease in ms */
const writePlaces = redisScript(`
if ARGV[2] == '0' then return redis.call('HDEL', KEYS[1], ARGV[1]) end
local t = redis.call('TIME')
local now = tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f:%.0f', ARGV[2], now + ARGV[3]))
return redis.call('PEXPIRE', KEYS[1], ARGV[3])
`);

/** Places that are held across replicas; without Redis each replica has its share. */
export function heldPlaces(link: RedisLink): Pick<Limiter, "hold"> & { close(): void } {
  /** How many are held here. */
  const held = new Map<string, number>();
  const latest = new Map<string, Promise<unknown>>();
  const keyOf = (name: string) => `${link.prefix}held:${name}`;
  const change = (name: string, by: 1 | -1) => {
    const count = (held.get(name) ?? 0) + by;
    if (count > 0) held.set(name, count);
    else held.delete(name);
  };
  /**
   * One command of a name after the other. Each writes the number that is held here; a command that overtook another
   * (which happens where Redis has forgotten the script) would write one that is no longer true.
   */
  const inTurn = <Result>(name: string, work: () => Promise<Result>): Promise<Result> => {
    const result = (latest.get(name) ?? Promise.resolve()).then(work);
    const settled = result
      .catch(() => {})
      .finally(() => latest.get(name) === settled && latest.delete(name));
    latest.set(name, settled);
    return result;
  };
  const write = (name: string) =>
    inTurn(
      name,
      () =>
        link.run((client) =>
          writePlaces(client, keyOf(name), link.replicaId, held.get(name) ?? 0, LEASE_MS),
        ),
      // If this write fails, Redis gets the number with the next renewal, or drops it by itself.
    ).catch(() => {});
  const renewing = setInterval(() => {
    for (const name of held.keys()) void write(name);
  }, RENEW_MS).unref();

  return {
    hold: (name, limit) =>
      inTurn(name, async () => {
        const before = held.get(name) ?? 0;
        if (before >= limit) return null;
        const isTaken = await link
          .run((client) => takePlace(client, keyOf(name), link.replicaId, before, limit, LEASE_MS))
          .then(
            (answer) => answer === 1,
            () => before < Math.max(1, Math.floor(limit / link.replicas)),
          );
        if (!isTaken) return null;
        change(name, 1);
        return () => {
          change(name, -1);
          void write(name);
        };
      }),
    close: () => clearInterval(renewing),
  };
}
