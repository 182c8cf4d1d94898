/** Where the server is. A page that it serves itself needs no setting; docs/web.md has those of one that it does not. */
const env = import.meta.env as Readonly<Record<string, string | undefined>>;

const withoutSlash = (url: string): string => url.replace(/\/+$/, "");

/** Without `/v1/chat`; "" is this page's own origin. */
export const API_BASE_URL = withoutSlash(env.VITE_API_BASE_URL || env.NEXT_PUBLIC_API_URL || "");

/** Of the voice socket (document 003). */
export const VOICE_SOCKET_URL =
  env.NEXT_PUBLIC_WS_URL ||
  `${new URL(API_BASE_URL || "/", location.href).href.replace(/^http/, "ws").replace(/\/+$/, "")}/ws`;

/** Of the sound that is recorded. */
export const SAMPLE_RATE_HZ = Number(env.NEXT_PUBLIC_SAMPLE_RATE || 16_000);

/** Whether the page tells the console what it does. */
export const IS_DEBUG = env.NEXT_PUBLIC_DEBUG === "true";
