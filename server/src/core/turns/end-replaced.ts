import { rangesAfter } from "../../domain/branches.ts";
import type { Owner } from "../../domain/principal.ts";
import type { LocalTurns } from "./local-turns.ts";
import type { StartTurn, TurnParts } from "./turn.ts";

/**
 * Stops the replies that the request replaces, and all others of the conversation; where it has several branches, only
 * those that go. A repeated request finds nothing to replace.
 */
export async function endReplaced(
  { store, log }: Pick<TurnParts, "store" | "log">,
  local: Pick<LocalTurns, "endingsIn" | "endingOf">,
  owner: Owner,
  { target }: Pick<StartTurn, "target">,
): Promise<void> {
  if (target.kind !== "existing" || target.replaceFrom === undefined) return;
  const { conversationId } = target;
  const replaced = await store.getMessage(owner, target.replaceFrom);
  if (replaced?.conversationId !== conversationId) return;
  const forks = await store.listForks(owner, conversationId);
  // The whole text is stored before the reply is replaced, so that it can be restored.
  if (forks.length === 0) {
    await log.stop(conversationId, "superseded");
    await Promise.all(local.endingsIn(conversationId));
    return;
  }
  const ranges = rangesAfter(forks, replaced.sequence);
  for (const { id, sequence } of await store.runningReplies(owner, conversationId))
    if (ranges.some(({ from, to }) => sequence >= from && sequence < to)) {
      await log.stop(conversationId, "superseded", id);
      await local.endingOf(id);
    }
}
