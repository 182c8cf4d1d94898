import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before } from "node:test";
import type { ErrorCode } from "../../src/domain/errors.ts";
import { AppError } from "../../src/domain/errors.ts";
import { NOT_GENERATED } from "../../src/domain/message.ts";
import type { Owner } from "../../src/domain/principal.ts";
import type {
  BeginTurn,
  BegunTurn,
  NewConversation,
  NewMessage,
  ReplyAddition,
  Store,
  TurnTarget,
} from "../../src/ports/store.ts";

/** Opens an empty store; given one that was closed, opens that again. */
export type OpenStore = (closed?: Store) => Promise<Store>;

/** One store for the tests around it; each of them has an owner of its own. */
export function sharedStore(open: OpenStore): () => Store {
  let store: Store | undefined;
  before(async () => {
    store = await open();
  });
  after(() => store?.close());
  return () => {
    assert.ok(store);
    return store;
  };
}

export const newOwner = (): Owner => ({ tenantId: `tenant-${randomUUID()}`, userId: "mária" });

/** Those who must see nothing of that owner's: another user, and the same user id in another tenant. */
export const strangersTo = (owner: Owner): Owner[] => [
  { tenantId: owner.tenantId, userId: "somebody else" },
  { tenantId: `${owner.tenantId}-2`, userId: owner.userId },
];

/** A moment; the later the number. */
export const at = (seconds: number): Date => new Date(1_700_000_000_000 + seconds * 1_000);

export const aConversation = (given: Partial<NewConversation> = {}): NewConversation => ({
  id: randomUUID(),
  title: null,
  isPinned: false,
  agentId: null,
  model: null,
  mode: null,
  origin: "chat-v1",
  alias: null,
  createdAt: at(0),
  ...given,
});

export const aMessage = (content: string, given: Partial<NewMessage> = {}): NewMessage => ({
  id: randomUUID(),
  role: "user",
  content,
  model: null,
  createdAt: at(1),
  ...given,
});

export const aTurn = (
  target: TurnTarget,
  content = "Hello",
  given: Partial<BeginTurn> = {},
): BeginTurn => ({
  target,
  userMessage: { id: randomUUID(), content, createdAt: at(10) },
  reply: { id: randomUUID(), model: "builtin/echo" },
  title: "A first title",
  ...given,
});

export const inExisting = (conversationId: string): TurnTarget => ({
  kind: "existing",
  conversationId,
});

export function begun(turn: BegunTurn): Extract<BegunTurn, { kind: "begun" }> {
  assert.equal(turn.kind, "begun");
  return turn as Extract<BegunTurn, { kind: "begun" }>;
}

type Ending = Parameters<Store["finishReply"]>[2];
export const anEnding = (content: string, given: Partial<Ending> = {}): Ending => ({
  status: "complete",
  content,
  model: "builtin/echo",
  ...NOT_GENERATED,
  usage: { promptTokens: 3, completionTokens: 5, totalTokens: 8 },
  finishReason: "stop",
  finishedAt: at(20),
  ...given,
});

/** What a checkpoint keeps of a reply. */
export const aPiece = (
  owner: Owner,
  replyId: string,
  content: string,
  number = 0,
  reasoning = "",
  layout: ReplyAddition["layout"] = null,
): ReplyAddition => ({ owner, replyId, number, content, reasoning, layout });

/** A turn from its question to the end of its reply. */
export async function completeTurn(
  store: Store,
  owner: Owner,
  conversationId: string,
  question: string,
  answer: string,
) {
  const turn = begun(await store.beginTurn(owner, aTurn(inExisting(conversationId), question)));
  const reply = await store.finishReply(owner, turn.reply.id, anEnding(answer));
  assert.ok(reply);
  return { userMessage: turn.userMessage, input: turn.input, reply };
}

export const withCode = (code: ErrorCode) => (error: unknown) =>
  error instanceof AppError && error.code === code;
