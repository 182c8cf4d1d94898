import { actorOf } from "../../domain/audit.ts";
import { AppError, notFound } from "../../domain/errors.ts";
import { type Owner, ownerOf, type Principal } from "../../domain/principal.ts";
import {
  END_OF_TIME,
  type GrantReach,
  type ToolDecision,
  type ToolGrant,
  type ToolQuestion,
} from "../../domain/tool-question.ts";
import type { Clock, NewId } from "../../ports/clock.ts";
import type { QuestionPage, QuestionStore } from "../../ports/question-store.ts";
import type { MessageStore } from "../../ports/store.ts";
import type { Turns } from "../turns/turn.ts";

/** What a person says about a call. */
type PersonsDecision = {
  readonly decision: "allow" | "decline";
  /** How far a permission reaches; default: this call alone. */
  readonly remember?: GrantReach | undefined;
  /** Of the arguments that the person was shown. */
  readonly argumentsSha256: string;
};

export type Questions = {
  /** The open questions of the owner, oldest first. */
  open(
    owner: Owner,
    page: QuestionPage,
  ): Promise<{ readonly items: readonly ToolQuestion[]; readonly total: number }>;
  /**
   * Decides about a call; resolves when its reply is gone on with.
   * @throws AppError not_found, conflict (somebody was first, or the arguments are others), invalid_request, unavailable
   */
  decide(
    principal: Principal,
    replyId: string,
    callId: string,
    decision: PersonsDecision,
  ): Promise<void>;
  /** What may be used without asking, newest first. */
  grants(owner: Owner): Promise<readonly ToolGrant[]>;
  /** @throws AppError not_found */
  revoke(principal: Principal, grantId: string): Promise<void>;
  /** Declines what nobody has decided about in time: every minute, until aborted. */
  run(signal: AbortSignal): Promise<void>;
};

const SWEEP_MS = 60_000;
const BATCH = 100;

export function createQuestions({
  store,
  turns,
  clock,
  newId,
}: {
  readonly store: QuestionStore & Pick<MessageStore, "getMessage">;
  readonly turns: Pick<Turns, "goOn" | "checkOpen">;
  readonly clock: Clock;
  readonly newId: NewId;
}): Questions {
  const sweep = async (): Promise<void> => {
    for (;;) {
      const at = clock.now();
      const expired = await store.expiredQuestions(at, BATCH);
      for (const { owner, replyId, callId } of expired) {
        const late = { decision: "expired", argumentsSha256: null, grant: null } as const;
        const stamp = { at, actor: END_OF_TIME };
        const decided = await store.decide(owner, replyId, callId, late, stamp);
        if (decided?.kind === "decided" && decided.isTaken) await turns.goOn(owner, replyId);
      }
      if (expired.length < BATCH) return;
    }
  };

  return {
    open: (owner, page) => store.openQuestions(ownerOf(owner), page),
    async decide(principal, replyId, callId, { decision, remember = "once", argumentsSha256 }) {
      const owner = ownerOf(principal);
      const reply = await store.getMessage(owner, replyId);
      if (!reply) throw notFound("message");
      if (decision === "decline" && remember !== "once")
        throw new AppError("invalid_request", "Only a permission is remembered", {
          field: "remember",
        });
      turns.checkOpen();
      const { conversationId } = reply;
      const reach = remember === "conversation" ? conversationId : null;
      const grant = remember === "once" ? null : { id: newId(), conversationId: reach };
      const stamp = { at: clock.now(), actor: actorOf(principal) };
      const given = { decision, argumentsSha256, grant };
      const decided = await store.decide(owner, replyId, callId, given, stamp);
      if (!decided) throw notFound("message");
      if (decided.kind === "changed") throw otherArguments();
      if (decided.isTaken) await turns.goOn(owner, replyId);
      if (decided.kind === "late") throw new AppError("conflict", WAS[decided.was]);
    },
    grants: (owner) => store.listGrants(ownerOf(owner)),
    async revoke(principal, grantId) {
      const stamp = { at: clock.now(), actor: actorOf(principal) };
      if (!(await store.deleteGrant(ownerOf(principal), grantId, stamp))) throw notFound("grant");
    },
    async run(signal) {
      while (!signal.aborted) {
        // A database that is away now is asked again the next time.
        await sweep().catch(() => {});
        await clock.sleep(SWEEP_MS, signal).catch(() => {});
      }
    },
  };
}

const WAS: Readonly<Record<ToolDecision, string>> = {
  allow: "This call was already allowed",
  decline: "This call was already declined",
  expired: "This call was declined, since nobody decided in time",
  ended: "This call is not made any more: its reply has ended",
};

const otherArguments = (): AppError =>
  new AppError(
    "conflict",
    "The arguments of this call are not those of arguments_sha256. Read them again, and decide about them",
    { field: "arguments_sha256" },
  );
