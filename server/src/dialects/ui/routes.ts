import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance } from "fastify";
import type { WatchedTurn } from "../../core/turns/turn.ts";
import { notFound } from "../../domain/errors.ts";
import type { Message } from "../../domain/message.ts";
import { mapInPieces } from "../../domain/turns-of-the-loop.ts";
import { RepeatHeaders } from "../../http/idempotency.ts";
import { Type } from "../../http/schema.ts";
import { begin } from "./begin.ts";
import { readChat } from "./body.ts";
import { findChat } from "./chats.ts";
import { type Entry, entriesOf } from "./entries.ts";
import type { UiParts } from "./parts.ts";
import { uiMessage } from "./shown.ts";
import { streamReply } from "./stream.ts";

const tags = ["ui"];
const ofChat = Type.Object({ id: Type.String() });
/** Whole histories come with every message, and files as base64 in them. */
const MAX_CHAT_BYTES = 32 * 1024 * 1024;
/** A message of a page's is not made of more messages of the store. */
const MAX_STEPS_READ = 100;

export function chatRoutes(plain: FastifyInstance, parts: UiParts): void {
  const { conversations, turns } = parts;
  const app = plain.withTypeProvider<TypeBoxTypeProvider>();

  app.post(
    "/api/chat",
    {
      bodyLimit: MAX_CHAT_BYTES,
      schema: {
        tags,
        summary: "Send a message and watch the reply, as useChat does",
        description:
          "`id` (the client's name for the conversation), and `messages` (the whole list) or `message` (the newest). Further: `trigger`, `messageId`, `model`, `system`, `temperature`, `tools`. The answer is the AI SDK's UI message stream.",
        headers: RepeatHeaders,
        produces: ["text/event-stream"],
      },
    },
    async (request, reply) => {
      const asked = readChat(request.body);
      const { turn, goesOnIn } = await begin(parts, request, asked);
      await streamReply(reply, turn, { goesOnIn, isReplay: false });
    },
  );

  app.get(
    "/api/chat/:id",
    {
      schema: {
        tags,
        summary: "Get the messages of a conversation, to begin a page with",
        params: ofChat,
      },
    },
    async ({ principal, params }, reply) => {
      const chat = await findChat(conversations, principal, params.id);
      if (!chat) throw notFound("conversation");
      const path = await conversations.messages(principal, chat.id, { everyRole: true });
      const messages = await mapInPieces(entriesOf(path), uiMessage);
      return reply.send({ id: params.id, messages });
    },
  );

  app.get(
    "/api/chat/:id/stream",
    {
      schema: {
        tags,
        summary: "Watch the reply that is being generated, from its start",
        description: "204 when nothing runs.",
        produces: ["text/event-stream"],
        params: ofChat,
      },
    },
    async ({ principal, params }, reply) => {
      const chat = await findChat(conversations, principal, params.id);
      const turn = chat && (await turns.watch(principal, chat.id, null));
      if (!chat || !turn || turn.stored) return reply.code(204).send();
      const page = { limit: MAX_STEPS_READ, branch: turn.branch, everyRole: true };
      const path = await conversations.messages(principal, chat.id, page);
      await streamReply(reply, turn, { goesOnIn: stepsBefore(path, turn), isReplay: true });
    },
  );

  app.delete(
    "/api/chat/:id/stream",
    {
      schema: {
        tags,
        summary: "Stop the reply; what was said is kept",
        params: ofChat,
        response: { 200: Type.Object({ stopped: Type.Boolean() }) },
      },
    },
    async ({ principal, params }, reply) => {
      const chat = await findChat(conversations, principal, params.id);
      if (!chat) throw notFound("conversation");
      return reply.send({ stopped: await turns.stop(principal, chat.id) });
    },
  );
}

/** The message of the page's that a reply goes on with: one that ends with what its tools gave. */
function stepsBefore(
  path: readonly Message[],
  { replyId }: Pick<WatchedTurn, "replyId">,
): Entry | null {
  const before = path.findIndex(({ id }) => id === replyId);
  const last = entriesOf(before < 0 ? path : path.slice(0, before)).at(-1);
  return last?.messages.at(-1)?.role === "tool" ? last : null;
}
