import type { Owner } from "../../../domain/principal.ts";
import { WRITE_SCOPES, type WriteScope } from "../sql/write-scopes.ts";
import type { WriteMessage } from "./thread-messages.ts";

/* In what order waiting writes are done: a long reply delays nobody else's writes by more than its own transaction. */

/** The end of a reply of more characters may be overtaken by the writes of others. */
export const MAX_OVERTAKING_CHARACTERS = 256 * 1024;

/** What only a reply's end brings in great amounts. */
export function charactersOf([name, given]: WriteMessage): number {
  if (name !== "finishReply") return 0;
  const { content } = given[2] as { readonly content: string };
  return content.length;
}

/**
 * The places of the writes that need not wait for the ends of long replies before them, in order, so many at most.
 * What an owner does is done in the order of the calls, and so is what concerns everyone.
 */
export function overtaking(waiting: readonly WriteMessage[], most: number): number[] {
  const places: number[] = [];
  const delayed = new Set<string>();
  for (const [place, message] of waiting.entries()) {
    if (places.length === most) break;
    const owners = ownersOf(message);
    if (owners === null) break;
    const keys = owners.map(({ tenantId, userId }) => JSON.stringify([tenantId, userId]));
    const isDelayed =
      charactersOf(message) > MAX_OVERTAKING_CHARACTERS || keys.some((key) => delayed.has(key));
    if (isDelayed) for (const key of keys) delayed.add(key);
    else places.push(place);
  }
  return places;
}

/** Whose rows it touches; null: everyone's. */
function ownersOf([name, given]: WriteMessage): readonly Owner[] | null {
  if (name === "indexNext" || name === "indexOf" || name === "examine") return [];
  if (name === "interruptRepliesTo") return null;
  if (name === "checkpoint") {
    const [additions] = given as readonly [readonly { readonly owner: Owner }[]];
    return additions.map(({ owner }) => owner);
  }
  const { scope } = (WRITE_SCOPES[name] as (...given: readonly unknown[]) => WriteScope)(...given);
  if (scope === "everyone") return null;
  return typeof scope === "object" ? [scope] : [];
}
