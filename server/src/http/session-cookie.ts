import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { SESSION_PREFIX } from "../domain/browser-session.ts";
import { isLocalHost } from "./local-host.ts";

const MAX_COOKIE_CHARACTERS = 1024;

/**
 * The name of a cookie of ours. The prefix has the browser take it over https alone and from this host alone; only a
 * page of this machine may be reached without https.
 */
export const cookieName = (name: string, isSecure: boolean): string =>
  isSecure ? `__Host-${name}` : name;

/** Whether browsers reach this server over https, as far as cookies are concerned. */
export const isSecureAddress = (
  { host = "" }: IncomingHttpHeaders,
  publicOrigin: string | null,
): boolean => (publicOrigin ? publicOrigin.startsWith("https:") : !isLocalHost(host));

/** The value of that cookie; null where it is missing, sent twice, or not one of ours. */
export function cookieIn({ cookie = "" }: IncomingHttpHeaders, name: string): string | null {
  const found = cookie
    .split(";")
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
  const [value = ""] = found;
  return found.length === 1 && /^[\w.-]+$/.test(value) && value.length <= MAX_COOKIE_CHARACTERS
    ? value
    : null;
}

/** `Set-Cookie` of a cookie that no script reads and no page of elsewhere sends along. @param maxAgeSeconds 0: forget it */
export const setCookie = (
  name: string,
  value: string,
  { maxAgeSeconds, isSecure }: { readonly maxAgeSeconds: number; readonly isSecure: boolean },
): string =>
  `${cookieName(name, isSecure)}=${value}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Lax${isSecure ? "; Secure" : ""}`;

/** The cookie by which a browser is known again that has begun to sign in to a source of tools. */
export const TOOLS_COOKIE = "colloquy-tools";

/** The cookie of a session. */
export const SESSION_COOKIE = "colloquy";

/**
 * The secret of the session that a page of our own sends along; null: there is none, or a page of elsewhere may have
 * sent the request. What changes something or opens a socket must say that it comes from our own origin.
 */
export function sessionSecretIn(
  request: IncomingMessage,
  publicOrigin: string | null,
): string | null {
  const { headers } = request;
  if (headers.cookie === undefined || !isOwnPage(request, publicOrigin)) return null;
  const secret = cookieIn(
    headers,
    cookieName(SESSION_COOKIE, isSecureAddress(headers, publicOrigin)),
  );
  return secret?.startsWith(SESSION_PREFIX) ? secret : null;
}

/** Whether a page of our own sends the request; of one that changes nothing, no page of elsewhere. */
export function isOwnPage(
  { headers, method }: IncomingMessage,
  publicOrigin: string | null,
): boolean {
  const { origin, host, upgrade } = headers;
  if (origin !== undefined) {
    if (origin === publicOrigin || (host !== undefined && origin === `https://${host}`))
      return true;
    // Where cookies are for https alone, a page without it may be anybody's who is on the way.
    const isPlain = host !== undefined && origin === `http://${host}`;
    return isPlain && !isSecureAddress(headers, publicOrigin);
  }
  const site = headers["sec-fetch-site"];
  const isReading = (method === "GET" || method === "HEAD") && upgrade === undefined;
  return isReading && (site === undefined || site === "same-origin" || site === "none");
}
