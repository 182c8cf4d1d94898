/**
 * Where the key is kept between reloads: in this tab's sessionStorage, which ends with the tab and which
 * no other tab reads. It is in no URL, no cookie and not in localStorage.
 */
const STORED_AS = "colloquy.key";

/** What an unclaimed server takes from this machine: wire 004 wants some Bearer token ([H1]). */
export const NO_KEY = "local";

export const storedKey = (): string | null => sessionStorage.getItem(STORED_AS);
export const storeKey = (key: string): void => sessionStorage.setItem(STORED_AS, key);
export const forgetKey = (): void => sessionStorage.removeItem(STORED_AS);
