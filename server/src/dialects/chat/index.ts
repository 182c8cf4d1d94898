import { admitRequests } from "../../http/admission.ts";
import type { Wire } from "../../http/wire.ts";
import { conversationRoutes } from "./conversations.ts";
import { errorReply } from "./errors.ts";
import { messageRoutes } from "./messages.ts";
import { type ChatSocketParts, ORIGIN } from "./parts.ts";
import { chatSocket } from "./socket.ts";

/** Document 000: one question, one answer, and the conversations that come of it. */
export function chatWire(parts: ChatSocketParts): Wire {
  return {
    name: ORIGIN,
    errorReply,
    socket: chatSocket(parts),
    routes(app) {
      app.register(async (scope) => {
        admitRequests(scope, {
          admit: (visitor) => parts.admit(ORIGIN, visitor),
          userField: "user_id",
          requiresBearer: false,
          isOpenWire: true,
        });
        messageRoutes(scope, parts);
        conversationRoutes(scope, parts);
      });
      app.get(
        "/ws",
        {
          schema: { hide: true },
          onRequest: async (_request, reply) =>
            reply
              .code(426)
              .header("upgrade", "websocket")
              .send({ detail: "This address speaks WebSocket (RFC 6455) only" }),
        },
        async () => undefined,
      );
    },
  };
}
