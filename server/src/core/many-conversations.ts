import { AppError } from "../domain/errors.ts";
import type { Principal } from "../domain/principal.ts";
import type { Conversations } from "./conversations.ts";

/** What is done with each of several conversations. */
export type ConversationAction =
  | { readonly type: "delete" }
  | { readonly type: "archive"; readonly isArchived: boolean }
  /** Null: out of every project. */
  | { readonly type: "move"; readonly projectId: string | null };

/** What became of one of them; `problem` is null where it was done. */
export type ActionResult = { readonly id: string; readonly problem: AppError | null };

/** Does the same with several conversations, each by itself, so that one that fails leaves the others. */
export type ActOnConversations = (
  principal: Principal,
  ids: readonly string[],
  action: ConversationAction,
) => Promise<ActionResult[]>;

export const MAX_CONVERSATIONS_AT_ONCE = 1000;
/** Writes that wait at the same time share what a write costs, and others' come between them. */
const AT_ONCE = 16;

export function createActOnConversations(
  conversations: Pick<Conversations, "change" | "delete">,
): ActOnConversations {
  const carryOut = async (
    principal: Principal,
    id: string,
    action: ConversationAction,
  ): Promise<void> => {
    if (action.type === "delete") await conversations.delete(principal, id);
    else if (action.type === "move")
      await conversations.change(principal, id, { projectId: action.projectId });
    else await conversations.change(principal, id, { isArchived: action.isArchived });
  };

  return async (principal, ids, action) => {
    const results: ActionResult[] = [];
    const waiting = ids.entries();
    const work = async () => {
      for (const [place, id] of waiting)
        results[place] = { id, problem: await problemOf(carryOut(principal, id, action)) };
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return results;
  };
}

const problemOf = (work: Promise<void>): Promise<AppError | null> =>
  work.then(
    () => null,
    (error: unknown) => {
      if (error instanceof AppError) return error;
      throw error;
    },
  );
