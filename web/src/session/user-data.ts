/*
 * What this browser remembers of a person: everything in its storage whose name begins with
 * "colloquy.", apart from what any person would choose on this device, and from others' drafts.
 */

const OURS = "colloquy.";
const DRAFTS = "colloquy.draft.";
const OF_THE_DEVICE = new Set(["colloquy.language", "colloquy.theme", "colloquy.singleKeys"]);

/** Drafts, choices and all else. */
export function forgetUserData(userId: string): void {
  const isOthers = (name: string) =>
    OF_THE_DEVICE.has(name) || (name.startsWith(DRAFTS) && !name.startsWith(`${DRAFTS}${userId}.`));
  for (const storage of [localStorage, sessionStorage])
    for (const name of Object.keys(storage))
      if (name.startsWith(OURS) && !isOthers(name)) storage.removeItem(name);
}
