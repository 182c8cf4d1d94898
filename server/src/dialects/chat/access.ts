import type { FastifyRequest } from "fastify";
import { principalOfConversation } from "../../core/access/access.ts";
import { AppError } from "../../domain/errors.ts";
import type { Principal } from "../../domain/principal.ts";
import { claimsOf, credentialOf } from "../../http/request-facts.ts";
import type { ChatParts } from "./parts.ts";

/** The principal who reads or deletes that conversation. */
export const principalFor = (
  { conversations }: Pick<ChatParts, "conversations">,
  request: FastifyRequest,
  conversationId: string,
): Promise<Principal> =>
  principalOfConversation(request.principal, namesUser(request), () =>
    conversations.userOf(request.principal.tenantId, conversationId),
  );

const namesUser = (request: FastifyRequest): boolean =>
  Object.values(claimsOf(request, "user_id")).some((claim) => claim !== undefined);

/** @throws AppError invalid_request if neither the request nor a credential says who the user is */
export async function requireUser(request: FastifyRequest): Promise<void> {
  if (credentialOf(request.headers, request.connection.sessionSecret).kind !== "none") return;
  if (namesUser(request)) return;
  throw new AppError(
    "invalid_request",
    "user_id field is required: in the body, in the query or as the header X-User-ID",
    { field: "user_id" },
  );
}
