import type { Conversations } from "../../core/conversations.ts";
import type { TurnTarget } from "../../core/turns/turn.ts";
import type { Conversation } from "../../domain/conversation.ts";
import { AppError, notFound } from "../../domain/errors.ts";
import type { Owner } from "../../domain/principal.ts";
import { checkName } from "../../domain/text.ts";
import { isUuid } from "../../http/uuid.ts";
import { SESSION_PREFIX } from "./map.ts";
import { ORIGIN } from "./parts.ts";

/**
 * The conversation that a request names in either spelling; null and an empty name name none.
 * @throws AppError invalid_request if the two spellings differ
 */
export function nameIn(body: {
  readonly conversation_id?: string | null;
  readonly conversationId?: string | null;
}): string | null {
  const { conversation_id: name, conversationId: otherName } = body;
  if (name && otherName && name !== otherName)
    throw new AppError(
      "invalid_request",
      "conversation_id and conversationId name two different conversations; send one of them",
      { field: "conversationId" },
    );
  return name || otherName || null;
}

/** Where a message goes: on in the conversation of that name, which is made where there is none. */
export async function targetOf(
  conversations: Conversations,
  owner: Owner,
  name: string | null,
): Promise<TurnTarget> {
  if (!name) return { kind: "new", conversation: conversations.draft(ORIGIN) };
  checkName(name, "conversation_id");
  const known = await findById(conversations, owner, name);
  if (known) return { kind: "existing", conversationId: known.id };
  return { kind: "alias", conversation: conversations.draft(ORIGIN, { alias: name }) };
}

/** The conversation that this wire calls so. @throws AppError not_found */
export async function findSession(
  conversations: Conversations,
  owner: Owner,
  name: string,
): Promise<Conversation> {
  const found =
    (await findById(conversations, owner, name)) ?? (await conversations.findByAlias(owner, name));
  if (!found) throw notFound("conversation");
  return found;
}

/** By our own id, with or without this wire's prefix; null if it is not one, or of no conversation. */
async function findById(
  conversations: Conversations,
  owner: Owner,
  name: string,
): Promise<Conversation | null> {
  const id = name.startsWith(SESSION_PREFIX) ? name.slice(SESSION_PREFIX.length) : name;
  if (!isUuid(id)) return null;
  try {
    return await conversations.get(owner, id);
  } catch (error) {
    if (error instanceof AppError && error.code === "not_found") return null;
    throw error;
  }
}
