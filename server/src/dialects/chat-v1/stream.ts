import type { FastifyReply } from "fastify";
import type { Turn, WatchedTurn } from "../../core/turns/turn.ts";
import { AppError, toAppError } from "../../domain/errors.ts";
import { failureOf } from "../../domain/turn.ts";
import { type EventStream, frame, openEventStream, unnumberedFrame } from "../../http/sse.ts";
import { ERRORS } from "./errors.ts";
import { messageBody } from "./map.ts";

const MAX_CHUNK_CHARACTERS = 64 * 1024;

/** Where a client goes on: the reply (null: the one that is generated now, or the latest) and the position of the last event it saw. */
export type ResumePoint = { readonly replyId: string | null; readonly position: number };

const BEGINNING: ResumePoint = { replyId: null, position: -1 };

/** @param lastEventId an `id:` of ours, or a bare position in the reply that is generated now, or the latest. @throws AppError invalid_request */
export function resumePoint(lastEventId: string | undefined): ResumePoint {
  if (lastEventId === undefined || lastEventId === "") return BEGINNING;
  const match = /^(?:([^:\s]{1,64}):)?(\d{1,15})$/.exec(lastEventId);
  if (!match)
    throw new AppError(
      "invalid_request",
      "Last-Event-ID (or after) must be the id of an event of this stream",
      { field: "after" },
    );
  return { replyId: match[1] ?? null, position: Number(match[2]) };
}

/**
 * Where a POST that comes again goes on: clients that repeat a request with the id of the last event
 * they saw want the rest of that reply, not another one. Null for a first request.
 * @throws AppError invalid_request
 */
export function repeatPoint(
  header: string | readonly string[] | undefined,
): { readonly replyId: string; readonly position: number } | null {
  if (header === undefined || header === "") return null;
  const { replyId, position } = resumePoint(header.toString());
  if (replyId !== null) return { replyId, position };
  throw new AppError(
    "invalid_request",
    "Last-Event-ID must be the whole id of an event of this stream. Leave it out to send a new message",
    { field: "Last-Event-ID" },
  );
}

/** The rest of a turn for a POST that came again; where there is no rest, the end of a stream alone. */
export async function repeatTurn(
  reply: FastifyReply,
  turn: WatchedTurn | null,
  point: { readonly replyId: string; readonly position: number },
  isThinkingShown: boolean,
): Promise<void> {
  if (turn && turn.stored?.position !== point.position)
    return resumeTurn(reply, turn, point.position, isThinkingShown);
  // Not 204: a client that read the answer to its POST takes anything but an event stream for a
  // failure, and would ask again for ever.
  openEventStream(reply).end(frame(`${point.replyId}:${point.position}`, "[DONE]"));
}

/** The stream of a turn that was just begun. @param opening the first event's type and data, as JSON */
export async function streamTurn(
  reply: FastifyReply,
  turn: Turn,
  opening: { readonly type: string; readonly data: unknown },
  isThinkingShown: boolean,
): Promise<void> {
  const stream = openEventStream(reply);
  stream.send(frame(`${turn.replyId}:0`, JSON.stringify(opening)));
  await forward(stream, turn, 0, isThinkingShown);
}

/** The rest of a turn, from that position on. */
export async function resumeTurn(
  reply: FastifyReply,
  turn: WatchedTurn,
  position: number,
  isThinkingShown: boolean,
): Promise<void> {
  const stream = openEventStream(reply);
  // A comment says at once that the stream is there, however long the next word takes.
  if (position >= 0) stream.send(": resumed\n\n");
  else
    stream.send(
      frame(
        `${turn.replyId}:0`,
        JSON.stringify({ type: "user_message", data: messageBody(turn.userMessage) }),
      ),
    );
  await forward(stream, turn, Math.max(0, position), isThinkingShown);
}

async function forward(
  stream: EventStream,
  turn: Pick<WatchedTurn, "replyId" | "follow" | "thoughts">,
  from: number,
  isThinkingShown: boolean,
): Promise<void> {
  let position = from;
  let last = "";
  const over = new AbortController();
  if (isThinkingShown)
    void forwardThoughts(stream, turn, AbortSignal.any([stream.gone, over.signal]));
  try {
    for await (const event of turn.follow(from, stream.gone)) {
      if (event.type === "delta")
        if (event.text.length > MAX_CHUNK_CHARACTERS)
          await sendLongText(stream, turn.replyId, event.position, event.text);
        else stream.send(chunkFrame(turn.replyId, event.position, event.text));
      else if (event.type === "failed")
        last = errorFrame(turn.replyId, event.position, failureOf(event.error));
      else
        last = frame(
          `${turn.replyId}:${event.position}`,
          JSON.stringify({ type: "ai_complete", data: messageBody(event.reply) }),
        );
      position = event.position;
    }
  } catch (error) {
    // A live log that is lost is no ending of the reply: a broken connection makes clients resume.
    if (toAppError(error).code === "unavailable") return stream.cut();
    last = errorFrame(turn.replyId, position, toAppError(error));
  } finally {
    over.abort();
  }
  if (!stream.gone.aborted) stream.end(`${last}${frame(`${turn.replyId}:${position}`, "[DONE]")}`);
}

/**
 * What the model thinks, without ids: a client that goes on after the last id it has seen misses no
 * text, whichever of these came in between. What is left at the end is in the ending's message.
 */
async function forwardThoughts(
  stream: EventStream,
  turn: Pick<WatchedTurn, "thoughts">,
  signal: AbortSignal,
): Promise<void> {
  for await (const { offset, text } of turn.thoughts(signal) ?? [])
    await sendInPieces(stream, text, signal, (piece, end) =>
      stream.send(thoughtFrame(offset + end - piece.length, piece)),
    );
}

const sendLongText = (
  stream: EventStream,
  replyId: string,
  position: number,
  text: string,
): Promise<void> =>
  sendInPieces(stream, text, stream.gone, (piece, end) =>
    stream.send(chunkFrame(replyId, position - text.length + end, piece)),
  );

/** Long text, as a resumed stream may have, goes out in pieces that the client has to read in between. */
async function sendInPieces(
  stream: EventStream,
  text: string,
  signal: AbortSignal,
  send: (piece: string, end: number) => void,
): Promise<void> {
  let start = 0;
  while (text.length - start > MAX_CHUNK_CHARACTERS && !signal.aborted) {
    const cut = start + MAX_CHUNK_CHARACTERS;
    const end = isLowSurrogate(text.charCodeAt(cut)) ? cut - 1 : cut;
    send(text.slice(start, end), end);
    await stream.caughtUp();
    start = end;
  }
  if (!signal.aborted) send(text.slice(start), text.length);
}

const isLowSurrogate = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff;

const chunkFrame = (replyId: string, position: number, text: string): string =>
  frame(`${replyId}:${position}`, `{"type":"ai_chunk","data":${JSON.stringify(text)}}`);

const thoughtFrame = (offset: number, text: string): string =>
  unnumberedFrame(JSON.stringify({ type: "ai_reasoning", data: { offset, text } }));

const errorFrame = (
  replyId: string,
  position: number,
  { code, message, retryAfterMs }: AppError,
): string => {
  const retry = retryAfterMs === undefined ? {} : { retry_after: Math.ceil(retryAfterMs / 1000) };
  return frame(
    `${replyId}:${position}`,
    JSON.stringify({ type: "error", data: { code: ERRORS[code][1], message, ...retry } }),
  );
};
