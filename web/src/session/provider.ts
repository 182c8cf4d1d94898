import { API_BASE_URL, APP_PATH } from "../settings.ts";

const told = (name: string): string | null =>
  document.querySelector<HTMLMetaElement>(`meta[name="colloquy-${name}"]`)?.content ?? null;

/** The name of the provider that people sign in with by a button; null: they have keys and invitations. */
export const PROVIDER_NAME = told("sign-in");

/** Whether a session of this browser may let somebody in: on a server that nobody has claimed, everybody is. */
export const HAS_SESSIONS = told("claimed") !== null;

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
  const why = new URLSearchParams(location.search).get("sign-in");
  if (why === null) return null;
  history.replaceState(history.state, "", location.pathname);
  return FAILURES.find((failure) => failure === why) ?? null;
}

/**
 * Ends the session on the server, which forgets it in every tab.
 * @returns the address at which the person signs out at the provider, too; null: there is none
 * @throws TypeError where the server cannot be reached
 */
export async function endBrowserSession(): Promise<string | null> {
  const answer = await fetch(`${API_BASE_URL}/sign-in/end`, { method: "POST" });
  const { ok, status } = answer;
  // Of a session that is over already nothing is left to end.
  if (!ok && status !== 403) throw new TypeError(`The server answered ${status}`);
  return status === 200 ? String((await answer.json()).provider_logout) : null;
}
