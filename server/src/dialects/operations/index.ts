import type { AccessRequest } from "../../core/access.ts";
import { AppError, type ErrorCode } from "../../domain/errors.ts";
import type { Principal } from "../../domain/principal.ts";
import { credentialOf } from "../../http/request-facts.ts";
import type { Wire } from "../../http/wire.ts";

export type OperationsParts = {
  readonly decide: (request: AccessRequest) => Promise<Principal>;
  readonly renderMetrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
};

const STATUS: Record<ErrorCode, number> = {
  invalid_request: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  too_large: 413,
  unsupported_media_type: 415,
  unprocessable: 422,
  rate_limited: 429,
  model_refused: 400,
  model_failed: 502,
  unavailable: 503,
  internal: 500,
};

const PATHS = ["/metrics", "/openapi.json", "/docs"];

/** What an operator reads: figures for Prometheus, and the description of the API. */
export function operationsWire(parts: OperationsParts): Wire {
  return {
    name: "operations",
    owns: (path) => PATHS.includes(path) || path.startsWith("/docs/"),
    errorReply: (error) => ({
      status: STATUS[error.code],
      body: { error: error.message, code: error.code },
    }),
    routes(app) {
      app.get(
        "/metrics",
        { schema: { tags: ["operations"], summary: "Figures for Prometheus; needs an operator" } },
        async (request, reply) => {
          const principal = await parts.decide({
            connection: request.connection,
            credential: credentialOf(request.headers),
            claims: {},
            requiresBearer: false,
          });
          if (!principal.isOperator)
            throw new AppError(
              "forbidden",
              "These figures are for operators: use a key made with 'npx colloquy keys create --operator'",
            );
          const { contentType, text } = await parts.renderMetrics();
          return reply.type(contentType).send(text);
        },
      );
      app.get("/openapi.json", { schema: { hide: true } }, async (_request, reply) =>
        reply.send(app.swagger()),
      );
    },
  };
}
