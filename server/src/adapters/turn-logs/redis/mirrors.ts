import { stepsAfter } from "../../../domain/parts.ts";
import type { Sink, StopGiving } from "../../../domain/sink.ts";
import type { PartsEvent } from "../../../ports/turn-log.ts";
import type { RedisLink } from "../../redis/link.ts";
import { type LiveReply, liveReply } from "../shared/live-reply.ts";
import type { Channels } from "./channels.ts";
import { decodePieces, encodeRequest, type Piece } from "./messages.ts";

type Mirror = {
  readonly reply: LiveReply;
  watchers: number;
  /** Asked for what is missing, and not answered yet. */
  isAsking: boolean;
  heardAtMs: number;
};

/** How often the generating replica is told that the reply is still watched here. */
const RENEW_MS = 2000;
/** A question that came just as the turn ended has no answer: asked again, nobody hears it. */
const ASK_AGAIN_MS = 200;
/** It answers every renewal; one that does not is gone, or cannot be reached. */
const SILENCE_MS = 5000;

/** The replies of other replicas that are watched here: one copy each, however many watch. */
export function mirrors(link: RedisLink, channels: Channels) {
  const inbox = channels.inbox(link.replicaId);
  const known = new Map<string, Mirror>();

  const lose = (replyId: string, mirror: Mirror) => {
    if (known.get(replyId) === mirror) known.delete(replyId);
    mirror.reply.end(null);
  };

  /** Asks for what comes after what is here. */
  const ask = async (replyId: string, mirror: Mirror) => {
    mirror.isAsking = true;
    const request = encodeRequest({
      kind: "watch",
      inbox,
      from: mirror.reply.length,
      isOfParts: true,
    });
    const hearing = await link.publish(channels.reply(replyId), request).catch(() => 0);
    if (hearing === 0) return lose(replyId, mirror);
    setTimeout(() => {
      if (mirror.isAsking && known.get(replyId) === mirror) void ask(replyId, mirror);
    }, ASK_AGAIN_MS).unref();
  };

  const receive = ({ replyId, from, steps, isOver }: Piece) => {
    const mirror = known.get(replyId);
    if (!mirror) return;
    mirror.heardAtMs = performance.now();
    const { reply } = mirror;
    if (from > reply.length) {
      // Something was lost on the way.
      if (!mirror.isAsking) void ask(replyId, mirror);
      return;
    }
    mirror.isAsking = false;
    for (const step of stepsAfter(steps, reply.length)) reply.apply(step);
    if (isOver) lose(replyId, mirror);
  };

  const mirrorOf = (replyId: string): Mirror => {
    const there = known.get(replyId);
    if (there) return there;
    const mirror: Mirror = {
      reply: liveReply(),
      watchers: 0,
      isAsking: false,
      heardAtMs: performance.now(),
    };
    known.set(replyId, mirror);
    void ask(replyId, mirror);
    return mirror;
  };

  const release = (replyId: string, mirror: Mirror) => {
    mirror.watchers--;
    if (mirror.watchers > 0 || known.get(replyId) !== mirror) return;
    known.delete(replyId);
    const request = encodeRequest({ kind: "leave", inbox, from: 0, isOfParts: true });
    link.publish(channels.reply(replyId), request).catch(() => {});
  };

  const closeInbox = link.listen(inbox, (message) => {
    for (const piece of decodePieces(message)) receive(piece);
  });
  link.onChange((isUp) => {
    // Watchers continue from the store, and return here by themselves.
    if (!isUp) for (const [replyId, mirror] of known) lose(replyId, mirror);
  });
  const renewing = setInterval(() => {
    const silentAtMs = performance.now() - SILENCE_MS;
    for (const [replyId, mirror] of known)
      if (mirror.heardAtMs < silentAtMs) lose(replyId, mirror);
      else void ask(replyId, mirror);
  }, RENEW_MS).unref();

  return {
    watch(replyId: string, position: number, sink: Sink<PartsEvent>): StopGiving {
      if (!link.isUp) {
        sink.end();
        return () => {};
      }
      const mirror = mirrorOf(replyId);
      mirror.watchers++;
      let isWatching = true;
      const leave = () => {
        if (isWatching) release(replyId, mirror);
        isWatching = false;
      };
      const stop = mirror.reply.watch(position, {
        take: (events) => sink.take(events),
        end(error) {
          leave();
          sink.end(error);
        },
      });
      return () => {
        stop();
        leave();
      };
    },
    close() {
      clearInterval(renewing);
      closeInbox();
    },
  };
}
