import { rangesAfter } from "../../domain/branches.ts";
import type { Owner } from "../../domain/principal.ts";
import { endParked } from "./end-parked.ts";
import type { StartParts } from "./start-parts.ts";
import type { StartTurn } from "./turn.ts";

/**
 * Stops the replies that the request replaces, and all others of the conversation; where it has several branches, only
 * those that go. A repeated request finds nothing to replace.
 */
export async function endReplaced(
  parts: StartParts,
  owner: Owner,
  { target }: Pick<StartTurn, "target">,
): Promise<void> {
  const { store, log, local } = parts;
  if (target.kind !== "existing" || target.replaceFrom === undefined) return;
  const { conversationId } = target;
  const replaced = await store.getMessage(owner, target.replaceFrom);
  if (replaced?.conversationId !== conversationId) return;
  const forks = await store.listForks(owner, conversationId);
  // The whole text is stored before the reply is replaced, so that it can be restored.
  if (forks.length === 0) {
    await log.stop(conversationId, "superseded");
    await Promise.all(local.endingsIn(conversationId));
    for (const { id } of await store.parkedReplies(owner, conversationId))
      await endParked(parts, owner, id, "superseded");
    return;
  }
  const ranges = rangesAfter(forks, replaced.sequence);
  for (const { id, sequence } of await store.runningReplies(owner, conversationId))
    if (ranges.some(({ from, to }) => sequence >= from && sequence < to)) {
      await log.stop(conversationId, "superseded", id);
      await local.endingOf(id);
      await endParked(parts, owner, id, "superseded");
    }
}
