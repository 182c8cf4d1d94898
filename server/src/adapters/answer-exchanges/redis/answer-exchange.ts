import { createHash } from "node:crypto";
import type { AnswerClaim, AnswerExchange } from "../../../ports/answer-exchange.ts";
import type { RedisLink } from "../../redis/link.ts";
import { redisScript } from "../../redis/script.ts";
import { answerReaders } from "./readers.ts";
import { answerServing } from "./serving.ts";

/** How long a claim is known. */
const CLAIM_MS = 60_000;

const CLAIM = redisScript(`
local there = redis.call('GET', KEYS[1])
if there and there ~= ARGV[3] then return there end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ARGV[1]
`);
const WITHDRAW = redisScript(`
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
`);

/** Redis holds the claims, which name a replica, and carries the answers from one replica to the other. */
export function redisAnswerExchange(link: RedisLink): AnswerExchange & { close(): void } {
  const keyOf = (name: string): string =>
    `${link.prefix}answer:${createHash("sha256").update(name).digest("base64url")}`;
  const channelOf = (replicaId: string): string => `${link.prefix}answers:${replicaId}`;
  const claimText = (holder: string, tag: string): string => JSON.stringify([holder, tag]);
  const own = channelOf(link.replicaId);
  const serving = answerServing(link);
  const readers = answerReaders(link, own);
  const closeChannel = link.listen(own, (message) => {
    if (!serving.hear(message)) readers.hear(message);
  });
  // Where Redis is away or full, each replica knows its own answers alone.
  const ignored = (): void => undefined;

  return {
    announce(name, tag) {
      const value = claimText(link.replicaId, tag);
      link.run((client) => client.set(keyOf(name), value, "PX", CLAIM_MS)).catch(ignored);
    },
    async claim(name, tag, instead) {
      const mine = claimText(link.replicaId, tag);
      const replaced = instead ? claimText(instead.holder, instead.tag) : "";
      try {
        return claimIn(
          await link.run((client) => CLAIM(client, keyOf(name), mine, CLAIM_MS, replaced)),
          link.replicaId,
        );
      } catch {
        return null;
      }
    },
    withdraw(name, tag) {
      const mine = claimText(link.replicaId, tag);
      link.run((client) => WITHDRAW(client, keyOf(name), mine)).catch(ignored);
    },
    follow: (name, { holder, tag }, signal) =>
      readers.follow(channelOf(holder), { name, tag }, signal),
    serve: serving.serve,
    close() {
      closeChannel();
      readers.close();
      serving.close();
    },
  };
}

function claimIn(value: unknown, replicaId: string): AnswerClaim | null {
  const [holder, tag]: unknown[] = typeof value === "string" ? JSON.parse(value) : [];
  if (typeof holder !== "string" || typeof tag !== "string") return null;
  return { isHere: holder === replicaId, tag, holder };
}
