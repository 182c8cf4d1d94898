const STORED_AS = "colloquy.draft";

const keyOf = (userId: string, place: string) => `${STORED_AS}.${userId}.${place}`;

/** What a user has begun to write, by conversation, kept by this browser until it is sent. */
export const readDraft = (userId: string, place: string): string =>
  localStorage.getItem(keyOf(userId, place)) ?? "";

export function writeDraft(userId: string, place: string, text: string): void {
  const key = keyOf(userId, place);
  try {
    if (text === "") localStorage.removeItem(key);
    else localStorage.setItem(key, text);
  } catch {
    // The browser's room is full: the draft lives as long as the page does.
  }
}

/** A draft with what could not be sent in front of it. */
export const withUnsent = (unsent: string, draft: string): string =>
  draft === "" ? unsent : `${unsent}\n\n${draft}`;
