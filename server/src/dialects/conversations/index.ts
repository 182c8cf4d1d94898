import { admitRequests } from "../../http/admission.ts";
import type { Wire } from "../../http/wire.ts";
import { requireUserId } from "./access.ts";
import { errorReply } from "./errors.ts";
import { limitErrors, sendLimit } from "./limit-headers.ts";
import { type ConversationsParts, ORIGIN } from "./parts.ts";
import { conversationRoutes } from "./routes.ts";

/** Document 002: conversations as a client keeps them, in a database instead of its own storage. */
export function conversationsWire(parts: ConversationsParts): Wire {
  return {
    name: ORIGIN,
    errorReply,
    beforeError: limitErrors(parts),
    routes(app) {
      admitRequests(app, {
        admit: (visitor) => parts.admit(ORIGIN, visitor),
        userField: "userId",
        requiresBearer: false,
        isOpenWire: true,
        onAdmitted: (reply, { limit }) => sendLimit(reply, limit),
      });
      app.addHook("preHandler", requireUserId);
      conversationRoutes(app, parts);
    },
  };
}
