import type { Wire } from "../../http/wire.ts";
import { createRepeats } from "../openai/repeats.ts";
import { admitMessages } from "./admission.ts";
import { beforeError, errorReply } from "./errors.ts";
import { type MessagesParts, ORIGIN } from "./parts.ts";
import { messageRoutes } from "./routes.ts";

/** Anthropic's Messages API, of which nothing is kept. */
export function messagesWire(given: MessagesParts): Wire {
  const parts = { ...given, repeats: createRepeats(given, () => given.now().getTime()) };
  return {
    name: ORIGIN,
    errorReply,
    beforeError,
    otherPaths: ["/v1/messages/*"],
    routes(app) {
      admitMessages(app, parts);
      messageRoutes(app, parts);
    },
  };
}
