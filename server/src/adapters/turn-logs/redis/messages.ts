// The messages between replicas about replies, on channels of Redis, which does not store them.

import { INTERRUPTIONS, type Interruption } from "../../../domain/message.ts";
import type { PartDelta } from "../../../domain/parts.ts";

/** A message to the replica that generates a reply, on the channel of the reply. */
export type Request = {
  readonly kind: "watch" | "leave";
  /** The channel to which the reply is sent. */
  readonly inbox: string;
  /** How much of the reply is there already. */
  readonly from: number;
  /** False where a version asks that knows replies of text alone. */
  readonly isOfParts: boolean;
};

/** To a replica's inbox: a reply from a position on. `isOver`: it has ended, and is stored, or cannot be told here. */
export type Piece = {
  readonly replyId: string;
  readonly from: number;
  readonly steps: readonly PartDelta[];
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

const OF_PARTS = "parts";

export const encodeRequest = ({ kind, inbox, from }: Request): string =>
  JSON.stringify([kind, inbox, from, OF_PARTS]);

export const encodePieces = (pieces: readonly Piece[]): string =>
  JSON.stringify(
    pieces.map(({ replyId, from, steps, isOver }) => [
      replyId,
      from,
      steps.length > 0 ? steps : "",
      isOver,
    ]),
  );

/** Null for what this version does not understand, as while replicas are updated one by one. */
export function decodeRequest(message: string): Request | null {
  const [kind, inbox, from, of] = listIn(message);
  if ((kind !== "watch" && kind !== "leave") || typeof inbox !== "string") return null;
  return typeof from === "number" ? { kind, inbox, from, isOfParts: of === OF_PARTS } : null;
}

export function decodePieces(message: string): Piece[] {
  const pieces: Piece[] = [];
  for (const item of listIn(message)) {
    const [replyId, from, steps, isOver] = Array.isArray(item) ? item : [];
    if (typeof replyId !== "string" || typeof from !== "number") continue;
    if (steps === "") pieces.push({ replyId, from, steps: [], isOver: isOver === true });
    else if (Array.isArray(steps) && steps.every(isStep))
      pieces.push({ replyId, from, steps, isOver: isOver === true });
    // Earlier versions only send text. The store has more of the reply.
    else pieces.push({ replyId, from: 0, steps: [], isOver: true });
  }
  return pieces;
}

const isStep = (value: unknown): value is PartDelta => {
  const { type, position, text, part } = { ...(value as Partial<Record<string, unknown>>) };
  if (typeof position !== "number") return false;
  return type === "grow" ? typeof text === "string" : type === "open" && typeof part === "object";
};

function listIn(message: string): unknown[] {
  try {
    const value: unknown = JSON.parse(message);
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}
