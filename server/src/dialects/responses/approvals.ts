// Answers to requests for approval: a response that waits goes on as another response.
import type { WatchedTurn } from "../../core/turns/turn.ts";
import { AppError } from "../../domain/errors.ts";
import { partsOf } from "../../domain/message.ts";
import type { Principal } from "../../domain/principal.ts";
import { invalid } from "../openai/fields.ts";
import { uuidIn } from "../openai/ids.ts";
import type { InputItem } from "./input-items.ts";
import { type Approval, approvalId, type Stage, stageIn } from "./mcp-items.ts";
import type { ResponsesParts } from "./parts.ts";
import { recordOf, storedRecord } from "./records.ts";
import type { Asked } from "./request.ts";

type ApprovalItem = Extract<InputItem, { type: "approval" }>;

const ORDINAL = /_\d{1,4}$/;

/**
 * Decides about the calls that the input answers for. The same answers again give the same response, and decide only what
 * the first ones were kept from deciding.
 * @returns the response that they begin; null: the input answers for none
 * @throws AppError invalid_request, not_found, conflict (somebody has decided otherwise), unavailable
 */
export async function goOnApproved(
  parts: Pick<ResponsesParts, "turns" | "questions" | "now">,
  principal: Principal,
  asked: Asked,
): Promise<{ readonly turn: WatchedTurn; readonly stage: number } | null> {
  const { turns, questions } = parts;
  const items = asked.input.filter((item): item is ApprovalItem => item.type === "approval");
  const [first] = items;
  if (!first) return null;
  checkAlone(asked, items);
  const replyId = replyOf(first);
  const known = await turns.turnOf(principal, replyId);
  const record = known && recordOf(known.record);
  if (!known || !record?.sources || record.isDeleted) throw noSuchRequest(first);
  const { stages } = record.sources;
  const approvals = items.map(({ id, approve }): Approval => ({ id, approve }));
  const noted = stages.findLastIndex((stage) => isSame(stage.approvals, approvals));
  const waiting = await turns.waitingFor(principal, replyId);
  const all = waiting ? partsOf(waiting.reply) : [];
  const asking = new Map(
    waiting?.questions.map((question) => [approvalId(replyId, all, question.callId), question]),
  );
  if (!waiting && noted < 0)
    throw new AppError(
      "conflict",
      "This response is no longer waiting: it was decided elsewhere, or has ended. Retrieve it by its id",
    );
  const isRepeated = noted >= 0 && answeredStage(asked) === noted;
  const open = items.flatMap((item) => {
    const question = asking.get(item.id);
    if (!question && noted < 0) throw noSuchRequest(item);
    if (!question) return [];
    if (question.kind !== "sign_in" || !item.approve) return { ...question, approve: item.approve };
    // The call was approved, and has turned out since then to need a sign-in.
    if (isRepeated) return [];
    throw wantsSignIn(question.source);
  });
  if (!waiting || open.length === 0) return { turn: known, stage: noted + 1 };
  // It was noted and not decided about: the server that did so is gone, or its database was away.
  const isNoted = noted >= 0 && noted === stages.length - 1;
  if (!isNoted) {
    const stage: Stage = {
      to: all.length,
      asked: waiting.questions.map(({ callId }) => callId),
      approvals,
      endedAt: waiting.questions[0]?.askedAt.getTime() ?? waiting.reply.createdAt.getTime(),
      answeredAt: parts.now().getTime(),
    };
    const sources = { ...record.sources, stages: [...stages, stage] };
    // Before the reply goes on: what it says then is the next response.
    await turns.updateRecord(principal, replyId, storedRecord({ ...record, sources }));
  }
  let decidedCount = 0;
  try {
    for (const { callId, argumentsSha256, approve } of open) {
      const decision = approve ? "allow" : "decline";
      await questions.decide(principal, replyId, callId, { decision, argumentsSha256 });
      decidedCount++;
    }
  } catch (problem) {
    // Somebody was first, so these answers begin nothing. Whether one was stored is not known while the store is away.
    if (decidedCount === 0 && !isNoted && isConflict(problem))
      await turns.updateRecord(principal, replyId, storedRecord(record)).catch(() => {});
    throw problem;
  }
  const turn = await turns.turnOf(principal, replyId);
  if (!turn) throw noSuchRequest(first);
  return { turn, stage: isNoted ? noted + 1 : stages.length + 1 };
}

/** Which stage of the reply the request names as the one that it answers; null: none. */
const answeredStage = ({ previousResponseId }: Asked): number | null =>
  previousResponseId === null ? null : stageIn(previousResponseId).stage;

const isConflict = (problem: unknown): boolean =>
  problem instanceof AppError && problem.code === "conflict";

/** @throws AppError invalid_request */
function checkAlone(
  { input, isStored, previousResponseId }: Asked,
  items: readonly ApprovalItem[],
): void {
  if (items.length < input.length)
    throw invalid(
      "input",
      "Answers to mcp_approval_request items are sent in a request of their own, without other items",
    );
  if (!isStored)
    throw invalid(
      "store",
      "The response that waits is stored, and so is what follows: leave out store",
    );
  const ids = new Set(items.map(({ id }) => id));
  if (ids.size < items.length) throw invalid("input", "An mcp_approval_request is answered once");
  const replies = new Set(items.map(replyOf));
  if (replies.size > 1) throw invalid("input", "All answers must be to one response");
  const [replyId] = replies;
  const named =
    previousResponseId === null ? null : uuidIn("resp_", stageIn(previousResponseId).id);
  if (previousResponseId !== null && named !== replyId)
    throw invalid(
      "previous_response_id",
      "previous_response_id must name the response whose mcp_approval_request is answered",
    );
}

/** The reply that such an item asks for. @throws AppError invalid_request */
function replyOf(item: ApprovalItem): string {
  const replyId = uuidIn("mcpr_", item.id) ?? uuidIn("mcpr_", item.id.replace(ORDINAL, ""));
  if (replyId === null) throw noSuchRequest(item);
  return replyId;
}

const isSame = (one: readonly Approval[], other: readonly Approval[]): boolean =>
  one.length === other.length &&
  one.every(({ id, approve }) => other.some((same) => same.id === id && same.approve === approve));

const wantsSignIn = (source: string): AppError =>
  new AppError(
    "conflict",
    `This call is made as soon as its user has signed in to ${JSON.stringify(source)} in the web app. Here it can only be declined`,
  );

const noSuchRequest = ({ id, field }: ApprovalItem): AppError =>
  invalid(
    field,
    `No mcp_approval_request with id '${id.slice(0, 100).toWellFormed()}' waits for an answer`,
  );
