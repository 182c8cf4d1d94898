import { type Health, isHealthy } from "../../core/health.ts";
import { prefersHtml } from "../../http/prefers-html.ts";
import { Type } from "../../http/schema.ts";
import { frame, openEventStream } from "../../http/sse.ts";
import type { Wire } from "../../http/wire.ts";
import { errorReply, noSocketIo } from "./errors.ts";
import { ORIGIN, type VoiceParts } from "./parts.ts";
import { voiceSocket } from "./socket.ts";

const tags = ["voice"];
const Services = Type.Object({
  ai_service: Type.Boolean(),
  audio_processor: Type.Boolean(),
  audio_pipeline: Type.Boolean(),
});
const HealthBody = Type.Object({
  status: Type.Union([Type.Literal("healthy"), Type.Literal("unhealthy")]),
  services: Services,
  active_connections: Type.Integer(),
  engines: Type.Object({
    hears: Type.Union([Type.String(), Type.Null()], {
      description: "Null: speech is not understood.",
    }),
    speaks: Type.Union([Type.String(), Type.Null()]),
  }),
  redis: Type.Optional(
    Type.Union([Type.Literal("up"), Type.Literal("down")], {
      description: "Where one is configured. Down: this replica works alone, and is healthy.",
    }),
  ),
  problems: Type.Optional(
    Type.Array(Type.String(), { description: "What is wrong, where something is." }),
  ),
  timestamp: Type.String({ format: "date-time" }),
  version: Type.String(),
});
const RootBody = Type.Object({
  message: Type.String(),
  status: Type.Union([Type.Literal("healthy"), Type.Literal("unhealthy")]),
});

/** Longer than any network delay, and short enough to wait for. */
const BETWEEN_EVENTS_MS = 500;

/** Document 003: the HTTP routes beside the voice socket. */
export function voiceWire(parts: VoiceParts): Wire {
  return {
    name: ORIGIN,
    errorReply,
    socket: voiceSocket(parts),
    routes(app) {
      app.addHook("preHandler", async (request) => {
        await parts.limits.takeForAddress(ORIGIN, request.connection.address);
      });
      app.get(
        "/health",
        {
          schema: {
            tags,
            summary: "Whether the server and its services work",
            response: { 200: HealthBody, 503: HealthBody },
          },
        },
        async (_request, reply) => {
          const health = await parts.checkHealth();
          return reply.code(isHealthy(health) ? 200 : 503).send({
            status: isHealthy(health) ? "healthy" : "unhealthy",
            services: services(health),
            active_connections: parts.countSockets(),
            engines: parts.engines,
            ...(health.isRedisUp !== null && { redis: health.isRedisUp ? "up" : "down" }),
            ...(health.problems.length > 0 && { problems: health.problems }),
            timestamp: parts.now().toISOString(),
            version: parts.version,
          });
        },
      );
      app.get(
        "/health/stream",
        {
          schema: {
            tags,
            summary: `Two events, ${BETWEEN_EVENTS_MS} ms apart: they show whether a proxy passes on a stream as it comes`,
            produces: ["text/event-stream"],
          },
        },
        (_request, reply) => {
          const events = openEventStream(reply);
          events.send(frame("1", "first"));
          const timer = setTimeout(() => events.end(frame("2", "second")), BETWEEN_EVENTS_MS);
          events.gone.addEventListener("abort", () => clearTimeout(timer));
        },
      );
      app.route({
        method: ["GET", "POST"],
        url: "/socket.io/",
        schema: { hide: true },
        onRequest: async () => {
          throw noSocketIo();
        },
        handler: async () => undefined,
      });
      app.get(
        "/",
        {
          schema: {
            tags,
            summary: "Says that the server runs; sends a browser on",
            response: { 200: RootBody },
          },
        },
        async (request, reply) => {
          if (prefersHtml(request.headers.accept)) return reply.redirect(parts.homePath, 302);
          const health = await parts.checkHealth();
          return reply.send({
            message: "Conversational AI Backend is running",
            status: isHealthy(health) ? "healthy" : "unhealthy",
          });
        },
      );
    },
  };
}

const services = ({ isModelUp, isSynthesizerUp, isTranscriberUp }: Health) => ({
  ai_service: isModelUp,
  audio_processor: isSynthesizerUp === true,
  audio_pipeline: isTranscriberUp === true,
});
