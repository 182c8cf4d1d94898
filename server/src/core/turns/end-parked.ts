import type { Interruption } from "../../domain/message.ts";
import type { Owner } from "../../domain/principal.ts";
import type { StartParts } from "./start-parts.ts";
import { takeOver } from "./take-over.ts";

/**
 * Ends a reply that waits for a decision, and resolves when its ending is stored; false: it does not wait.
 * @throws AppError unavailable
 */
export async function endParked(
  parts: StartParts,
  owner: Owner,
  replyId: string,
  cause: Interruption,
): Promise<boolean> {
  if (!(await parts.store.takeParked(owner, replyId))) return false;
  await takeOver(parts, { owner, replyId }, cause);
  await parts.local.endingOf(replyId);
  return true;
}
