import type { FastifyReply } from "fastify";
import type { LiveEvent, PartsEvent, Thought, Turn, WatchedTurn } from "../../core/turns/turn.ts";
import { TRUNK } from "../../domain/branches.ts";
import { AppError, toAppError } from "../../domain/errors.ts";
import { hasWords } from "../../domain/parts.ts";
import { mapped, type Sink, type StopGiving } from "../../domain/sink.ts";
import { failureOf } from "../../domain/turn.ts";
import { type EventStream, frame, openEventStream, unnumberedFrame } from "../../http/sse.ts";
import { ERRORS } from "./errors.ts";
import { messageBody, replyBody } from "./map.ts";
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
export function repeatTurn(
  reply: FastifyReply,
  turn: WatchedTurn | null,
  point: RepeatPoint,
  view: View,
): void {
  // Not 204: a client that read the answer to its POST takes anything but an event stream for a
  // failure, and would ask again for ever.
  if (!turn || isAtEnd(turn, point))
    openEventStream(reply).end(frame(idOf(point.replyId, point), "[DONE]"));
  else resumeTurn(reply, turn, point, view);
}

/** The stream of a turn that was just begun. @param opening the first event's type and data, as JSON */
export function streamTurn(
  reply: FastifyReply,
  turn: Turn,
  opening: { readonly type: string; readonly data: unknown },
  view: View,
): void {
  const stream = openEventStream(reply);
  stream.send(frame(`${turn.replyId}:0`, JSON.stringify({ ...opening, ...branchOfReply(turn) })));
  forward(stream, turn, { position: 0, of: "words" }, view);
}

/** What an opening says of the branch that the reply is on, unless that is the first. */
const branchOfReply = ({ branch }: Pick<WatchedTurn, "branch">): { readonly branch?: number } =>
  branch === TRUNK ? {} : { branch };

/** The rest of a turn, from that place on. An id of a stream with parts is gone on with by such a stream. */
export function resumeTurn(
  reply: FastifyReply,
  turn: WatchedTurn,
  { position, of }: Place,
  given: View,
): void {
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
  forward(stream, turn, { position: Math.max(0, position), of }, view);
}

/** Sends what comes after that place, as the view shows it, to the end of the stream. */
function forward(
  stream: EventStream,
  turn: Pick<WatchedTurn, "replyId" | "watch" | "watchParts" | "watchThoughts">,
  from: Place,
  view: View,
): void {
  const of = view.parts ? "parts" : "words";
  const idAt = (position: number) => idOf(turn.replyId, { position, of });
  let position = from.of === of ? from.position : 0;
  let last = "";
  const framesOf = (event: LiveEvent | PartsEvent): readonly string[] => {
    const { position: at } = event;
    position = at;
    if (event.type === "open") return [openFrame(idAt(at), event)];
    if (event.type === "grow" || event.type === "delta") {
      const start = at - event.text.length;
      return inPieces(event.text, (piece, end) => growthFrame(idAt(start + end), event, piece));
    }
    if (event.type === "failed") last = errorFrame(idAt(at), failureOf(event.error));
    else {
      const type = event.type === "waiting" ? "ai_waiting" : "ai_complete";
      const data = replyBody(event, view.parts);
      last = frame(idAt(at), JSON.stringify({ type, data }));
    }
    return [];
  };
  // What the model thinks has no ids: a client that goes on after the last id it has seen misses no text, whichever of
  // these came in between. What is left at the end is in the ending's message.
  const thoughts = sinkOf(stream, thoughtFrames, () => {});
  const stopThoughts = view.reasoning ? turn.watchThoughts(thoughts) : null;
  const sink = sinkOf(stream, framesOf, (error) => {
    stopThoughts?.();
    if (stream.isGone) return;
    // A live log that is lost is no ending of the reply: a broken connection makes clients resume.
    if (error?.code === "unavailable") return stream.cut();
    if (error) last = errorFrame(idAt(position), error);
    stream.end(`${last}${frame(idAt(position), "[DONE]")}`);
  });
  const stop = watchAs(turn, from, view, sink);
  stream.whenGone(() => {
    stop();
    stopThoughts?.();
  });
}

/** Sends what comes of each moment at once. */
const sinkOf = <Event>(
  stream: EventStream,
  framesOf: (event: Event) => readonly string[],
  end: (error: AppError | null) => void,
): Sink<Event> => ({
  take(events) {
    const frames = events.flatMap(framesOf);
    return frames.length > 0 ? stream.sendAll(frames) : undefined;
  },
  end: (error) => end(error === undefined ? null : toAppError(error)),
});

function watchAs(
  turn: Pick<WatchedTurn, "watch" | "watchParts">,
  { position, of }: Place,
  view: View,
  sink: Sink<LiveEvent | PartsEvent>,
): StopGiving {
  if (!view.parts) return turn.watch(position, sink);
  if (of === "parts") return turn.watchParts(position, sink);
  return turn.watchParts(0, mapped(sink, partsAfterWords(position)));
}

/** Long text, as a resumed stream may have, goes out in pieces that the client has to read in between. */
function inPieces(text: string, frameOf: (piece: string, end: number) => string): string[] {
  const frames: string[] = [];
  let start = 0;
  while (text.length - start > MAX_CHUNK_CHARACTERS) {
    const cut = start + MAX_CHUNK_CHARACTERS;
    const end = isLowSurrogate(text.charCodeAt(cut)) ? cut - 1 : cut;
    frames.push(frameOf(text.slice(start, end), end));
    start = end;
  }
  frames.push(frameOf(text.slice(start), text.length));
  return frames;
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

const thoughtFrames = ({ offset, text }: Thought): string[] =>
  inPieces(text, (piece, end) =>
    unnumberedFrame(
      JSON.stringify({
        type: "ai_reasoning",
        data: { offset: offset + end - piece.length, text: piece },
      }),
    ),
  );

const errorFrame = (id: string, { code, message, retryAfterMs }: AppError): string => {
  const retry = retryAfterMs === undefined ? {} : { retry_after: Math.ceil(retryAfterMs / 1000) };
  return frame(
    id,
    JSON.stringify({ type: "error", data: { code: ERRORS[code][1], message, ...retry } }),
  );
};
