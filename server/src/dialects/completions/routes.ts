import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { admitOne } from "../../http/admission.ts";
import { RepeatHeaders } from "../../http/idempotency.ts";
import { goneOf } from "../../http/when-closed.ts";
import type { Guest } from "../../http/wire.ts";
import { admissionOf, MAX_OPENAI_BODY_BYTES } from "../openai/admission.ts";
import { sayWhereKept, sendHeaders } from "../openai/headers.ts";
import type { Repeats } from "../openai/repeats.ts";
import { type Completion, streamCompletion, wholeCompletion } from "./complete.ts";
import { asAnswer, keptTurn } from "./kept.ts";
import { type CompletionsParts, ORIGIN } from "./parts.ts";
import { type CompletionRequest, readRequest } from "./request.ts";

const tags = ["completions"];

type AnsweringParts = CompletionsParts & { readonly repeats: Repeats };

export function completionRoutes(app: FastifyInstance, parts: AnsweringParts): void {
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
export const guestOf = (parts: AnsweringParts): Guest => ({
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
  parts: AnsweringParts,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const asked = await readRequest(parts, request.principal, request.body, request.headers);
  const completion = await begin(parts, request, reply, asked);
  if (!asked.stream) {
    const gone = goneOf(reply);
    try {
      return await wholeCompletion(reply, completion, gone);
    } catch (error) {
      if (!gone.aborted) throw error;
      // Nobody is there whom anything could be told.
      return reply.hijack();
    }
  }
  await streamCompletion(reply, completion, asked.stream.hasUsage);
  return reply;
}

/** Asks the model, and where that is wanted keeps the turn. @throws AppError */
async function begin(
  parts: AnsweringParts,
  request: FastifyRequest,
  reply: FastifyReply,
  asked: CompletionRequest,
): Promise<Completion> {
  const { principal } = request;
  const common = { choices: asked.choices, prompt: asked.ask.messages };
  const idempotency = await parts.repeats.idempotencyOf(request, principal);
  if (asked.conversation === null && !asked.isStored) {
    const answer = await parts.answers.ask(principal, {
      question: () => asked.ask,
      repeatedAs: idempotency,
      // The clients that count repeats send a stream that has opened no second time.
      mayComeBack: asked.stream === null || request.headers["idempotency-key"] !== undefined,
    });
    const hasLogprobs = asked.ask.settings?.logprobs ?? false;
    return { ...common, ...answer, hasLogprobs, isKept: false };
  }
  const createdAt = parts.now();
  const turn = await parts.turns.start(
    principal,
    await keptTurn(parts, principal, asked, idempotency),
  );
  sayWhereKept(reply, turn, asked.conversation === null);
  return {
    ...common,
    ...{ id: turn.replyId, createdAt },
    model: parts.models.nameOf(asked.ask.model),
    hasLogprobs: false,
    isKept: true,
    follow: (signal) => asAnswer(turn, signal),
  };
}
