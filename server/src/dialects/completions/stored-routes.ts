import type { FastifyInstance, FastifyRequest } from "fastify";
import { AppError } from "../../domain/errors.ts";
import type { Message } from "../../domain/message.ts";
import type { Owner, Principal } from "../../domain/principal.ts";
import { DELETED, isDeletedRecord } from "../openai/deleted.ts";
import { fieldsOf, required } from "../openai/fields.ts";
import { idOf, uuidIn } from "../openai/ids.ts";
import { type ListQuery, listBody, listQueryOf } from "../openai/lists.ts";
import { type Metadata, metadataIn } from "../openai/metadata.ts";
import type { CompletionsParts } from "./parts.ts";
import {
  messageBodies,
  messagesBefore,
  recordOf,
  STORED,
  type StoredCompletion,
  storedBody,
  storedCompletion,
  storedRecord,
} from "./stored.ts";

const tags = ["completions"];
const LIST = "/v1/chat/completions";
const PATH = `${LIST}/:completion_id`;
/** Of replies that are read at once while a list is filtered. */
const PAGE = 50;

type StoredParts = Pick<CompletionsParts, "turns" | "conversations">;

const idIn = ({ params }: FastifyRequest): string =>
  (params as { readonly completion_id: string }).completion_id;

/** What is kept by `store: true`, and only that. */
export function storedRoutes(app: FastifyInstance, parts: StoredParts): void {
  const find = (request: FastifyRequest) =>
    storedCompletion(parts, request.principal, idIn(request));
  const bodyOf = async (owner: Owner, completion: StoredCompletion) => {
    const { reply, record } = completion;
    return storedBody(
      reply,
      record,
      reply.usage ? [] : await messagesBefore(parts, owner, completion),
    );
  };

  app.get(
    LIST,
    { schema: { tags, summary: "List the completions that were stored by store: true" } },
    async (request) => {
      const { principal } = request;
      const query = listQueryOf(request, "asc");
      const found = await foundBy(parts, principal, query, filterOf(request));
      const data = [];
      for (const completion of found.slice(0, query.limit))
        data.push(await bodyOf(principal, completion));
      return listBody(data, found.length > query.limit);
    },
  );

  app.get(PATH, { schema: { tags, summary: "Get a stored completion" } }, async (request) =>
    bodyOf(request.principal, await find(request)),
  );

  app.post(
    PATH,
    { schema: { tags, summary: "Change the metadata of a stored completion" } },
    async (request) => {
      const body = fieldsOf(request.body);
      const metadata = body.isNull("metadata") ? {} : required(metadataIn(body), "metadata");
      const completion = await find(request);
      const record = { ...completion.record, metadata };
      const { replyId } = completion.turn;
      await parts.turns.updateRecord(request.principal, replyId, storedRecord(record));
      return bodyOf(request.principal, { ...completion, record });
    },
  );

  app.delete(
    PATH,
    { schema: { tags, summary: "Delete a stored completion; its conversation's messages stay" } },
    async (request) => {
      const { turn, record } = await find(request);
      await deleteCompletion(parts, request.principal, turn, record.isHidden);
      return {
        object: "chat.completion.deleted",
        id: idOf("chatcmpl-", turn.replyId),
        deleted: true,
      };
    },
  );

  app.get(
    `${PATH}/messages`,
    { schema: { tags, summary: "List what the model was told for a stored completion" } },
    async (request) => {
      const told = await messagesBefore(parts, request.principal, await find(request));
      const { limit, order, after } = listQueryOf(request, "asc");
      const bodies = told.flatMap(messageBodies);
      const ordered = order === "asc" ? bodies : bodies.toReversed();
      const start = after === null ? 0 : ordered.findIndex(({ id }) => id === after) + 1;
      if (after !== null && start === 0) throw noSuchAfter(after);
      return listBody(ordered.slice(start, start + limit), start + limit < ordered.length);
    },
  );
}

const noSuchAfter = (after: string): AppError =>
  new AppError("not_found", `Nothing in this list has the id '${after.slice(0, 100)}'.`, {
    field: "after",
    resource: "reply",
  });

/** Which stored completions a list has. */
type Filter = { readonly model: string | null; readonly metadata: Metadata };

/** `model`, and `metadata[key]` for each pair that a completion has to have. @throws OpenAiError */
function filterOf({ query }: FastifyRequest): Filter {
  const fields = fieldsOf(query);
  const pairs = Object.keys(fields.whole).flatMap((name) => {
    const key = /^metadata\[(.+)\]$/s.exec(name)?.[1];
    return key === undefined ? [] : [[key, fields.string(name) ?? ""] as const];
  });
  return { model: fields.string("model") ?? null, metadata: Object.fromEntries(pairs) };
}

const passes = ({ model, metadata }: Filter, reply: Message): boolean => {
  const record = recordOf(reply.turn?.record ?? null);
  if (!record) return false;
  if (model !== null && model !== record.model && model !== reply.model) return false;
  return Object.entries(metadata).every(([key, value]) => record.metadata[key] === value);
};

/** Those that pass, one more than the limit where there are so many. @throws AppError not_found */
async function foundBy(
  { turns }: Pick<StoredParts, "turns">,
  owner: Owner,
  { limit, order, after }: ListQuery,
  filter: Filter,
): Promise<readonly StoredCompletion[]> {
  const found: StoredCompletion[] = [];
  let last = after === null ? null : uuidIn("chatcmpl-", after);
  if (after !== null && last === null) throw noSuchAfter(after);
  for (;;) {
    const query = { list: STORED, after: last, order, limit: PAGE };
    const replies = await turns.listed(owner, query);
    for (const reply of replies) {
      const record = recordOf(reply.turn?.record ?? null);
      const turn = record && passes(filter, reply) && (await turns.turnOf(owner, reply.id));
      if (turn) found.push({ turn, reply, record });
      if (found.length > limit) return found;
    }
    last = replies.at(-1)?.id ?? null;
    if (replies.length < PAGE) return found;
  }
}

/** A conversation that no client was told of is deleted with the last that was said in it. */
async function deleteCompletion(
  { turns, conversations }: StoredParts,
  principal: Principal,
  { replyId, conversationId, record }: StoredCompletion["turn"],
  isHidden: boolean,
): Promise<void> {
  await turns.updateRecord(principal, replyId, { ...record, ...DELETED });
  if (!isHidden) return;
  const records = await conversations.turnRecords(principal, conversationId);
  if (records.every(({ record: one }) => isDeletedRecord(one)))
    await conversations.delete(principal, conversationId);
}
