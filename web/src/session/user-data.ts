/*
 * What this browser remembers of a person: everything in its storage whose name begins with
 * "colloquy.", apart from what any person would choose on this device.
 */

const OURS = "colloquy.";
const OF_THE_DEVICE = new Set(["colloquy.language", "colloquy.theme", "colloquy.singleKeys"]);

/** Drafts, choices and all else. */
export function forgetUserData(): void {
  for (const storage of [localStorage, sessionStorage])
    for (const name of Object.keys(storage))
      if (name.startsWith(OURS) && !OF_THE_DEVICE.has(name)) storage.removeItem(name);
}
