import type { Conversation } from "../../domain/conversation.ts";

/** Which versions a change is about, by their times in milliseconds; null: any. */
export type Condition = {
  readonly oneOf: readonly number[] | null;
  readonly notAfter: number | null;
};

/** The version of a conversation: every change gives it a later time. */
export const etagOf = ({ updatedAt }: Conversation): string => `"${updatedAt.getTime()}"`;

/**
 * What a client says of the version that its change is about; undefined where it says nothing.
 * @param ifMatch entity tags as in RFC 9110, section 13.1.1; a proxy may have made weak ones of them
 * @param updatedAt in milliseconds. A later one than is stored is no conflict: clients with a clock
 *   of their own send the time of their change
 */
export function conditionOf(
  ifMatch: string | undefined,
  updatedAt: number | null | undefined,
): Condition | undefined {
  if (ifMatch === undefined && typeof updatedAt !== "number") return undefined;
  const tags = ifMatch?.split(",").map((tag) => tag.trim()) ?? ["*"];
  return {
    oneOf: tags.includes("*") ? null : tags.map(timeOf),
    notAfter: updatedAt ?? null,
  };
}

/** Not a number where it is no tag of ours, which matches nothing. */
const timeOf = (tag: string): number =>
  Number(/^(?:W\/)?"(\d{1,16})"$/.exec(tag)?.[1] ?? Number.NaN);
