import type { ConversationLock } from "../../../ports/conversation-lock.ts";
import type { RedisLink } from "../../redis/link.ts";
import { enterQueue, leaveQueue, renewPlace } from "./scripts.ts";

type Place = {
  readonly key: string;
  /** By Redis' clock; null until Redis has said it. */
  order: string | null;
  readonly enteredAtMs: number;
  /** Nobody of another replica is ahead, as far as is known. */
  readonly goAhead: () => void;
};

/** A place whose replica has not renewed it for so long is free. */
const LEASE_MS = 4000;
const RENEW_MS = 1000;

/**
 * The queue of several replicas: each turn waits for those of its own replica, as ever, and for its
 * place in the queue that Redis keeps. Nobody is first whom Redis has not called first: while it is away or late,
 * the store alone says who is ahead. What a replica that lost its place still writes does no harm: the store ends a
 * reply once.
 * @param own the queue within this replica
 */
export function redisConversationLock(
  link: RedisLink,
  own: ConversationLock,
): ConversationLock & { close(): void } {
  const places = new Map<string, Place>();
  const channels = `${link.prefix}queue-of:`;
  let entered = 0;

  const closeChannel = link.listen(`${channels}${link.replicaId}`, (token) =>
    places.get(token)?.goAhead(),
  );
  link.onChange((isUp) => {
    if (!isUp) for (const place of places.values()) place.goAhead();
  });

  const renew = async (token: string, { key, order, goAhead }: Place) => {
    const isFirst = await link.run((client) =>
      renewPlace(client, key, token, LEASE_MS, order ?? ""),
    );
    // It may have been left in the meantime.
    if (!places.has(token)) await leave(key, token);
    else if (isFirst === 1) goAhead();
  };
  const leave = (key: string, token: string) =>
    link.run((client) => leaveQueue(client, key, token, channels));
  const renewing = setInterval(() => {
    const youngestMs = performance.now() - RENEW_MS;
    for (const [token, place] of places)
      if (place.order !== null && place.enteredAtMs < youngestMs)
        // A Redis that cannot do it now is asked again.
        renew(token, place).catch(() => {});
  }, RENEW_MS).unref();

  return {
    enter(conversationId) {
      const turnstile = own.enter(conversationId);
      if (!link.isUp) return { ...turnstile, isFirst: false };
      const key = `${link.prefix}queue:${conversationId}`;
      const token = `${link.replicaId}/${entered++}`;
      const { promise: isMyTurn, resolve: goAhead } = Promise.withResolvers<void>();
      const place: Place = { key, order: null, enteredAtMs: performance.now(), goAhead };
      places.set(token, place);
      const entering = link
        .run((client) => enterQueue(client, key, token, LEASE_MS))
        .then(
          (answer) => {
            const [order, isFirst] = answer as [string, number];
            place.order = order;
            if (isFirst === 1) goAhead();
            return isFirst === 1;
          },
          () => {
            places.delete(token);
            goAhead();
            return false;
          },
        );
      return {
        isFirst: entering.then((isFirst) => isFirst && turnstile.isFirst === true),
        ready: Promise.all([turnstile.ready, isMyTurn]).then(() => {}),
        leave() {
          turnstile.leave();
          places.delete(token);
          // One that Redis does not hear of ends with its lease.
          void entering.then(() => place.order && leave(key, token)).catch(() => {});
        },
      };
    },
    close() {
      clearInterval(renewing);
      closeChannel();
    },
  };
}
