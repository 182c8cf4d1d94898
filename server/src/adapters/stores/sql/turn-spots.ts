import { branchOf, startOf, TRUNK } from "../../../domain/branches.ts";
import { AppError, notFound } from "../../../domain/errors.ts";
import type { Message } from "../../../domain/message.ts";
import type { Owner } from "../../../domain/principal.ts";
import type { TurnPlace } from "../../../ports/store.ts";
import { type BranchWrites, createBranchReads } from "./branches.ts";
import { createMessageReads } from "./messages.ts";
import type { Operation, StatementWriter } from "./statement.ts";
import { createTurnReads } from "./turn-reads.ts";
import { createTurnStatements } from "./turn-statements.ts";

/** Where the messages of a turn are stored. */
type Spot = {
  /** Of the first message of its input. */
  readonly sequence: number;
  readonly replySequence: number;
  /** The stored one that is answered; null: the turn's own. */
  readonly question: Message | null;
  /** The stored one right before the turn, where its input is empty. */
  readonly answered: Message | null;
  readonly runningBefore: string | null;
};

/** A conversation's row after room was made on its trunk. */
type Row = {
  readonly id: string;
  readonly next_sequence: number;
  readonly active_branch: number;
  readonly next_branch: number;
  /** On the trunk. */
  readonly running_before: string | null;
};

/** Finding, or making, the branch that a turn goes to. */
export function createTurnSpots(write: StatementWriter, branches: BranchWrites) {
  const { branchesOf } = createBranchReads(write);
  const { getMessage } = createMessageReads(write);
  const { replyRunningBefore } = createTurnReads(write);
  const statements = createTurnStatements(write);

  /** The branch of the turn, and the stored question that it answers. */
  function* branchFor(
    owner: Owner,
    row: Row,
    wanted: TurnPlace,
  ): Operation<{ branch: number; question: Message | null; before: Message | null }> {
    const { id, next_branch: nextBranch } = row;
    if (wanted.kind === "branch") return { branch: wanted.branch, ...NONE };
    const messageId = wanted.kind === "after" ? wanted.messageId : wanted.questionId;
    const message = yield* getMessage(owner, messageId);
    if (message?.conversationId !== id) throw notFound("message");
    const { sequence } = message;
    if (wanted.kind === "after") {
      const { tenantId, userId } = owner;
      const branch = branchOf(sequence);
      const behind = { from: sequence + 1, to: startOf(branch + 1) };
      const place = { tenantId, userId, conversationId: id, ...behind };
      if (!(yield* statements.selectLater.first(place)))
        return { branch, question: null, before: message };
    } else if (message.role !== "user") throw notAQuestion(wanted.kind);
    const fork = wanted.kind === "version" ? sequence : sequence + 1;
    const { branch } = yield* branches.begin(owner, id, { nextBranch }, fork);
    const before = wanted.kind === "after" ? message : null;
    return { branch, question: wanted.kind === "answer" ? message : null, before };
  }

  return {
    branchesOf,

    /** @throws AppError invalid_request, not_found, conflict */
    *find(owner: Owner, row: Row, wanted: TurnPlace | undefined, places: number): Operation<Spot> {
      const { id, active_branch: active, next_branch: nextBranch } = row;
      const { branch, question, before } = wanted
        ? yield* branchFor(owner, row, wanted)
        : { branch: active, ...NONE };
      const answered = places === 1 ? before : null;
      if (places === 1 && !answered) throw nothingToAnswer();
      const isKnown = branch < nextBranch;
      if (isKnown && branch !== active) yield* branches.makeActive(owner, id, branch, nextBranch);
      if (branch === TRUNK) {
        const sequence = row.next_sequence - 2;
        const runningBefore = row.running_before;
        // Room for a question and its answer was made already.
        if (places !== QUESTION_AND_ANSWER) {
          const { tenantId, userId } = owner;
          const more = { conversationId: id, places: places - QUESTION_AND_ANSWER };
          yield* statements.takeMore.run({ tenantId, userId, ...more });
        }
        return {
          sequence,
          replySequence: sequence + places - 1,
          question,
          answered,
          runningBefore,
        };
      }
      const first = yield* branches.takePlaces(owner, id, branch, question ? 1 : places);
      return {
        sequence: question?.sequence ?? first,
        replySequence: question ? first : first + places - 1,
        question,
        answered,
        runningBefore: yield* replyRunningBefore(owner, id, first),
      };
    },
  };
}

const QUESTION_AND_ANSWER = 2;
const NONE = { question: null, before: null } as const;

const nothingToAnswer = (): AppError =>
  new AppError("invalid_request", "input must have at least one message", { field: "input" });

const notAQuestion = (kind: "version" | "answer"): AppError => {
  const field = kind === "version" ? "branch_from" : "answer_again";
  return new AppError("invalid_request", `${field} must be the id of a message of role user`, {
    field,
  });
};
