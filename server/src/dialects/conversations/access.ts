import type { FastifyRequest } from "fastify";
import { AppError } from "../../domain/errors.ts";
import { claimsOf, credentialOf } from "../../http/request-facts.ts";
import { isUuid } from "../../http/uuid.ts";

/**
 * A caller with a credential may leave the user id out.
 * @throws AppError invalid_request if it is missing, or is no UUID
 */
export async function requireUserId(request: FastifyRequest): Promise<void> {
  const claims = Object.values(claimsOf(request, "userId")).filter((claim) => claim !== undefined);
  if (
    claims.length === 0 &&
    credentialOf(request.headers, request.connection.sessionSecret).kind === "none"
  )
    throw new AppError("invalid_request", "userId field is required", { field: "userId" });
  if (!claims.every(isUuid))
    throw new AppError("invalid_request", "userId must be a UUID", { field: "userId" });
}
