import { API_BASE_URL } from "../settings.ts";
import { forgetKey, storedKey } from "./credential.ts";

/** What an invitation offers. */
export type Offer = {
  /** Empty: the operator has not said it. */
  readonly invited_by: string;
  readonly is_operator: boolean;
  readonly session_days: number;
};

/** What became of an invitation: one that does not work (any more), or what went wrong. */
export type Refusal =
  | { readonly kind: "over" }
  | { readonly kind: "problem"; readonly reason: string };

/** What the link ends with: behind the sign that browsers send to nobody. */
const invitationSecret = (): string => location.hash.slice(1);

/**
 * What the invitation offers; it can be accepted later on. Where this tab has tried to accept it and got no answer, it asks
 * again, because the server may have accepted it.
 * @returns null: somebody is in
 */
export async function lookAtInvitation(): Promise<Offer | Refusal | null> {
  const answer = await post("");
  if (answer instanceof Response) return (await answer.json()) as Offer;
  return answer.kind === "over" && keptAttempt() !== null ? await acceptInvitation() : answer;
}

/** Signs in by the invitation, in the place of whoever has a key here. @returns null: somebody is in */
export async function acceptInvitation(): Promise<Refusal | null> {
  const attempt = keptAttempt() ?? newAttempt();
  keepAttempt(attempt);
  const answer = await post("/accept", { attempt });
  const isAnswered = answer instanceof Response || answer.kind === "over";
  if (isAnswered) keepAttempt(null);
  if (!(answer instanceof Response)) return answer;
  await forgetKey(await storedKey());
  return null;
}

/** By this the server knows that the same tab asks again. It is kept until there is an answer. */
const ATTEMPT = "colloquy.invitation";
const ATTEMPT_BYTES = 32;

function keptAttempt(): string | null {
  try {
    return sessionStorage.getItem(ATTEMPT);
  } catch {
    return null;
  }
}

function keepAttempt(attempt: string | null): void {
  try {
    if (attempt === null) sessionStorage.removeItem(ATTEMPT);
    else sessionStorage.setItem(ATTEMPT, attempt);
  } catch {
    // The browser refuses it, or its room is full: the invitation is accepted nevertheless.
  }
}

function newAttempt(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(ATTEMPT_BYTES));
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

async function post(path: string, more: object = {}): Promise<Response | Refusal> {
  try {
    const answer = await fetch(`${API_BASE_URL}/sign-in/invitation${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ secret: invitationSecret().slice(0, MAX_SECRET_CHARACTERS), ...more }),
      cache: "no-store",
    });
    if (answer.ok) return answer;
    if (answer.status === 404) return { kind: "over" };
    const told: unknown = await answer.json().catch(() => null);
    const isTold = typeof told === "object" && told !== null && "error" in told;
    return { kind: "problem", reason: isTold ? String(told.error) : `${answer.status}` };
  } catch (error) {
    return { kind: "problem", reason: error instanceof Error ? error.message : String(error) };
  }
}

/** The longest secret that the server reads. */
const MAX_SECRET_CHARACTERS = 128;
