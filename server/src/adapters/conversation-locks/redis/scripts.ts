import { redisScript } from "../../redis/script.ts";

/*
 * A conversation's queue is a hash: token → "<order>:<end of its lease, ms>". The order is the time of
 * arrival by Redis' own clock, in µs, so that it stays right when Redis has lost everything. A token
 * is "<replica>/<number>".
 */

/** Leaves out places whose lease has ended, and finds the first. */
const HEAD = `
local t = redis.call('TIME')
local now_us = tonumber(t[1]) * 1000000 + tonumber(t[2])
local now = math.floor(now_us / 1000)
local head, head_order, last_order = nil, nil, 0
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local order, ends = string.match(all[i + 1], '^(%d+):(%d+)$')
  order = tonumber(order)
  if tonumber(ends) < now then
    redis.call('HDEL', KEYS[1], all[i])
  else
    if not head_order or order < head_order then head, head_order = all[i], order end
    if order > last_order then last_order = order end
  end
end
`;

/** token, lease in ms → [order, 1 if it is the first] */
export const enterQueue = redisScript(`${HEAD}
local order = math.max(now_us, last_order + 1)
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f:%.0f', order, now + ARGV[2]))
redis.call('PEXPIRE', KEYS[1], 2 * ARGV[2])
return { string.format('%.0f', order), head == nil and 1 or 0 }
`);

/**
 * token, lease in ms, its order → 1 if it is the first, or one of its replica is (which has a queue of its own). A place that is gone is put back, and is not
 * the first before the next time: the others that are gone come back in the meantime.
 */
export const renewPlace = redisScript(`${HEAD}
local was_there = redis.call('HEXISTS', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3] .. ':' .. string.format('%.0f', now + ARGV[2]))
redis.call('PEXPIRE', KEYS[1], 2 * ARGV[2])
local is_own = head and string.match(head, '^(.*)/') == string.match(ARGV[1], '^(.*)/')
return was_there == 1 and is_own and 1 or 0
`);

/** token, what the channels of replicas begin with: tells the replica whose turn it is now. */
export const leaveQueue = redisScript(`redis.call('HDEL', KEYS[1], ARGV[1])
${HEAD}
if head then redis.call('PUBLISH', ARGV[2] .. string.match(head, '^(.*)/'), head) end
return 0
`);
