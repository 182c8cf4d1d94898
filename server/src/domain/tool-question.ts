import type { ToolOutcome } from "./parts.ts";

/**
 * What became of a question: a person allowed or declined the call, a client gave its result, nobody answered in time, or
 * the reply ended.
 */
export type ToolDecision = "allow" | "decline" | "answered" | "expired" | "ended";

/** What a client says of a call of its own tool. */
export type ClientResult = {
  readonly outcome: Exclude<ToolOutcome, "unknown">;
  /** What the model is told. */
  readonly text: string;
  /** Of the outcome and the text as the client gave them, as hexadecimal digits. */
  readonly sha256: string;
};

/** How far a person's permission reaches: this call, the calls in this conversation, or every call of that tool. */
export const GRANT_REACHES = ["once", "conversation", "always"] as const;
export type GrantReach = (typeof GRANT_REACHES)[number];

/**
 * What a question asks for: whether the call may be made (or its result, where the source is CLIENT_TOOLS), or that the
 * user signs in to the source.
 */
export type QuestionKind = "call" | "sign_in";

/**
 * What a reply waits for: whether a call of a tool may be made, which its user is to say; or, where the source is
 * CLIENT_TOOLS (domain/parts.ts), the result of a call that the client is to make.
 */
export type ToolQuestion = {
  readonly conversationId: string;
  readonly replyId: string;
  readonly callId: string;
  readonly kind: QuestionKind;
  readonly source: string;
  readonly tool: string;
  /** As the model wrote them; exactly this is what runs. */
  readonly arguments: string;
  /** Of the arguments in UTF-8, as hexadecimal digits. */
  readonly argumentsSha256: string;
  readonly askedAt: Date;
  /** When the call is declined unless somebody has decided. */
  readonly expiresAt: Date;
  /** Null: the question is open. */
  readonly decision: ToolDecision | null;
  /** Of a call of a client's tool that is answered; null: of every other. */
  readonly result: ClientResult | null;
};

/** A permission to use a tool without being asked, as it is remembered. */
export type ToolGrant = {
  readonly id: string;
  readonly source: string;
  readonly tool: string;
  /** Null: in every conversation. */
  readonly conversationId: string | null;
  readonly createdAt: Date;
};

/** Who declines a call once the time to decide is over, as the audit log names it. */
export const END_OF_TIME = "end of the time to decide";

/** The number of permissions that are remembered of a user. */
export const MAX_GRANTS = 1000;
