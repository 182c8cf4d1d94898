import { claimsOf, credentialOf } from "../../http/request-facts.ts";
import type { Wire } from "../../http/wire.ts";
import { accountRoutes } from "./account.ts";
import { agentRoutes } from "./agents.ts";
import { conversationRoutes } from "./conversations.ts";
import { errorReply } from "./errors.ts";
import { importRoutes } from "./import.ts";
import { keyRoutes } from "./keys.ts";
import { messageRoutes } from "./messages.ts";
import { type ChatV1Parts, ORIGIN } from "./parts.ts";
import { searchRoutes } from "./search.ts";
import { ticketRoutes } from "./tickets.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** The user named in the body is not who asks. */
    namesAnotherUser?: boolean;
  }
}

/** Document 004: conversations and messages under /v1/chat, answers streamed as Server-Sent Events. */
export function chatV1Wire(parts: ChatV1Parts): Wire {
  return {
    name: ORIGIN,
    owns: (path) => path === "/v1" || path.startsWith("/v1/"),
    errorReply,
    routes(app) {
      app.addHook("preValidation", async (request) => {
        const claims = claimsOf(request, "user_id");
        const { principal } = await parts.admit(ORIGIN, {
          connection: request.connection,
          credential: credentialOf(request.headers),
          claims: request.routeOptions.config.namesAnotherUser
            ? { ...claims, user_id: undefined }
            : claims,
          requiresBearer: true,
        });
        request.principal = principal;
      });
      conversationRoutes(app, parts);
      searchRoutes(app, parts);
      messageRoutes(app, parts);
      agentRoutes(app, parts);
      importRoutes(app, parts);
      accountRoutes(app, parts);
      keyRoutes(app, parts);
      ticketRoutes(app, parts);
    },
  };
}
