import type { Owner } from "../../domain/principal.ts";
import type { LocalTurns } from "./local-turns.ts";
import type { StartTurn, TurnParts } from "./turn.ts";

/** A reply that is to be replaced is stopped. A repeated request finds nothing to replace. */
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
  // Its whole text is stored before it is put aside, so that it can be brought back.
  await Promise.all(local.endingsIn(target.conversationId));
}
