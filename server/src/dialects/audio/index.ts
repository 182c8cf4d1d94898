import { createFairTurns } from "../../core/voice/fair-turns.ts";
import { acceptStreams } from "../../http/raw-body.ts";
import type { Wire } from "../../http/wire.ts";
import { admitOpenAi } from "../openai/admission.ts";
import { beforeError, errorReply } from "../openai/errors.ts";
import { type AudioParts, ORIGIN } from "./parts.ts";
import { speechRoutes } from "./speech.ts";
import { transcriptionRoutes } from "./transcriptions.ts";

/** Sentences that are spoken, and parts of recordings that are recognised, at a time. */
const MAX_AT_ONCE = 2;

/** OpenAI's audio API: texts read aloud, and recordings written down. Nothing of either is stored. */
export function audioWire(parts: AudioParts): Wire {
  return {
    name: ORIGIN,
    errorReply,
    beforeError,
    routes(app) {
      admitOpenAi(app, parts.admit, ORIGIN);
      speechRoutes(app, parts, createFairTurns(MAX_AT_ONCE));
      void app.register(async (scope) => {
        acceptStreams(scope);
        transcriptionRoutes(scope, parts, createFairTurns(MAX_AT_ONCE));
      });
    },
  };
}
