import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Conversation } from "../../domain/conversation.ts";
import { AppError } from "../../domain/errors.ts";
import type { Message } from "../../domain/message.ts";
import type { Principal } from "../../domain/principal.ts";
import { idempotencyOf, RepeatHeaders } from "../../http/idempotency.ts";
import { type Fields, fieldsOf } from "../openai/fields.ts";
import { idOf, uuidIn } from "../openai/ids.ts";
import { listBody } from "../openai/lists.ts";
import { metadataIn } from "../openai/metadata.ts";
import { EVERY_ROLE } from "./begin.ts";
import { TAGS } from "./create.ts";
import { checkOutputs, draftsOf } from "./drafts.ts";
import { readItems } from "./input-items.ts";
import { inputMessages } from "./input-messages.ts";
import type { ItemBody } from "./item-body.ts";
import { inputItems } from "./items.ts";
import { ORIGIN, type ResponsesParts } from "./parts.ts";
import { callsIn, noSuchItem, plainItems, storedItem } from "./references.ts";
import { secondsOf } from "./response.ts";
import { pageOf } from "./retrieve.ts";

const PATH = "/v1/conversations/:conversation_id";
const ITEM = `${PATH}/items/:item_id`;
/** In one request. */
const MAX_ITEMS = 20;

const paramsOf = ({ params }: FastifyRequest) =>
  params as { readonly conversation_id: string; readonly item_id: string };

const conversationBody = ({ id, createdAt, metadata }: Conversation) => ({
  id: idOf("conv_", id),
  object: "conversation",
  created_at: secondsOf(createdAt),
  metadata: metadata ?? {},
});

export function conversationRoutes(app: FastifyInstance, parts: ResponsesParts): void {
  const { conversations, files } = parts;

  /** @throws AppError not_found */
  const named = async (request: FastifyRequest): Promise<Conversation> => {
    const { conversation_id: given } = paramsOf(request);
    const id = uuidIn("conv_", given);
    if (id !== null)
      try {
        const found = await conversations.get(request.principal, id);
        // A response's own conversation is none of its client's.
        if (!found.isHidden) return found;
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== "not_found") throw error;
      }
    throw noSuchConversation(given);
  };
  const newMessages = async (
    principal: Principal,
    body: Fields,
    before: readonly Message[],
  ): ReturnType<typeof inputMessages> => {
    const items = await plainItems(parts, principal, await readItems(body, "items", MAX_ITEMS));
    checkOutputs(items, callsIn(before));
    return inputMessages(files, principal, draftsOf(items));
  };

  app.post(
    "/v1/conversations",
    { schema: { tags: TAGS, summary: "Begin a conversation", headers: RepeatHeaders } },
    async (request, reply) => {
      const body = fieldsOf(request.body);
      const metadata = metadataIn(body);
      const hasItems = (body.list("items", { max: MAX_ITEMS }) ?? []).length > 0;
      const messages = hasItems ? await newMessages(request.principal, body, []) : [];
      const created = await conversations.create(
        request.principal,
        ORIGIN,
        { ...(metadata && { metadata }) },
        messages,
        idempotencyOf(request),
      );
      return reply.send(conversationBody(created));
    },
  );

  app.get(PATH, { schema: { tags: TAGS, summary: "Get a conversation" } }, async (request, reply) =>
    reply.send(conversationBody(await named(request))),
  );

  app.post(
    PATH,
    { schema: { tags: TAGS, summary: "Change the metadata of a conversation" } },
    async (request, reply) => {
      const { id } = await named(request);
      const metadata = metadataIn(fieldsOf(request.body)) ?? {};
      const changed = await conversations.change(request.principal, id, { metadata });
      return reply.send(conversationBody(changed));
    },
  );

  app.delete(
    PATH,
    { schema: { tags: TAGS, summary: "Delete a conversation with everything in it" } },
    async (request, reply) => {
      const { id } = await named(request);
      await conversations.delete(request.principal, id);
      return reply.send({
        id: idOf("conv_", id),
        object: "conversation.deleted",
        deleted: true,
      });
    },
  );

  app.get(
    `${PATH}/items`,
    { schema: { tags: TAGS, summary: "List the items of a conversation" } },
    async (request, reply) => {
      const { id } = await named(request);
      const messages = await conversations.messages(request.principal, id, EVERY_ROLE);
      return reply.send(pageOf(request, messages.flatMap(inputItems)));
    },
  );

  app.post(
    `${PATH}/items`,
    {
      schema: {
        tags: TAGS,
        summary: "Add items to a conversation without asking a model",
        headers: RepeatHeaders,
      },
    },
    async (request, reply) => {
      const { principal } = request;
      const { id } = await named(request);
      const before = await conversations.messages(principal, id, EVERY_ROLE);
      const messages = await newMessages(principal, fieldsOf(request.body), before);
      const stored = await conversations.appendAll(principal, id, messages, idempotencyOf(request));
      return reply.send(listBody(stored.flatMap(inputItems), false));
    },
  );

  app.get(ITEM, { schema: { tags: TAGS, summary: "Get an item" } }, async (request, reply) => {
    const { id } = await named(request);
    return reply.send((await itemIn(parts, request, id)).body);
  });

  app.delete(
    ITEM,
    { schema: { tags: TAGS, summary: "Delete an item" } },
    async (request, reply) => {
      const conversation = await named(request);
      const { message } = await itemIn(parts, request, conversation.id);
      await conversations.deleteMessage(request.principal, message.id);
      return reply.send(conversationBody(conversation));
    },
  );
}

async function itemIn(
  { conversations }: Pick<ResponsesParts, "conversations">,
  request: FastifyRequest,
  conversationId: string,
): Promise<{ readonly message: Message; readonly body: ItemBody }> {
  const { item_id: itemId } = paramsOf(request);
  const found = await storedItem(conversations, request.principal, itemId);
  if (found.message.conversationId !== conversationId) throw noSuchItem(itemId);
  return found;
}

const noSuchConversation = (id: string): AppError =>
  new AppError("not_found", `Conversation with id '${id.slice(0, 100)}' not found.`, {
    resource: "conversation",
  });
