import type { FastifyReply, FastifyRequest } from "fastify";
import { AppError } from "../../domain/errors.ts";
import { admitRequests } from "../../http/admission.ts";
import type { Wire } from "../../http/wire.ts";
import { errorReply, noteId } from "./errors.ts";
import { isFields, isId } from "./messages.ts";
import { createMethods } from "./methods.ts";
import { type McpParts, ORIGIN } from "./parts.ts";
import { mcpRoutes, PATH } from "./routes.ts";

/** The Model Context Protocol: a user's conversations as tools for other programs. */
export function mcpWire(parts: McpParts): Wire {
  return {
    name: ORIGIN,
    errorReply,
    otherPaths: [`${PATH}/*`],
    routes(app) {
      app.addHook("onRequest", async (request, reply) => refuseForeignPages(request, reply));
      app.addHook("preValidation", async (request) => {
        const { body } = request;
        if (isFields(body) && isId(body.id)) noteId(request, body.id);
      });
      admitRequests(app, {
        admit: (visitor) => parts.admit(ORIGIN, visitor),
        claimsOf: userInHeader,
        requiresBearer: false,
        isOpenWire: false,
      });
      mcpRoutes(app, { limits: parts.limits, methods: createMethods(parts) });
    },
  };
}

/**
 * A page that may not read answers here may not ask either, whatever credential it has: its address may be that of a
 * name which leads to this server only since the page was loaded.
 * @throws AppError forbidden
 */
function refuseForeignPages({ headers }: FastifyRequest, reply: FastifyReply): void {
  if (headers.origin === undefined || reply.hasHeader("access-control-allow-origin")) return;
  throw new AppError(
    "forbidden",
    "Pages of this origin may not use this server: name the origin in CORS_ORIGINS",
  );
}

const userInHeader = ({ headers }: FastifyRequest): Record<string, string | undefined> => ({
  "X-User-ID": typeof headers["x-user-id"] === "string" ? headers["x-user-id"] : undefined,
});
