import { createHash } from "node:crypto";
import type { FastifyRequest } from "fastify";
import { AppError } from "../domain/errors.ts";
import { rawBodyOf } from "./body.ts";
import { Type } from "./schema.ts";

const MAX_KEY_CHARACTERS = 255;

/** The header of every route that `idempotencyOf` is asked about, for its description. */
export const RepeatHeaders = Type.Object({
  "Idempotency-Key": Type.Optional(
    Type.String({
      description: `1 to ${MAX_KEY_CHARACTERS} characters, a new one for each request. For 24 hours the same request with the same key gives what the first one made, and makes nothing; another request with it is 409.`,
    }),
  ),
});

/**
 * The request's Idempotency-Key (draft-ietf-httpapi-idempotency-key-header) with a fingerprint of
 * what it asks for; null without one. @throws AppError invalid_request
 */
export function idempotencyOf(
  request: FastifyRequest,
): { key: string; fingerprint: string } | null {
  const key = request.headers["idempotency-key"];
  if (key === undefined) return null;
  if (typeof key !== "string" || key === "" || key.length > MAX_KEY_CHARACTERS)
    throw new AppError(
      "invalid_request",
      `Idempotency-Key must be one value of 1 to ${MAX_KEY_CHARACTERS} characters`,
      { field: "Idempotency-Key" },
    );
  const fingerprint = createHash("sha256")
    .update(`${request.method} ${request.url}\n`)
    .update(rawBodyOf(request) ?? "")
    .digest("hex");
  return { key, fingerprint };
}
