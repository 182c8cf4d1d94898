import type { FastifyRequest } from "fastify";
import { admitRequests } from "../../http/admission.ts";
import type { Wire } from "../../http/wire.ts";
import { errorReply } from "./errors.ts";
import { ORIGIN, type UiParts } from "./parts.ts";
import { chatRoutes } from "./routes.ts";

/** The AI SDK's UI message stream, for its `useChat`. */
export function uiWire(parts: UiParts): Wire {
  return {
    name: ORIGIN,
    errorReply,
    routes(app) {
      admitRequests(app, {
        admit: (visitor) => parts.admit(ORIGIN, visitor),
        claimsOf: userInHeader,
        requiresBearer: false,
        isOpenWire: false,
      });
      chatRoutes(app, parts);
    },
  };
}

/** The body is the page's own, and chooses no user. */
const userInHeader = ({ headers }: FastifyRequest) => {
  const sent = headers["x-user-id"];
  return { "X-User-ID": typeof sent === "string" ? sent : undefined };
};
