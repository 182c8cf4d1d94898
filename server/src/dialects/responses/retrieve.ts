import type { FastifyInstance, FastifyRequest } from "fastify";
import type { WatchedTurn } from "../../core/turns/turn.ts";
import { AppError } from "../../domain/errors.ts";
import type { Principal } from "../../domain/principal.ts";
import { fieldsOf, invalid } from "../openai/fields.ts";
import { listBody, listQueryOf } from "../openai/lists.ts";
import { TAGS } from "./create.ts";
import type { ItemBody } from "./item-body.ts";
import { inputItems } from "./items.ts";
import { approvalResponse, responseId, stageIn } from "./mcp-items.ts";
import type { ResponsesParts } from "./parts.ts";
import { recordOf, storedRecord } from "./records.ts";
import { streamResponse } from "./sse.ts";
import { bodyOf, endOf, runningOf, storedResponse } from "./stored.ts";

const PATH = "/v1/responses/:response_id";

const idIn = ({ params }: FastifyRequest): string =>
  (params as { readonly response_id: string }).response_id;

export function retrieveRoutes(app: FastifyInstance, parts: ResponsesParts): void {
  app.get(
    PATH,
    { schema: { tags: TAGS, summary: "Get a response, or the events of its stream" } },
    async (request, reply) => {
      const { principal } = request;
      const turn = await storedResponse(parts, principal, idIn(request));
      const { isStreamed, startingAfter } = streamQuery(request);
      const { stage } = stageIn(idIn(request));
      if (!isStreamed) return reply.send(await bodyOf(parts, principal, turn, stage));
      return streamResponse(reply, await runningOf(parts, principal, turn, stage), startingAfter);
    },
  );

  app.delete(
    PATH,
    { schema: { tags: TAGS, summary: "Delete a response; the items of its conversation stay" } },
    async (request, reply) => {
      const turn = await storedResponse(parts, request.principal, idIn(request));
      await deleteResponse(parts, request.principal, turn);
      return reply.send({
        id: responseId(turn.replyId, stageIn(idIn(request)).stage),
        object: "response",
        deleted: true,
      });
    },
  );

  app.post(
    `${PATH}/cancel`,
    { schema: { tags: TAGS, summary: "Stop a response in the background; what was said is kept" } },
    async (request, reply) => {
      const { principal } = request;
      const turn = await storedResponse(parts, principal, idIn(request));
      const { stage } = stageIn(idIn(request));
      if (!recordOf(turn.record).isBackground)
        throw new AppError(
          "invalid_request",
          "Only responses in the background can be cancelled. Create the response with background: true, or close its stream",
        );
      if (turn.stored) return reply.send(await bodyOf(parts, principal, turn, stage));
      await parts.turns.stopReply(principal, turn.replyId);
      await endOf(turn);
      const ended = await storedResponse(parts, principal, idIn(request));
      return reply.send(await bodyOf(parts, principal, ended, stage));
    },
  );

  app.get(
    `${PATH}/input_items`,
    { schema: { tags: TAGS, summary: "List what a response was asked" } },
    async (request, reply) => {
      const turn = await storedResponse(parts, request.principal, idIn(request));
      const answered = recordOf(turn.record).sources?.stages[stageIn(idIn(request)).stage - 1];
      const items = answered
        ? answered.approvals.map(approvalResponse)
        : turn.input.flatMap(inputItems);
      return reply.send(pageOf(request, items));
    },
  );
}

function streamQuery({ query }: FastifyRequest): {
  readonly isStreamed: boolean;
  readonly startingAfter: number | null;
} {
  const fields = fieldsOf(query);
  const isStreamed = fields.oneOf("stream", ["true", "false"]) === "true";
  const after = fields.string("starting_after");
  if (after === undefined) return { isStreamed, startingAfter: null };
  if (!/^\d{1,9}$/.test(after))
    throw invalid(
      "starting_after",
      "Invalid 'starting_after': it must be a whole number from 0 on.",
    );
  return { isStreamed, startingAfter: Number(after) };
}

/** The part of the list that is asked for, newest first unless `order` says otherwise. @param items oldest first */
export function pageOf(request: FastifyRequest, items: readonly ItemBody[]) {
  const { limit, order, after } = listQueryOf(request, "desc");
  const ordered = order === "asc" ? items : items.toReversed();
  const start = after === null ? 0 : ordered.findIndex(({ id }) => id === after) + 1;
  if (after !== null && start === 0)
    throw new AppError("not_found", `Item with id '${after.slice(0, 100)}' not found.`, {
      field: "after",
      resource: "message",
    });
  const data = ordered.slice(start, start + limit);
  return listBody(data, start + limit < ordered.length);
}

/**
 * Deletes a response. What it said stays for the responses that go on from it, and is deleted with the last response of
 * a conversation that no client is told of.
 */
async function deleteResponse(
  { turns, conversations }: Pick<ResponsesParts, "turns" | "conversations">,
  principal: Principal,
  turn: WatchedTurn,
): Promise<void> {
  const record = recordOf(turn.record);
  if (!turn.stored) await turns.stopReply(principal, turn.replyId);
  await turns.updateRecord(principal, turn.replyId, storedRecord({ ...record, isDeleted: true }));
  if (!record.isHidden) return;
  const { conversationId } = turn;
  const records = await conversations.turnRecords(principal, conversationId);
  if (records.every((one) => recordOf(one.record ?? null).isDeleted))
    await conversations.delete(principal, conversationId);
}
