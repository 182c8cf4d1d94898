import type { Interruption } from "../../../domain/message.ts";
import type { TurnLog } from "../../../ports/turn-log.ts";
import type { RedisLink } from "../../redis/link.ts";
import { type LiveReply, liveReply } from "../shared/live-reply.ts";
import type { Channels } from "./channels.ts";
import { decodeRequest, decodeStop, encodePieces, type Piece } from "./messages.ts";

type OwnTurn = {
  readonly conversationId: string;
  readonly onStop: (cause: Interruption) => void;
  readonly reply: LiveReply;
  /** The replicas where it is watched, by inbox, and how far each has been told. */
  readonly watchers: Map<string, { sent: number; isAnswered: boolean; renewedAtMs: number }>;
};

/** Text is sent on together with what came in so many milliseconds. */
const FLUSH_MS = 10;
/** A watching replica that is silent for so long is gone. */
const FORGOTTEN_MS = 15_000;

/** The turns that this replica generates. Their text goes to Redis only while another replica watches. */
export function ownTurns(link: RedisLink, channels: Channels) {
  const turns = new Map<string, OwnTurn>();
  const conversations = new Map<string, { count: number; readonly close: () => void }>();
  const unsent = new Set<string>();
  let flushing: NodeJS.Timeout | null = null;

  /** @param replyId null: every turn of the conversation */
  const stop = (conversationId: string, cause: Interruption, replyId: string | null): boolean => {
    const found = [...turns].filter(
      ([id, turn]) =>
        turn.conversationId === conversationId && (replyId === null || id === replyId),
    );
    for (const [, turn] of found) turn.onStop(cause);
    return found.length > 0;
  };

  const enterConversation = (id: string) => {
    const known = conversations.get(id);
    if (known) known.count++;
    else
      conversations.set(id, {
        count: 1,
        // Messages that this replica requested may arrive when the next turn is already running here.
        close: link.listen(channels.conversation(id), (message) => {
          const { asker, cause, replyId } = decodeStop(message);
          if (asker !== link.replicaId) stop(id, cause, replyId);
        }),
      });
  };
  const leaveConversation = (id: string) => {
    const known = conversations.get(id);
    if (!known || --known.count > 0) return;
    conversations.delete(id);
    known.close();
  };

  const willFlush = (replyId: string, afterMs: number) => {
    unsent.add(replyId);
    if (flushing === null) flushing = setTimeout(flush, afterMs);
  };
  const flush = () => {
    flushing = null;
    const byInbox = new Map<string, Piece[]>();
    for (const replyId of unsent) {
      const turn = turns.get(replyId);
      if (turn) collect(replyId, turn, false, byInbox);
    }
    unsent.clear();
    sendAll(byInbox);
  };
  const collect = (
    replyId: string,
    { reply, watchers }: OwnTurn,
    isOver: boolean,
    byInbox: Map<string, Piece[]>,
  ) => {
    const forgottenAtMs = performance.now() - FORGOTTEN_MS;
    for (const [inbox, watcher] of watchers) {
      if (watcher.renewedAtMs < forgottenAtMs) watchers.delete(inbox);
      else if (isOver || !watcher.isAnswered || watcher.sent < reply.length) {
        const from = watcher.sent;
        const pieces = byInbox.get(inbox) ?? [];
        pieces.push({ replyId, from, steps: reply.after(from), isOver });
        byInbox.set(inbox, pieces);
        watcher.sent = Math.max(from, reply.length);
        watcher.isAnswered = true;
      }
    }
  };
  const sendAll = (byInbox: Map<string, Piece[]>) => {
    // A lost message causes a gap, which is requested again.
    for (const [inbox, pieces] of byInbox)
      link.publish(inbox, encodePieces(pieces)).catch(() => {});
  };

  const onRequest = (replyId: string, turn: OwnTurn, message: string) => {
    const request = decodeRequest(message);
    if (!request) return;
    // Earlier versions only support text. They read the store.
    if (!request.isOfParts)
      return sendAll(new Map([[request.inbox, [{ replyId, from: 0, steps: [], isOver: true }]]]));
    if (request.kind === "leave") return void turn.watchers.delete(request.inbox);
    turn.watchers.set(request.inbox, {
      sent: request.from,
      isAnswered: false,
      renewedAtMs: performance.now(),
    });
    willFlush(replyId, 0);
  };

  return {
    stop,
    /** Whether this replica hears the conversation's channel. */
    has: (conversationId: string) => conversations.has(conversationId),
    open: (({ replyId, conversationId }, onStop) => {
      const reply = liveReply();
      const turn: OwnTurn = { conversationId, onStop, reply, watchers: new Map() };
      turns.set(replyId, turn);
      enterConversation(conversationId);
      const closeChannel = link.listen(channels.reply(replyId), (message) =>
        onRequest(replyId, turn, message),
      );
      const forget = () => {
        if (!turns.delete(replyId)) return;
        unsent.delete(replyId);
        closeChannel();
        leaveConversation(conversationId);
      };
      const tell = () => {
        if (turn.watchers.size) willFlush(replyId, FLUSH_MS);
      };
      return {
        reply,
        add(part) {
          reply.add(part);
          tell();
        },
        grow(text) {
          reply.grow(text);
          tell();
        },
        end(ending) {
          const byInbox = new Map<string, Piece[]>();
          collect(replyId, turn, true, byInbox);
          sendAll(byInbox);
          forget();
          reply.end(ending);
        },
        discard: forget,
      };
    }) satisfies TurnLog["open"],
    watch: ((replyId, position, sink) =>
      turns.get(replyId)?.reply.watch(position, sink) ?? null) satisfies TurnLog["watch"],
  };
}
