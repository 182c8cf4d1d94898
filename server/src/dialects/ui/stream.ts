import type { FastifyReply } from "fastify";
import type { PartsEvent, WatchedTurn } from "../../core/turns/turn.ts";
import { toAppError } from "../../domain/errors.ts";
import type { PartDelta } from "../../domain/parts.ts";
import { type EventStream, openEventStream, unnumberedFrame } from "../../http/sse.ts";
import { type Chunk, chunksOfEnding, chunksOfSteps, createChunker, errorChunk } from "./chunks.ts";
import type { Entry } from "./entries.ts";

export type StreamOptions = {
  /** What the page's message has said before this reply; null: nothing. */
  readonly goesOnIn: Entry | null;
  /** Whether the page is told that as well, since it begins the message anew. */
  readonly isReplay: boolean;
};

const MAX_DELTA_CHARACTERS = 64 * 1024;

/** The stream of a reply from its start, to its ending. */
export async function streamReply(
  reply: FastifyReply,
  turn: Pick<WatchedTurn, "replyId" | "watchParts">,
  { goesOnIn, isReplay }: StreamOptions,
): Promise<void> {
  reply.header("x-vercel-ai-ui-message-stream", "v1");
  const stream = openEventStream(reply);
  const send = (chunks: readonly Chunk[]) => stream.send(chunks.map(frameOf).join(""));
  send([{ type: "start", messageId: goesOnIn?.id ?? turn.replyId }]);
  const before = goesOnIn?.messages ?? [];
  if (isReplay) await sendAll(stream, chunksOfSteps(before));
  const chunker = createChunker(before.filter(({ role }) => role === "assistant").length);
  send([{ type: "start-step" }]);
  let last: readonly Chunk[] = [];
  const framesOf = (event: PartsEvent): readonly string[] => {
    if (event.type !== "open" && event.type !== "grow") {
      last = chunksOfEnding(event, chunker);
      return [];
    }
    return piecesOf(event).map((delta) => chunker.take(delta).map(frameOf).join(""));
  };
  const stop = turn.watchParts(0, {
    take: (events) => stream.sendAll(events.flatMap(framesOf)),
    end(error) {
      if (stream.isGone) return;
      const problem = error === undefined ? null : toAppError(error);
      // A live log that is lost is no ending of the reply: a page whose connection breaks asks for the stream again.
      if (problem?.code === "unavailable") return stream.cut();
      if (problem) last = [...chunker.close(false), errorChunk(problem)];
      stream.end(last.map(frameOf).join("") + unnumberedFrame("[DONE]"));
    },
  });
  stream.whenGone(stop);
}

const frameOf = (chunk: Chunk): string => unnumberedFrame(JSON.stringify(chunk));

async function sendAll(stream: EventStream, chunks: readonly Chunk[]): Promise<void> {
  for (const chunk of chunks) {
    stream.send(frameOf(chunk));
    await stream.caughtUp();
  }
}

/** Long text, as a replay has, goes out in pieces that the client has to read in between. */
function piecesOf(delta: PartDelta): PartDelta[] {
  if (delta.type === "open" || delta.text.length <= MAX_DELTA_CHARACTERS) return [delta];
  const pieces: PartDelta[] = [];
  for (let start = 0; start < delta.text.length; ) {
    const cut = start + MAX_DELTA_CHARACTERS;
    const isInPair = /^[\uDC00-\uDFFF]/.test(delta.text.slice(cut, cut + 1));
    const end = isInPair ? cut - 1 : cut;
    pieces.push({ ...delta, text: delta.text.slice(start, end) });
    start = end;
  }
  return pieces;
}
