import type { Wire } from "../../http/wire.ts";
import { admitOpenAi } from "../openai/admission.ts";
import { beforeError, errorReply } from "../openai/errors.ts";
import { ORIGIN, type RealtimeParts } from "./parts.ts";
import { secretRoutes } from "./secrets.ts";
import { realtimeSocket } from "./socket.ts";

/** OpenAI's Realtime API. */
export function realtimeWire(parts: RealtimeParts): Wire {
  return {
    name: ORIGIN,
    errorReply,
    beforeError,
    socket: realtimeSocket(parts),
    routes(app) {
      admitOpenAi(app, parts.admit, ORIGIN);
      secretRoutes(app, parts);
    },
  };
}
