import type { DecideAccess } from "../../core/access/access.ts";
import { checkOperator } from "../../core/access/operators.ts";
import { plainErrorReply } from "../../http/plain-errors.ts";
import { credentialOf } from "../../http/request-facts.ts";
import type { Wire } from "../../http/wire.ts";

export type OperationsParts = {
  readonly decide: DecideAccess;
  readonly renderMetrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
};

/** The operator's routes: figures for Prometheus, and the description of the API. */
export function operationsWire(parts: OperationsParts): Wire {
  return {
    name: "operations",
    errorReply: plainErrorReply,
    otherPaths: ["/docs"],
    routes(app) {
      app.get(
        "/metrics",
        { schema: { tags: ["operations"], summary: "Figures for Prometheus; needs an operator" } },
        async (request, reply) => {
          const actAs = await parts.decide({
            connection: request.connection,
            credential: credentialOf(request.headers, request.connection.sessionSecret),
            requiresBearer: false,
            isOpenWire: false,
          });
          checkOperator(actAs({}), "These figures are");
          const { contentType, text } = await parts.renderMetrics();
          return reply.type(contentType).send(text);
        },
      );
      app.get("/openapi.json", { schema: { hide: true } }, async (_request, reply) =>
        reply.send({ ...(await app.describe()), servers: [{ url: "." }] }),
      );
    },
  };
}
