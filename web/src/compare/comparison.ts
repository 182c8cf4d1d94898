import type { Account } from "@colloquy/client";
import { personOf } from "../session/user-data.ts";

/** Two answers to one question, side by side until one of them is continued. */
export type Comparison = {
  readonly questionId: string;
  /** The branch of the first answer, which the conversation shows. */
  readonly branch: number;
  /** Who gives the first answer and the second. */
  readonly models: readonly [string, string];
  /** Names the request for the second answer: however often it is sent, there is one second answer. */
  readonly key: string;
  /** The branch of the second answer; null until the server has said it. */
  readonly otherBranch: number | null;
};

const keyOf = (account: Account, conversationId: string): string =>
  `colloquy.compare.${personOf(account)}/${conversationId}`;

/** What the tab's storage has no room for, or refuses, by its key: it lives as long as the page does. */
const unkept = new Map<string, Comparison>();

/** What this tab compares in that conversation, also after a reload. */
export function readComparison(account: Account, conversationId: string | null): Comparison | null {
  if (conversationId === null) return null;
  const key = keyOf(account, conversationId);
  try {
    return unkept.get(key) ?? JSON.parse(sessionStorage.getItem(key) ?? "null");
  } catch {
    return null;
  }
}

export function keepComparison(
  account: Account,
  conversationId: string,
  comparison: Comparison | null,
): void {
  const key = keyOf(account, conversationId);
  unkept.delete(key);
  try {
    if (comparison === null) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, JSON.stringify(comparison));
  } catch {
    if (comparison) unkept.set(key, comparison);
  }
}
