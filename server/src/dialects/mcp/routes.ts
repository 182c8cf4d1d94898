import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { toAppError } from "../../domain/errors.ts";
import { RepeatHeaders } from "../../http/idempotency.ts";
import { openEventStream, unnumberedFrame } from "../../http/sse.ts";
import { goneOf } from "../../http/when-closed.ts";
import { acceptedBy } from "./accept.ts";
import { ProtocolError, RPC, rpcErrorOf } from "./errors.ts";
import { type RpcMessage, readMessage } from "./messages.ts";
import type { Methods, Result } from "./methods.ts";
import { type McpParts, ORIGIN } from "./parts.ts";
import { checkBatch, type Era, eraOf } from "./versions.ts";

export const PATH = "/mcp";

const MAX_BATCH = 20;

type RouteParts = Pick<McpParts, "limits"> & { readonly methods: Methods };

export function mcpRoutes(app: FastifyInstance, parts: RouteParts): void {
  app.post(
    PATH,
    {
      schema: {
        tags: [ORIGIN],
        summary: "Search, read and continue conversations (Model Context Protocol)",
        description:
          "One message of JSON-RPC a request. The versions 2026-07-28, 2025-11-25, 2025-06-18, 2025-03-26 and 2024-11-05 of the protocol are spoken. No session is kept, so any replica answers.",
        headers: RepeatHeaders,
        produces: ["application/json", "text/event-stream"],
      },
    },
    (request, reply) => answer(parts, request, reply),
  );
}

async function answer(
  parts: RouteParts,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const { body, headers } = request;
  if (Array.isArray(body)) return answerBatch(parts, request, reply, body);
  const message = readMessage(body);
  const era = eraOf(message, headers);
  // No notification changes anything here: a client cancels a request by closing its response.
  if (message.id === null) return reply.code(202).send();
  const accepted = acceptedBy(headers.accept);
  const isStream = accepted.stream && (!accepted.json || parts.methods.isLong(message));
  if (isStream) return stream(parts, request, reply, message, era);
  const gone = goneOf(reply);
  const told = await parts.methods.answer({
    message,
    era,
    ...askedBy(request),
    gone,
    notify: null,
  });
  if (!told) return reply.hijack();
  return reply.send({ jsonrpc: "2.0", id: message.id, ...told });
}

const askedBy = ({ principal, headers }: FastifyRequest) => ({
  principal,
  key: headers["idempotency-key"],
});

/** The answer as an event stream, with what comes before it. */
async function stream(
  { methods }: RouteParts,
  request: FastifyRequest,
  reply: FastifyReply,
  message: RpcMessage,
  era: Era,
): Promise<unknown> {
  const { id } = message;
  const events = openEventStream(reply);
  const send = (told: object) => events.send(unnumberedFrame(JSON.stringify(told)));
  const asked = { message, era, ...askedBy(request), gone: events.gone, notify: send };
  const told = await methods
    .answer(asked)
    .catch((error: unknown) => ({ error: rpcErrorOf(toAppError(error)) }));
  if (told && !events.isGone)
    events.end(unnumberedFrame(JSON.stringify({ jsonrpc: "2.0", id, ...told })));
  return reply;
}

/**
 * Several messages at once, which one earlier version of the protocol has. Each but the first counts as a request. All
 * are read before the first one is obeyed, and what is refused later is told beside what the others gave.
 */
async function answerBatch(
  { limits, methods }: RouteParts,
  request: FastifyRequest,
  reply: FastifyReply,
  bodies: readonly unknown[],
): Promise<unknown> {
  checkBatch(request.headers);
  if (bodies.length === 0 || bodies.length > MAX_BATCH)
    throw new ProtocolError(
      400,
      RPC.invalidRequest,
      `A batch has 1 to ${MAX_BATCH} messages of JSON-RPC`,
    );
  const messages = bodies.map(readMessage);
  for (const message of messages) eraOf(message, request.headers);
  const gone = goneOf(reply);
  const answers: object[] = [];
  for (const [place, message] of messages.entries()) {
    const asked = { message, era: "legacy", ...askedBy(request), gone, notify: null } as const;
    let told: Result | null;
    try {
      if (place > 0) await limits.takeForUser(ORIGIN, request.principal);
      if (message.id === null) continue;
      told = await methods.answer(asked);
    } catch (error) {
      told = { error: rpcErrorOf(toAppError(error)) };
    }
    if (!told) return reply.hijack();
    if (message.id !== null) answers.push({ jsonrpc: "2.0", id: message.id, ...told });
  }
  return answers.length === 0 ? reply.code(202).send() : reply.send(answers);
}
