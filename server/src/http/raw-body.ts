import type { Readable } from "node:stream";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { AppError } from "../domain/errors.ts";
import { takeRoom } from "./body.ts";
import { allowLongBody } from "./body-time.ts";

/** The memory of an upload: the bytes at both ends that show its type, and the bytes between the socket and the disk. */
const HELD_BYTES = 512 * 1024;

/**
 * Routes that are registered on it get their body as a stream, whatever its type, and read it themselves. It may take
 * long to come.
 */
export function acceptStreams(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (request: FastifyRequest, payload: Readable, done) => {
    try {
      takeRoom(request, HELD_BYTES);
      allowLongBody(request.raw);
      streams.set(request, payload);
      done(null, undefined);
    } catch (error) {
      done(error as Error);
    }
  });
}

const streams = new WeakMap<FastifyRequest, Readable>();

/**
 * The body as it comes, in pieces; nothing is held that nobody has asked for.
 * @throws AppError invalid_request when it does not come whole
 */
export async function* bodyPieces(request: FastifyRequest): AsyncGenerator<Buffer> {
  const stream = streams.get(request);
  if (!stream) return;
  try {
    for await (const piece of stream.iterator({ destroyOnReturn: false })) yield piece as Buffer;
  } catch (cause) {
    throw new AppError("invalid_request", "The body arrived incomplete", { cause });
  } finally {
    // The rest of the body is read and dropped, so that a client that is still sending gets the answer.
    stream.resume();
  }
  if (!request.raw.complete) throw new AppError("invalid_request", "The body arrived incomplete");
}
