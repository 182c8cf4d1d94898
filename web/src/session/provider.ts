import { API_BASE_URL, APP_PATH } from "../settings.ts";

/** The name of the provider that people sign in with by a button; null: they have keys. */
export const PROVIDER_NAME =
  document.querySelector<HTMLMetaElement>('meta[name="colloquy-sign-in"]')?.content ?? null;

const FAILURES = ["denied", "state", "expired", "unavailable", "failed"] as const;

/** Why the provider has sent somebody back without signing in. */
export type ProviderFailure = (typeof FAILURES)[number];

/** Where the button leads: to the provider, and from there back to what the page shows now. */
export function wayToProvider(): string {
  const to = location.pathname.slice(APP_PATH.length);
  return `${API_BASE_URL}/sign-in/start?${new URLSearchParams({ to })}`;
}

/** What the address says of the last attempt, which it then says no more. */
export function takeProviderFailure(): ProviderFailure | null {
  const told = new URLSearchParams(location.search).get("sign-in");
  if (told === null) return null;
  history.replaceState(history.state, "", location.pathname);
  return FAILURES.find((failure) => failure === told) ?? null;
}

/** Ends the session on the server, which forgets it in every tab. @throws TypeError where the server cannot be reached */
export async function endBrowserSession(): Promise<void> {
  const { ok, status } = await fetch(`${API_BASE_URL}/sign-in/end`, { method: "POST" });
  // Of a session that is over already nothing is left to end.
  if (!ok && status !== 403) throw new TypeError(`The server answered ${status}`);
}
