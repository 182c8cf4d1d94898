import type { Conversation } from "../../../domain/conversation.ts";
import { AppError } from "../../../domain/errors.ts";
import type { ConversationPatch } from "../../../ports/store.ts";

/** The conversation as the patch makes it. */
export function patched(stored: Conversation, patch: ConversationPatch): Conversation {
  const { isArchived: wasArchived, projectId: inProject, updatedAt: storedAt, ...others } = stored;
  const { isArchived, projectId = inProject, updatedAt, onlyIf: _, messages, ...fields } = patch;
  const isPlaced = isArchived !== undefined || patch.projectId !== undefined;
  // Where it is kept is nothing that a version of the conversation has, and leaves it its place in the list.
  const isPlacedAlone = isPlaced && messages === undefined && Object.keys(fields).length === 0;
  return {
    ...others,
    ...fields,
    ...((isArchived ?? (wasArchived && !messages)) && { isArchived: true as const }),
    ...(projectId && { projectId }),
    updatedAt: isPlacedAlone ? storedAt : later(storedAt, updatedAt),
  };
}

/** The wanted time or, where that is the stored one already, the next millisecond. */
const later = (stored: Date, wanted: Date): Date =>
  stored.getTime() === wanted.getTime() ? new Date(wanted.getTime() + 1) : wanted;

/** @throws AppError conflict if the stored version is not one that the change is about */
export function checkVersion(storedAt: number, condition: ConversationPatch["onlyIf"]): void {
  if (!condition) return;
  const { oneOf, notAfter } = condition;
  if ((oneOf === null || oneOf.includes(storedAt)) && (notAfter === null || storedAt <= notAfter))
    return;
  throw new AppError(
    "conflict",
    "The conversation has been changed in the meantime. Read it again, and apply your change to its present state",
    { resource: "conversation" },
  );
}
