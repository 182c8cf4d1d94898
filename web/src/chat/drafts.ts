import type { Account } from "@colloquy/client";
import { draftsOf } from "../session/user-data.ts";

const keyOf = (account: Account, place: string) => `${draftsOf(account)}${place}`;

/** What a user has begun to write, by conversation, kept by this browser until it is sent. */
export const readDraft = (account: Account, place: string): string =>
  localStorage.getItem(keyOf(account, place)) ?? "";

export function writeDraft(account: Account, place: string, text: string): void {
  const key = keyOf(account, place);
  try {
    if (text === "") localStorage.removeItem(key);
    else localStorage.setItem(key, text);
  } catch {
    // The browser's room is full: the draft lives as long as the page does.
  }
}

/** A draft with what could not be sent in front of it. */
export const withUnsent = (unsent: string, draft: string): string =>
  draft === "" ? unsent : `${unsent.trimEnd()}\n\n${draft}`;
