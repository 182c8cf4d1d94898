// What replicas say to each other about replies, through Redis' channels. Nothing of it is kept there.
import { INTERRUPTIONS, type Interruption } from "../../../domain/message.ts";

/** To whoever generates a reply, on the reply's channel. */
export type Request = {
  readonly kind: "watch" | "leave";
  /** Where the text is to be sent. */
  readonly inbox: string;
  /** How much of the reply is there already. */
  readonly from: number;
};

/** To a replica's inbox: the text of a reply from a position on. `isOver`: it has ended, and is stored. */
export type Piece = {
  readonly replyId: string;
  readonly from: number;
  readonly text: string;
  readonly isOver: boolean;
};

/** To every replica that has turns of a conversation, on the conversation's channel: they are to stop. */
export type Stop = {
  /** The replica that was asked. */
  readonly asker: string;
  readonly cause: Interruption;
  /** That one alone; null: all of them. */
  readonly replyId: string | null;
};

export const encodeStop = ({ asker, cause, replyId }: Stop): string =>
  JSON.stringify([asker, cause, replyId]);

/** Versions before sent the asker alone, and stopped for one cause only. */
export function decodeStop(message: string): Stop {
  const [asker, told, reply] = listIn(message);
  const cause = INTERRUPTIONS.find((known) => known === told) ?? "stopped";
  return {
    asker: typeof asker === "string" ? asker : message,
    cause,
    replyId: typeof reply === "string" ? reply : null,
  };
}

export const encodeRequest = ({ kind, inbox, from }: Request): string =>
  JSON.stringify([kind, inbox, from]);

export const encodePieces = (pieces: readonly Piece[]): string =>
  JSON.stringify(pieces.map(({ replyId, from, text, isOver }) => [replyId, from, text, isOver]));

/** Null for what this version does not understand, as while replicas are updated one by one. */
export function decodeRequest(message: string): Request | null {
  const [kind, inbox, from] = listIn(message);
  if ((kind !== "watch" && kind !== "leave") || typeof inbox !== "string") return null;
  return typeof from === "number" ? { kind, inbox, from } : null;
}

export function decodePieces(message: string): Piece[] {
  const pieces: Piece[] = [];
  for (const item of listIn(message)) {
    const [replyId, from, text, isOver] = Array.isArray(item) ? item : [];
    if (typeof replyId === "string" && typeof from === "number" && typeof text === "string")
      pieces.push({ replyId, from, text, isOver: isOver === true });
  }
  return pieces;
}

function listIn(message: string): unknown[] {
  try {
    const value: unknown = JSON.parse(message);
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}
