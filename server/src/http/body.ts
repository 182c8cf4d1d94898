import { isUtf8 } from "node:buffer";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { AppError } from "../domain/errors.ts";

/** What a request may weigh, where its route says nothing else. */
export const BODY_LIMIT_BYTES = 2 * 1024 * 1024;

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
      if (request.headers["idempotency-key"] !== undefined) rawBodies.set(request, body);
      return parseJson(request, body.toString("utf8"), done);
    },
  );
}

const rawBodies = new WeakMap<FastifyRequest, Buffer>();

/** The bytes of the body, kept only for requests that carry an Idempotency-Key. */
export const rawBodyOf = (request: FastifyRequest): Buffer | undefined => rawBodies.get(request);
