import { isUtf8 } from "node:buffer";
import type { Readable } from "node:stream";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { AppError } from "../domain/errors.ts";
import { checkJsonBounds } from "../domain/json-bounds.ts";
import { readBody } from "./body-reader.ts";
import { type BodyRoom, openRoom } from "./body-room.ts";
import { checkUtf8InPieces, parseInPieces } from "./json-pieces.ts";
import { whenClosed } from "./when-closed.ts";

/** The bound of a request's body, unless its route has another. */
export const MAX_BODY_BYTES = 2 * 1024 * 1024;

/** A larger body is parsed in pieces, and other requests are served between them. */
const LARGE_BYTES = 512 * 1024;

/** The largest chats of an export have fewer. */
const JSON_BOUNDS = { maxDepth: 100, maxValues: 1_000_000 };

/**
 * JSON is the only body there is. An empty one is no body; bytes that are not UTF-8 are refused, since
 * they could not be given back as they came; `__proto__` and `constructor.prototype` keys are refused.
 * All bodies together have a bound, too: a body counts until its request is answered or its connection lost.
 */
export function acceptJson(app: FastifyInstance): void {
  const parseJson = app.getDefaultJsonParser("error", "error");
  app.removeAllContentTypeParsers();
  app.addHook("preParsing", (request, { raw }, _payload, done) => {
    const room = openRoom();
    rooms.set(request, room);
    whenClosed(raw, room.giveBack);
    done();
  });
  app.addHook("onSend", (request, _reply, _payload, done) => {
    giveBodyBack(request);
    done();
  });
  app.addContentTypeParser(
    /^application\/(?:[\w.-]+\+)?json(?:\s*;|$)/i,
    async (request: FastifyRequest, payload: NodeJS.ReadableStream) => {
      const limitBytes = request.routeOptions.bodyLimit ?? MAX_BODY_BYTES;
      const room = rooms.get(request) ?? openRoom();
      const body = await readBody(payload as Readable, request.headers, limitBytes, room);
      bodyBytes.set(request, body.length);
      if (body.length === 0) return undefined;
      if (HEADERS_OF_REPEATS.some((name) => request.headers[name] !== undefined))
        rawBodies.set(request, body);
      const parse = (text: string): unknown => {
        let parsed: unknown;
        let problem: Error | null = null;
        void parseJson(request, text, (error, value) => {
          parsed = value;
          problem = error;
        });
        if (problem) throw problem;
        return parsed;
      };
      if (body.length > LARGE_BYTES) {
        await checkUtf8InPieces(body);
        return parseInPieces(body, parse, JSON_BOUNDS);
      }
      if (!isUtf8(body)) throw new AppError("invalid_request", "The body is not valid UTF-8");
      const text = body.toString("utf8");
      checkJsonBounds(text, JSON_BOUNDS);
      return parse(text);
    },
  );
}

const rooms = new WeakMap<FastifyRequest, BodyRoom>();

/** Stops counting the body of a request whose answer is being sent. */
export const giveBodyBack = (request: FastifyRequest): void => rooms.get(request)?.giveBack();

/** Counts what is held of a body that is not read as a whole. @throws AppError unavailable */
export const takeRoom = (request: FastifyRequest, bytes: number): void =>
  rooms.get(request)?.take(bytes);

const bodyBytes = new WeakMap<FastifyRequest, number>();

/** How long the body was; 0 without one. */
export const bodyBytesOf = (request: FastifyRequest): number => bodyBytes.get(request) ?? 0;

const rawBodies = new WeakMap<FastifyRequest, Buffer>();

/** By which a request may be known again: its client's key, or what OpenAI's SDKs say of every request. */
const HEADERS_OF_REPEATS = ["idempotency-key", "x-stainless-retry-count"];

/** The bytes of the body, kept only for requests that may be known again. */
export const rawBodyOf = (request: FastifyRequest): Buffer | undefined => rawBodies.get(request);
