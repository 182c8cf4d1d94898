import { createHash, randomUUID } from "node:crypto";
import type { FastifyRequest } from "fastify";
import type { RepeatedAs } from "../../core/turns/shared-answers.ts";
import type { Turns } from "../../core/turns/turn.ts";
import type { Owner } from "../../domain/principal.ts";
import { nextTurn } from "../../domain/turns-of-the-loop.ts";
import { rawBodyOf } from "../../http/body.ts";
import { idempotencyOf } from "../../http/idempotency.ts";
import { namesInHeaders } from "./conversation-name.ts";

type Idempotency = NonNullable<ReturnType<typeof idempotencyOf>>;

/** Knows a request again that an SDK sends once more by itself. */
export type Repeats = {
  /**
   * The request's Idempotency-Key, or one that stands for it: a request that its SDK says to repeat has that of the same
   * request of the same user before it. Null for clients that say nothing of repeats. @throws AppError invalid_request
   */
  idempotencyOf(request: FastifyRequest, owner: Owner): Promise<RepeatedAs | null>;
};

/** How long after a request a repeat of it is known. */
const KNOWN_MS = 60_000;
const MAX_KNOWN = 10_000;
/** Later keys of a request come after earlier ones in the order of their characters. */
const TIME_DIGITS = 15;
const COUNT = "x-stainless-retry-count";

/**
 * What another replica had of a request is found by its key in the store, where it is kept there, and by its series in
 * the answers that replicas share.
 * @param now in milliseconds
 */
export function createRepeats(
  parts: { readonly turns: Pick<Turns, "lastKey"> },
  now: () => number,
): Repeats {
  /** By user and fingerprint, in the order of their times. */
  const known = new Map<string, { readonly key: string; readonly atMs: number }>();
  const forgetOld = (): void => {
    for (const [name, { atMs }] of known) {
      if (known.size <= MAX_KNOWN && now() - atMs <= KNOWN_MS) return;
      known.delete(name);
    }
  };
  return {
    async idempotencyOf(request, owner) {
      const { tenantId, userId } = owner;
      const given = idempotencyOf(request);
      if (given) return inItsConversation(given, request);
      const count = request.headers[COUNT];
      if (typeof count !== "string") return null;
      forgetOld();
      const fingerprint = await fingerprintOf(request);
      const name = JSON.stringify([tenantId, userId, fingerprint]);
      const prefix = `repeat-${fingerprint}-`;
      const isRepeat = Number(count) > 0;
      // The later of two: another replica may have had a later one, and this one has some that are not stored yet.
      const [before] = isRepeat
        ? [
            known.get(name)?.key,
            await parts.turns.lastKey(owner, prefix, new Date(now() - KNOWN_MS)),
          ]
            .filter((one) => one !== null && one !== undefined)
            .toSorted()
            .toReversed()
        : [];
      const key = before ?? `${prefix}${String(now()).padStart(TIME_DIGITS, "0")}-${randomUUID()}`;
      known.delete(name);
      known.set(name, { key, atMs: now() });
      return { key, fingerprint, series: { name: prefix, isRepeat } };
    },
  };
}

/** The same body in another conversation is another request. */
function inItsConversation(given: Idempotency, { headers }: FastifyRequest): Idempotency {
  const names = namesInHeaders(headers);
  if (names === "") return given;
  const fingerprint = createHash("sha256").update(`${given.fingerprint}\n${names}`).digest("hex");
  return { ...given, fingerprint };
}

/** What is read without a pause. */
const PIECE_BYTES = 1024 * 1024;

async function fingerprintOf(request: FastifyRequest): Promise<string> {
  const body = rawBodyOf(request) ?? Buffer.alloc(0);
  const hash = createHash("sha256").update(
    `${request.method} ${request.url}\n${namesInHeaders(request.headers)}\n`,
  );
  for (let from = 0; from < body.length; from += PIECE_BYTES) {
    if (from > 0) await nextTurn();
    hash.update(body.subarray(from, from + PIECE_BYTES));
  }
  return hash.digest("hex");
}
