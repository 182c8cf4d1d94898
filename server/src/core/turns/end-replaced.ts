import type { Owner } from "../../domain/principal.ts";
import type { LocalTurns } from "./local-turns.ts";
import type { StartTurn, TurnParts } from "./turn.ts";

/** Stops the replies that the request replaces. A repeated request finds nothing to replace. */
export async function endReplaced(
  { store, log }: Pick<TurnParts, "store" | "log">,
  local: Pick<LocalTurns, "endingsIn">,
  owner: Owner,
  { target }: StartTurn,
): Promise<void> {
  if (target.kind !== "existing" || target.replaceFrom === undefined) return;
  const replaced = await store.getMessage(owner, target.replaceFrom);
  if (replaced?.conversationId !== target.conversationId) return;
  await log.stop(target.conversationId, "superseded");
  // The whole text is stored before the reply is replaced, so that it can be restored.
  await Promise.all(local.endingsIn(target.conversationId));
}
