import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { admitOne } from "../../http/admission.ts";

import { RepeatHeaders } from "../../http/idempotency.ts";
import type { Guest } from "../../http/wire.ts";
import { admissionOf, MAX_OPENAI_BODY_BYTES } from "../openai/admission.ts";
import { sendHeaders } from "../openai/headers.ts";
import { goneOf, streamCompletion, wholeCompletion } from "./complete.ts";
import { type CompletionsParts, ORIGIN } from "./parts.ts";
import { readRequest } from "./request.ts";

const tags = ["completions"];

export function completionRoutes(app: FastifyInstance, parts: CompletionsParts): void {
  app.post(
    "/v1/chat/completions",
    {
      schema: {
        tags,
        summary: "Ask a model; with stream:true as it answers",
        headers: RepeatHeaders,
      },
    },
    (request, reply) => complete(parts, request, reply),
  );
}

/**
 * Clients are also given base URLs without /v1, and those that end in /api/v1, where wire 001 has routes of that name.
 * Its requests have a `message`; those for a completion have `messages`.
 */
export const guestOf = (parts: CompletionsParts): Guest => ({
  method: "POST",
  paths: ["/chat/completions", "/api/v1/chat/completions"],
  bodyLimit: MAX_OPENAI_BODY_BYTES,
  isIts: (body) => has(body, "messages") && !has(body, "message"),
  admit: (request, reply) => admitOne(request, reply, admissionOf(parts.admit, ORIGIN)),
  async answer(request, reply) {
    const body = await complete(parts, request, reply);
    if (reply.sent) return reply;
    sendHeaders(reply);
    // The route's own schema says what the other wire answers.
    return reply.type("application/json; charset=utf-8").send(JSON.stringify(body));
  },
});

const has = (body: unknown, field: string): boolean =>
  typeof body === "object" && body !== null && Object.hasOwn(body, field);

/** Answers a request for a completion. */
async function complete(
  parts: CompletionsParts,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const { principal } = request;
  const asked = await readRequest(parts, principal, request.body);
  const turn = await parts.turns.ask(principal, asked.ask);
  const completion = {
    ...{ id: turn.id, model: turn.model, created: parts.now(), choices: asked.choices },
    prompt: asked.ask.messages,
    hasLogprobs: asked.ask.settings?.logprobs ?? false,
    follow: turn.follow,
  };
  if (!asked.stream) {
    const gone = goneOf(reply);
    try {
      return await wholeCompletion(completion, gone);
    } catch (error) {
      if (!gone.aborted) throw error;
      // Nobody is there whom anything could be told.
      return reply.hijack();
    }
  }
  await streamCompletion(reply, completion, asked.stream.hasUsage);
  return reply;
}
