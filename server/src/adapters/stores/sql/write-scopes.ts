import { type Owner, ownerOf } from "../../../domain/principal.ts";
import type { BeginTurn } from "../../../ports/turn-requests.ts";
import type { Writes } from "./operations.ts";
import type { Scope } from "./store.ts";

/** What a write touches, for a database that does several writes side by side. */
export type WriteScope = {
  /** Whose rows it reads and writes. */
  readonly scope: Scope;
  /** The one thing of the owner's that it is about; null: perhaps all of them. Writes about different things may go side by side. */
  readonly about: string | null;
  /** A scope that is locked as well, because several owners share a row of it. */
  readonly alsoLocked?: Scope;
};

/** The scope of each write, by what it is called with. A write without one does not compile. */
type WriteScopes = {
  readonly [Name in keyof Writes]: (...given: Parameters<Writes[Name]>) => WriteScope;
};

const ofOwner = (owner: Owner): WriteScope => ({ scope: owner, about: null });
const ofNobody = (): WriteScope => ({ scope: "nobody", about: null });
const ofEveryone = (): WriteScope => ({ scope: "everyone", about: null });
/** All users of a tenant share one row: two transactions with several users must not wait for each other. */
const ofTenant = (owner: Owner): WriteScope => ({
  ...ofOwner(owner),
  alsoLocked: { tenantId: owner.tenantId, userId: "" },
});
/** Keys and tickets are nobody's, also where the Idempotency-Key of the request is somebody's. */
const ofNobodyFor = (owner: Owner | null | undefined): WriteScope => ({
  scope: owner ?? "nobody",
  about: null,
  alsoLocked: "nobody",
});

export const WRITE_SCOPES: WriteScopes = {
  createConversation: ofOwner,
  updateConversation: ofOwner,
  nameConversation: ofOwner,
  deleteConversation: ofOwner,
  appendMessages: (owner, conversationId) => ({ scope: owner, about: conversationId }),
  deleteMessage: ofOwner,

  beginTurn: (owner, turn) => ({ scope: owner, about: conversationOf(turn) }),
  /** The additions are to one reply: replies of several owners are several writes. */
  checkpoint: ([addition]) =>
    addition ? { scope: addition.owner, about: addition.replyId } : ofNobody(),
  noteSteps: (owner, replyId) => ({ scope: owner, about: replyId }),
  parkReply: (owner, replyId) => ({ scope: owner, about: replyId }),
  takeParked: (owner, replyId) => ({ scope: owner, about: replyId }),
  decide: ofOwner,
  deleteGrant: ofOwner,
  finishReply: (owner, replyId) => ({ scope: owner, about: replyId }),
  truncateReply: ofOwner,
  updateTurnRecord: ofOwner,
  removeTurn: ofOwner,
  restoreReplaced: ofOwner,
  forgetReplaced: ofEveryone,
  forgetIdempotencyKeys: ofEveryone,

  createAgent: ofOwner,
  replaceAgent: ofOwner,
  deleteAgent: ofOwner,
  insertAgent: ofOwner,

  putProfile: ofOwner,
  insertProfile: ofOwner,

  createPrompt: ofOwner,
  replacePrompt: ofOwner,
  deletePrompt: ofOwner,
  insertPrompt: ofOwner,

  switchMemory: ofOwner,
  createMemory: ofOwner,
  changeMemory: ofOwner,
  deleteMemory: ofOwner,
  deleteMemories: ofOwner,
  insertMemory: ofOwner,

  createProject: ofOwner,
  changeProject: ofOwner,
  deleteProject: ofOwner,
  insertProject: ofOwner,

  createFile: ofOwner,
  deleteFile: ofOwner,
  insertFile: ofOwner,
  importFile: ofOwner,
  forgetUnusedFiles: ofEveryone,

  insertKey: ofNobody,
  noteClaimed: ofNobody,
  createKey: (_key, _stamp, idempotency) => ofNobodyFor(idempotency?.owner),
  revokeKey: ofNobody,
  appendAuditEvents: ofNobody,

  reserveTokens: ofTenant,
  settleTokens: ofTenant,
  forgetTokenUsage: ofNobody,

  createTicket: (ticket, _now, idempotency) => ofNobodyFor(idempotency && ownerOf(ticket)),
  takeTicket: ofNobody,
  openTicket: ofNobody,

  createBrowserSession: ofNobody,
  endBrowserSessions: ofNobody,
  createInvitation: (_invitation, _actor, idempotency) => ofNobodyFor(idempotency?.owner),
  insertInvitation: ofNobody,
  importInvitation: ofNobody,
  acceptInvitation: ofNobody,
  revokeInvitation: ofNobody,
  putAcceptedTools: ofNobody,
  noteTriedCall: ofOwner,

  beginSignIn: ofOwner,
  takeBegunSignIn: ofOwner,
  putTokens: ofOwner,
  claimRenewal: ofOwner,
  replaceTokens: ofOwner,
  endRenewal: ofOwner,
  deleteTokens: ofOwner,

  createShare: ofOwner,
  deleteShare: ofOwner,

  keepSecret: ofNobody,
  noteHealth: ofNobody,
  importRecords: ofEveryone,
};

/** Null where only the transaction finds the conversation, or where the turn takes the place of others. */
function conversationOf({ target }: BeginTurn): string | null {
  if (target.kind === "existing")
    return target.replaceFrom === undefined ? target.conversationId : null;
  return target.kind === "new" && target.conversation.alias === null
    ? target.conversation.id
    : null;
}
