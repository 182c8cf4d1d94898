import type { Stamp } from "../domain/audit.ts";
import type { Owner } from "../domain/principal.ts";
import type {
  ClientResult,
  ToolDecision,
  ToolGrant,
  ToolQuestion,
} from "../domain/tool-question.ts";

/** A page of open questions. */
export type QuestionPage = { readonly limit: number; readonly offset: number };

/** Whom a reply waits for: its user, who decides, or the client, which gives a result. */
export type AskedOf = "user" | "client";

/** What a person decided about a call, or what a client made of it. */
export type NewDecision = {
  readonly decision: Exclude<ToolDecision, "ended">;
  /** Of the arguments that the person was shown; null: nobody was shown any. */
  readonly argumentsSha256: string | null;
  /** A permission to remember; null: none. */
  readonly grant: { readonly id: string; readonly conversationId: string | null } | null;
  /** Where it is `answered`. */
  readonly result?: ClientResult;
};

/** A call that somebody is asked about. */
export type AskedCall = {
  readonly owner: Owner;
  readonly replyId: string;
  readonly callId: string;
};

/** What came of a decision. */
export type Decided =
  | {
      readonly kind: "decided";
      /** Whether the reply waited and is this server's from now on, which has to go on with it. */
      readonly isTaken: boolean;
    }
  /** Somebody was first, the time to decide is over, or the reply has ended. */
  | {
      readonly kind: "late";
      readonly was: ToolDecision;
      /** As above, where the call was declined just now because its time is over. */
      readonly isTaken: boolean;
    }
  /** The arguments are not those that were shown. */
  | { readonly kind: "changed" };

/** Questions about calls of tools, which `TurnStore.noteSteps` stores, and the permissions that are remembered. */
export interface QuestionStore {
  /** The open questions of the owner, oldest first, and how many there are. */
  openQuestions(
    owner: Owner,
    of: AskedOf,
    page: QuestionPage,
  ): Promise<{ readonly items: readonly ToolQuestion[]; readonly total: number }>;
  /** The open questions that ask the owner to sign in to that source. */
  signInQuestions(owner: Owner, source: string): Promise<readonly ToolQuestion[]>;
  /** All questions of that reply, decided ones too. */
  questionsOf(owner: Owner, replyId: string): Promise<readonly ToolQuestion[]>;
  /**
   * Lets go of a reply whose calls wait: no server has it until somebody decides. `decided`, and nothing changes, where
   * one of these calls is decided already; `lost` where the reply has ended or was taken over.
   */
  parkReply(
    owner: Owner,
    replyId: string,
    steps: { readonly epoch: number; readonly waiting: readonly string[]; readonly at: Date },
  ): Promise<"parked" | "decided" | "lost">;
  /** Takes a reply that waits, so that this server may go on with it or end it; false: it does not wait (any more). */
  takeParked(owner: Owner, replyId: string): Promise<boolean>;
  /** The replies of the conversation that wait, on every branch. */
  parkedReplies(
    owner: Owner,
    conversationId: string,
  ): Promise<readonly { readonly id: string; readonly sequence: number }[]>;
  /**
   * Decides a question, once; null: there is none. The decision, the permission and what the audit log says of both are
   * one write. Once its time is over, a call is declined whatever the decision is.
   */
  decide(
    owner: Owner,
    replyId: string,
    callId: string,
    decision: NewDecision,
    stamp: Stamp,
  ): Promise<Decided | null>;
  /** Open questions of all owners whose time is over, at most so many. */
  expiredQuestions(now: Date, limit: number): Promise<readonly AskedCall[]>;
  /** The permissions of the owner, newest first. */
  listGrants(owner: Owner): Promise<readonly ToolGrant[]>;
  /** Whether that tool is permitted there. */
  isGranted(
    owner: Owner,
    conversationId: string,
    tool: { readonly source: string; readonly name: string },
  ): Promise<boolean>;
  /** False if there is none. @param stamp noted with it in the audit log */
  deleteGrant(owner: Owner, grantId: string, stamp: Stamp): Promise<boolean>;
}
