import { isUtf8 } from "node:buffer";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { AppError } from "../domain/errors.ts";
import { checkJsonBounds } from "../domain/json-bounds.ts";

/** What a request may weigh, where its route says nothing else. */
export const BODY_LIMIT_BYTES = 2 * 1024 * 1024;

/** More than the largest chats of an export have. */
const JSON_BOUNDS = { maxDepth: 100, maxValues: 1_000_000 };

/**
 * JSON is the only body there is. An empty one is no body; bytes that are not UTF-8 are refused, since
 * they could not be given back as they came; `__proto__` and `constructor.prototype` keys are refused.
 */
export function acceptJson(app: FastifyInstance): void {
  const parseJson = app.getDefaultJsonParser("error", "error");
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<Buffer>(
    /^application\/(?:[\w.-]+\+)?json(?:\s*;|$)/i,
    { parseAs: "buffer" },
    (request, body, done) => {
      if (body.length === 0) return done(null, undefined);
      if (!isUtf8(body))
        return done(new AppError("invalid_request", "The body is not valid UTF-8"));
      const text = body.toString("utf8");
      try {
        checkJsonBounds(text, JSON_BOUNDS);
      } catch (error) {
        return done(error as Error);
      }
      if (request.headers["idempotency-key"] !== undefined) rawBodies.set(request, body);
      return parseJson(request, text, done);
    },
  );
}

const rawBodies = new WeakMap<FastifyRequest, Buffer>();

/** The bytes of the body, kept only for requests that carry an Idempotency-Key. */
export const rawBodyOf = (request: FastifyRequest): Buffer | undefined => rawBodies.get(request);
