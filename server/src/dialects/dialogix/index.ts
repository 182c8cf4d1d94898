import { admitRequests } from "../../http/admission.ts";
import type { Wire } from "../../http/wire.ts";
import { errorReply } from "./errors.ts";
import { type DialogixParts, ORIGIN } from "./parts.ts";
import { chatRoutes } from "./routes.ts";
import { HealthBody } from "./schemas.ts";

const PREFIX = "/api/v1";

/** Document 001: questions and answers in sessions that the client may name. */
export function dialogixWire(parts: DialogixParts): Wire {
  return {
    name: ORIGIN,
    errorReply,
    routes(app) {
      app.register(async (scope) => {
        admitRequests(scope, {
          admit: (visitor) => parts.admit(ORIGIN, visitor),
          userField: "user_id",
          requiresBearer: false,
          isOpenWire: true,
        });
        chatRoutes(scope, parts, PREFIX);
        chatRoutes(scope, parts, "");
      });
      app.get(
        `${PREFIX}/health`,
        {
          schema: {
            tags: ["dialogix"],
            summary: "Whether the server works",
            response: { 200: HealthBody, 503: HealthBody },
          },
        },
        async (_request, reply) => {
          const isUp = await parts.isStoreUp();
          return reply.code(isUp ? 200 : 503).send({
            status: isUp ? "ok" : "error",
            timestamp: parts.now().toISOString(),
            version: parts.version,
          });
        },
      );
    },
  };
}
