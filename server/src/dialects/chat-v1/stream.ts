import type { FastifyReply } from "fastify";
import type { LiveEvent, PartsEvent, Turn, WatchedTurn } from "../../core/turns/turn.ts";
import { TRUNK } from "../../domain/branches.ts";
import { AppError, toAppError } from "../../domain/errors.ts";
import { hasWords } from "../../domain/parts.ts";
import { failureOf } from "../../domain/turn.ts";
import { type EventStream, frame, openEventStream, unnumberedFrame } from "../../http/sse.ts";
import { ERRORS } from "./errors.ts";
import { messageBody } from "./map.ts";
import { partBody } from "./part-schemas.ts";
import { idOf, isAtEnd, type Place, partsAfterWords, resumePoint, type View } from "./view.ts";

const MAX_CHUNK_CHARACTERS = 64 * 1024;

type RepeatPoint = Place & { readonly replyId: string };

/**
 * Where a POST that comes again goes on: clients that repeat a request with the id of the last event
 * they saw want the rest of that reply, not another one. Null for a first request.
 * @throws AppError invalid_request
 */
export function repeatPoint(header: string | readonly string[] | undefined): RepeatPoint | null {
  if (header === undefined || header === "") return null;
  const { replyId, ...place } = resumePoint(header.toString());
  if (replyId !== null) return { replyId, ...place };
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
  point: RepeatPoint,
  view: View,
): Promise<void> {
  if (turn && !isAtEnd(turn, point)) return resumeTurn(reply, turn, point, view);
  // Not 204: a client that read the answer to its POST takes anything but an event stream for a
  // failure, and would ask again for ever.
  openEventStream(reply).end(frame(idOf(point.replyId, point), "[DONE]"));
}

/** The stream of a turn that was just begun. @param opening the first event's type and data, as JSON */
export async function streamTurn(
  reply: FastifyReply,
  turn: Turn,
  opening: { readonly type: string; readonly data: unknown },
  view: View,
): Promise<void> {
  const stream = openEventStream(reply);
  stream.send(frame(`${turn.replyId}:0`, JSON.stringify({ ...opening, ...branchOfReply(turn) })));
  await forward(stream, turn, { position: 0, of: "words" }, view);
}

/** What an opening says of the branch that the reply is on, unless that is the first. */
const branchOfReply = ({ branch }: Pick<WatchedTurn, "branch">): { readonly branch?: number } =>
  branch === TRUNK ? {} : { branch };

/** The rest of a turn, from that place on. An id of a stream with parts is gone on with by such a stream. */
export async function resumeTurn(
  reply: FastifyReply,
  turn: WatchedTurn,
  { position, of }: Place,
  given: View,
): Promise<void> {
  const stream = openEventStream(reply);
  const view = of === "parts" ? { ...given, parts: true } : given;
  // A comment says at once that the stream is there, however long the next word takes.
  if (position >= 0) stream.send(": resumed\n\n");
  else {
    const opening = {
      type: "user_message",
      data: messageBody(turn.userMessage, view.parts),
      ...branchOfReply(turn),
    };
    stream.send(frame(`${turn.replyId}:0`, JSON.stringify(opening)));
  }
  await forward(stream, turn, { position: Math.max(0, position), of }, view);
}

type Forwarded = Pick<WatchedTurn, "replyId" | "follow" | "followParts" | "thoughts">;

async function forward(
  stream: EventStream,
  turn: Forwarded,
  from: Place,
  view: View,
): Promise<void> {
  const of = view.parts ? "parts" : "words";
  const idAt = (position: number) => idOf(turn.replyId, { position, of });
  let position = from.of === of ? from.position : 0;
  let last = "";
  const over = view.reasoning ? new AbortController() : null;
  if (over) void forwardThoughts(stream, turn, AbortSignal.any([stream.gone, over.signal]));
  try {
    for await (const event of eventsOf(turn, from, view, stream.gone)) {
      const { position: at } = event;
      if (event.type === "open") stream.send(openFrame(idAt(at), event));
      else if (event.type === "grow" || event.type === "delta") {
        const { text } = event;
        const send = (piece: string, end: number) =>
          stream.send(growthFrame(idAt(at - text.length + end), event, piece));
        if (text.length <= MAX_CHUNK_CHARACTERS) send(text, text.length);
        else await sendInPieces(stream, text, stream.gone, send);
      } else if (event.type === "failed") last = errorFrame(idAt(at), failureOf(event.error));
      else {
        const data = messageBody(event.reply, view.parts);
        last = frame(idAt(at), JSON.stringify({ type: "ai_complete", data }));
      }
      position = at;
    }
  } catch (error) {
    // A live log that is lost is no ending of the reply: a broken connection makes clients resume.
    if (toAppError(error).code === "unavailable") return stream.cut();
    last = errorFrame(idAt(position), toAppError(error));
  } finally {
    over?.abort();
  }
  if (!stream.gone.aborted) stream.end(`${last}${frame(idAt(position), "[DONE]")}`);
}

/** What comes after that place, as the view shows it. */
function eventsOf(
  turn: Forwarded,
  { position, of }: Place,
  view: View,
  signal: AbortSignal,
): AsyncIterable<LiveEvent | PartsEvent> {
  if (!view.parts) return turn.follow(position, signal);
  if (of === "parts") return turn.followParts(position, signal);
  return partsAfterWords(turn.followParts(0, signal), position);
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

/** Words are an `ai_chunk` on every stream. */
function growthFrame(
  id: string,
  event: Extract<LiveEvent | PartsEvent, { type: "delta" | "grow" }>,
  text: string,
): string {
  const data = JSON.stringify(text);
  if (event.type === "delta") return frame(id, `{"type":"ai_chunk","data":${data}}`);
  const { index, of } = event;
  if (hasWords(of)) return frame(id, `{"type":"ai_chunk","data":${data},"index":${index}}`);
  const grown = `{"type":"grow","index":${index},"of":"${of}","text":${data}}`;
  return frame(id, `{"type":"ai_part","data":${grown}}`);
}

const openFrame = (id: string, { index, part }: Extract<PartsEvent, { type: "open" }>): string => {
  const data = { type: "open", index, part: partBody(part) };
  return frame(id, JSON.stringify({ type: "ai_part", data }));
};

const thoughtFrame = (offset: number, text: string): string =>
  unnumberedFrame(JSON.stringify({ type: "ai_reasoning", data: { offset, text } }));

const errorFrame = (id: string, { code, message, retryAfterMs }: AppError): string => {
  const retry = retryAfterMs === undefined ? {} : { retry_after: Math.ceil(retryAfterMs / 1000) };
  return frame(
    id,
    JSON.stringify({ type: "error", data: { code: ERRORS[code][1], message, ...retry } }),
  );
};
