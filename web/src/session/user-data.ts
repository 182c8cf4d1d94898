/*
 * What this browser remembers of a person: everything in its storage whose name begins with
 * "colloquy.", apart from what any person would choose on this device, and from others' drafts.
 */

import type { Account } from "@colloquy/client";

const OURS = "colloquy.";
const DRAFTS = "colloquy.draft.";
const OF_THE_DEVICE = new Set(["colloquy.language", "colloquy.theme", "colloquy.singleKeys"]);

/** Tells apart whoever uses this browser: a user's name may be another's in another tenant. */
export const personOf = ({ tenant_id, user_id }: Account): string =>
  `${encodeURIComponent(tenant_id)}/${encodeURIComponent(user_id)}`;

/** What the names of a person's drafts begin with. */
export const draftsOf = (account: Account): string => `${DRAFTS}${personOf(account)}/`;

/** Drafts, choices and all else. */
export function forgetUserData(account: Account): void {
  const isOthers = (name: string) =>
    OF_THE_DEVICE.has(name) || (name.startsWith(DRAFTS) && !name.startsWith(draftsOf(account)));
  for (const storage of [localStorage, sessionStorage])
    for (const name of Object.keys(storage))
      if (name.startsWith(OURS) && !isOthers(name)) storage.removeItem(name);
}
