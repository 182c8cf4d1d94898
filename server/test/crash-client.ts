// What the clients of the crash load have in common.
import { randomUUID } from "node:crypto";
import type { Documents } from "./documents.ts";

export const USER = "2b1c6a50-0000-4000-8000-00000000c0de";

export type Acknowledge = (marker: string, wire: string) => void;
/** Sends one message or several, until something fails. @param documents gets what was acknowledged besides messages */
export type CrashClient = (
  url: string,
  acknowledge: Acknowledge,
  signal: AbortSignal,
  documents: Documents,
) => Promise<void>;

export const newMarker = () => `#${randomUUID()}#`;
/** Half of the replies take their time, so that a kill finds some in the middle. */
export const messageWith = (marker: string) =>
  `${marker} ${Math.random() < 0.5 ? "{{reply tokens=12 gapMs=10}}" : "{{reply tokens=5}}"}`;

export async function postOnce(
  url: string,
  path: string,
  body: unknown,
  signal: AbortSignal,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${url}${path}`, {
    method: "POST",
    body: body instanceof Uint8Array ? (body as BodyInit) : JSON.stringify(body),
    headers: { "content-type": "application/json", ...headers },
    signal,
  });
}
