import { canKeep, forgetKept, keep, keptKey } from "./kept-key.ts";

/**
 * Where the key is kept between reloads: in this tab's sessionStorage, which ends with the tab and which
 * no other tab reads; encrypted in IndexedDB as well for somebody who stays signed in. It is in no URL,
 * no cookie, and never in localStorage.
 */
const STORED_AS = "colloquy.key";

/** What an unclaimed server takes from this machine: wire 004 wants some Bearer token ([H1]). */
export const NO_KEY = "local";

export const storedKey = async (): Promise<string | null> =>
  sessionStorage.getItem(STORED_AS) ?? (await keptKey());

/** @param staysSignedIn also for the next visit, and for other tabs */
export async function storeKey(key: string, staysSignedIn: boolean): Promise<void> {
  sessionStorage.setItem(STORED_AS, key);
  if (staysSignedIn && canKeep()) await keep(key);
}

/** Another person's, who stays signed in here, is left. */
export async function forgetKey(key: string | null): Promise<void> {
  sessionStorage.removeItem(STORED_AS);
  if (key !== null && (await keptKey()) === key) await forgetKept();
}
