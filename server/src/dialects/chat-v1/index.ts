import { admitRequests } from "../../http/admission.ts";
import type { Wire } from "../../http/wire.ts";
import { accountRoutes } from "./account.ts";
import { agentRoutes } from "./agents.ts";
import { conversationRoutes } from "./conversations.ts";
import { errorReply } from "./errors.ts";
import { fileRoutes } from "./files.ts";
import { importRoutes } from "./import.ts";
import { invitationRoutes } from "./invitations.ts";
import { keyRoutes } from "./keys.ts";
import { manyConversationsRoutes } from "./many-conversations.ts";
import { memoryRoutes } from "./memories.ts";
import { messageRoutes } from "./messages.ts";
import { type ChatV1Parts, ORIGIN } from "./parts.ts";
import { profileRoutes } from "./profile.ts";
import { projectRoutes } from "./projects.ts";
import { promptRoutes } from "./prompts.ts";
import { questionRoutes } from "./questions.ts";
import { searchRoutes } from "./search.ts";
import { shareRoutes } from "./shares.ts";
import { ticketRoutes } from "./tickets.ts";
import { toolSignInRoutes } from "./tool-sign-ins.ts";
import { toolRoutes } from "./tools.ts";

/** Document 004: conversations and messages under /v1/chat, answers streamed as Server-Sent Events. */
export function chatV1Wire(parts: ChatV1Parts): Wire {
  return {
    name: ORIGIN,
    errorReply,
    otherPaths: ["/v1/chat", "/v1/chat/*"],
    routes(app) {
      admitRequests(app, {
        admit: (visitor) => parts.admit(ORIGIN, visitor),
        userField: "user_id",
        requiresBearer: true,
        openTicket: parts.tickets.open,
        openShare: parts.shares.open,
        isOpenWire: false,
      });
      conversationRoutes(app, parts);
      manyConversationsRoutes(app, parts);
      searchRoutes(app, parts);
      messageRoutes(app, parts);
      agentRoutes(app, parts);
      importRoutes(app, parts);
      accountRoutes(app, parts);
      profileRoutes(app, parts);
      memoryRoutes(app, parts);
      promptRoutes(app, parts);
      projectRoutes(app, parts);
      keyRoutes(app, parts);
      invitationRoutes(app, parts);
      ticketRoutes(app, parts);
      fileRoutes(app, parts);
      shareRoutes(app, parts);
      questionRoutes(app, parts);
      toolRoutes(app, parts);
      toolSignInRoutes(app, parts);
    },
  };
}
