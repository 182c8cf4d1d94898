import type { Wire } from "../../http/wire.ts";
import { admitOpenAi } from "../openai/admission.ts";
import { beforeError, errorReply } from "../openai/errors.ts";
import { createRepeats } from "../openai/repeats.ts";
import { modelRoutes } from "./models.ts";
import { type CompletionsParts, ORIGIN } from "./parts.ts";
import { completionRoutes, guestOf } from "./routes.ts";
import { storedRoutes } from "./stored-routes.ts";

/** OpenAI's Chat Completions, and its list of models. */
export function completionsWire(given: CompletionsParts): Wire {
  const parts = { ...given, repeats: createRepeats(given, () => given.now().getTime()) };
  return {
    name: ORIGIN,
    errorReply,
    beforeError,
    // Of the paths below /v1/ that no wire has, those below /v1/chat/ are wire 004's.
    otherPaths: ["/v1", "/v1/*", "/v1/chat/completions/*"],
    guests: [guestOf(parts)],
    routes(app) {
      admitOpenAi(app, parts.admit, ORIGIN);
      modelRoutes(app, parts);
      completionRoutes(app, parts);
      storedRoutes(app, parts);
    },
  };
}
