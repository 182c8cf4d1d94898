import type { Wire } from "../../http/wire.ts";
import { admitOpenAi } from "../openai/admission.ts";
import { beforeError, errorReply } from "../openai/errors.ts";
import { createRepeats } from "../openai/repeats.ts";
import { conversationRoutes } from "./conversations.ts";
import { createRoutes } from "./create.ts";
import { derivedRoutes } from "./derived.ts";
import { ORIGIN, type ResponsesParts } from "./parts.ts";
import { retrieveRoutes } from "./retrieve.ts";
import { responsesSocket } from "./socket.ts";

/** OpenAI's Responses and Conversations, which are also what Open Responses describes. */
export function responsesWire(given: ResponsesParts): Wire {
  const parts = { ...given, repeats: createRepeats(given, () => given.now().getTime()) };
  return {
    name: ORIGIN,
    errorReply,
    beforeError,
    routes(app) {
      admitOpenAi(app, parts.admit, ORIGIN);
      createRoutes(app, parts);
      derivedRoutes(app, parts);
      retrieveRoutes(app, parts);
      conversationRoutes(app, parts);
    },
    socket: responsesSocket(parts),
  };
}
