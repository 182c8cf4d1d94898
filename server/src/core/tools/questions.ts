import { actorOf } from "../../domain/audit.ts";
import { AppError, notFound } from "../../domain/errors.ts";
import { CLIENT_TOOLS } from "../../domain/parts.ts";
import { type Owner, ownerOf, type Principal } from "../../domain/principal.ts";
import {
  type ClientResult,
  END_OF_TIME,
  type GrantReach,
  type ToolDecision,
  type ToolGrant,
  type ToolQuestion,
} from "../../domain/tool-question.ts";
import type { Clock, NewId } from "../../ports/clock.ts";
import type {
  AskedCall,
  AskedOf,
  Decided,
  NewDecision,
  QuestionPage,
  QuestionStore,
} from "../../ports/question-store.ts";
import type { ToolSignInStore } from "../../ports/tool-sign-in-store.ts";
import type { Turns } from "../turns/turn.ts";
import { keptText } from "./results.ts";
import { sha256Of } from "./sha256.ts";

/** What a person says about a call. */
type PersonsDecision = {
  readonly decision: "allow" | "decline";
  /** How far a permission reaches; default: this call alone. */
  readonly remember?: GrantReach | undefined;
  /** Of the arguments that the person was shown. */
  readonly argumentsSha256: string;
};

export type Questions = {
  /** What waits for the owner, or for the owner's clients, oldest first. */
  open(
    owner: Owner,
    of: AskedOf,
    page: QuestionPage,
  ): Promise<{ readonly items: readonly ToolQuestion[]; readonly total: number }>;
  /**
   * Decides about a call; resolves when its reply is continued.
   * @throws AppError not_found, conflict (somebody was first, or the arguments are others), invalid_request, unavailable
   */
  decide(
    principal: Principal,
    replyId: string,
    callId: string,
    decision: PersonsDecision,
  ): Promise<void>;
  /**
   * Takes the result of a call that the client has made; resolves when its reply is continued. The same result again
   * is taken likewise.
   * @throws AppError not_found, conflict (another result came first, or none is awaited any more), unavailable
   */
  answer(
    principal: Principal,
    replyId: string,
    callId: string,
    result: Pick<ClientResult, "outcome" | "text">,
  ): Promise<void>;
  /** Goes on with the replies that wait until that person has signed in to the source. @throws AppError unavailable */
  signedIn(owner: Owner, source: string, actor: string): Promise<void>;
  /** What may be used without asking, newest first. */
  grants(owner: Owner): Promise<readonly ToolGrant[]>;
  /** @throws AppError not_found */
  revoke(principal: Principal, grantId: string): Promise<void>;
  /**
   * Declines what nobody has decided about in time, and goes on with what waits although its user has signed in: every
   * minute, until aborted.
   */
  run(signal: AbortSignal): Promise<void>;
};

const SWEEP_MS = 60_000;
/** Who allows a call that was found waiting although its user had signed in, as the audit log names it. */
const SIGN_IN = "sign-in";
const BATCH = 100;

export function createQuestions({
  store,
  turns,
  clock,
  newId,
}: {
  readonly store: QuestionStore & Pick<ToolSignInStore, "signedInMeanwhile">;
  readonly turns: Pick<Turns, "goOn" | "checkOpen">;
  readonly clock: Clock;
  readonly newId: NewId;
}): Questions {
  /** Decides what no person decides. */
  const settle = async (
    { owner, replyId, callId }: AskedCall,
    decision: "allow" | "expired",
    actor: string,
  ): Promise<void> => {
    const given = { decision, argumentsSha256: null, grant: null };
    const stamp = { at: clock.now(), actor };
    const decided = await store.decide(owner, replyId, callId, given, stamp);
    if (decided && decided.kind !== "changed" && decided.isTaken) await turns.goOn(owner, replyId);
  };
  /** Settles batch after batch until one is not full. */
  const sweep = async (
    read: () => Promise<readonly AskedCall[]>,
    decision: "allow" | "expired",
    actor: string,
  ): Promise<void> => {
    for (;;) {
      const found = await read();
      for (const asked of found) await settle(asked, decision, actor);
      if (found.length < BATCH) return;
    }
  };
  const sweepAll = async (): Promise<void> => {
    await sweep(() => store.expiredQuestions(clock.now(), BATCH), "expired", END_OF_TIME);
    await sweep(() => store.signedInMeanwhile(BATCH), "allow", SIGN_IN);
  };

  /** @throws AppError not_found, conflict (it is not theirs to do) */
  const questionOf = async (
    owner: Owner,
    replyId: string,
    callId: string,
    of: AskedOf,
  ): Promise<ToolQuestion> => {
    const asked = await store.questionsOf(owner, replyId);
    const question = asked.find((one) => one.callId === callId);
    if (!question) throw notFound("message");
    if ((question.source === CLIENT_TOOLS) !== (of === "client")) throw notTheirs(of);
    return question;
  };
  const decide = async (
    principal: Principal,
    { replyId, callId }: ToolQuestion,
    decision: NewDecision,
  ): Promise<Exclude<Decided, { kind: "decided" }> | null> => {
    turns.checkOpen();
    const owner = ownerOf(principal);
    const stamp = { at: clock.now(), actor: actorOf(principal) };
    const decided = await store.decide(owner, replyId, callId, decision, stamp);
    if (!decided) throw notFound("message");
    if (decided.kind !== "changed" && decided.isTaken) await turns.goOn(owner, replyId);
    return decided.kind === "decided" ? null : decided;
  };

  return {
    open: (owner, of, page) => store.openQuestions(ownerOf(owner), of, page),
    async decide(principal, replyId, callId, { decision, remember = "once", argumentsSha256 }) {
      const owner = ownerOf(principal);
      const question = await questionOf(owner, replyId, callId, "user");
      if (question.kind === "sign_in" && question.decision === null && decision === "allow")
        throw toSignIn(question);
      if (decision === "decline" && remember !== "once")
        throw new AppError("invalid_request", "Only a permission is remembered", {
          field: "remember",
        });
      const reach = remember === "conversation" ? question.conversationId : null;
      const grant = remember === "once" ? null : { id: newId(), conversationId: reach };
      const problem = await decide(principal, question, { decision, argumentsSha256, grant });
      if (problem?.kind === "late") throw new AppError("conflict", WAS[problem.was]);
      if (problem) throw otherArguments();
    },
    async answer(principal, replyId, callId, { outcome, text }) {
      const owner = ownerOf(principal);
      const question = await questionOf(owner, replyId, callId, "client");
      const sha256 = await sha256Of(JSON.stringify([outcome, text]));
      const result = { outcome, text: keptText(text), sha256 };
      const given = { decision: "answered", argumentsSha256: null, grant: null, result } as const;
      const problem = await decide(principal, question, given);
      if (problem?.kind !== "late") return;
      const { result: first } = await questionOf(owner, replyId, callId, "client");
      if (first?.sha256 !== sha256) throw new AppError("conflict", LATE_RESULT[problem.was]);
    },
    async signedIn(owner, source, actor) {
      for (const { replyId, callId } of await store.signInQuestions(owner, source))
        await settle({ owner, replyId, callId }, "allow", actor);
    },
    grants: (owner) => store.listGrants(ownerOf(owner)),
    async revoke(principal, grantId) {
      const stamp = { at: clock.now(), actor: actorOf(principal) };
      if (!(await store.deleteGrant(ownerOf(principal), grantId, stamp))) throw notFound("grant");
    },
    async run(signal) {
      while (!signal.aborted) {
        // A database that is away now is asked again the next time.
        await sweepAll().catch(() => {});
        await clock.sleep(SWEEP_MS, signal).catch(() => {});
      }
    },
  };
}

const WAS: Readonly<Record<ToolDecision, string>> = {
  allow: "This call was already allowed",
  decline: "This call was already declined",
  answered: "This call was already made",
  expired: "This call was declined, since nobody decided in time",
  ended: "This call is not made any more: its reply has ended",
};

const NOT_AWAITED = "The reply does not wait for this result any more";
const LATE_RESULT: Readonly<Record<ToolDecision, string>> = {
  allow: NOT_AWAITED,
  decline: NOT_AWAITED,
  answered: "This call has another result already, and the first one counts",
  expired: "The time for this result is over, and the reply has gone on without it",
  ended: "The reply has ended, and does not wait for this result any more",
};

const notTheirs = (of: AskedOf): AppError =>
  new AppError(
    "conflict",
    of === "user"
      ? "This call is carried out by the client that offered the tool. Give its result, or stop the reply"
      : "This call is made by the server. Allow or decline it",
  );

const toSignIn = ({ source }: ToolQuestion): AppError =>
  new AppError(
    "conflict",
    `This call is made as soon as you have signed in to ${JSON.stringify(source)}. Sign in on the page of tool sources, or decline the call`,
  );

const otherArguments = (): AppError =>
  new AppError(
    "conflict",
    "The arguments of this call are not those of arguments_sha256. Read them again, and decide about them",
    { field: "arguments_sha256" },
  );
