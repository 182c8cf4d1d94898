/** Where the server is. A page that it serves itself needs no setting; docs/web.md has those of one that it does not. */
const env = import.meta.env as Readonly<Record<string, string | undefined>>;

const withoutSlash = (url: string): string => url.replace(/\/+$/, "");

const { BASE_URL = "/" } = env;
/** A build with relative addresses finds out where it is: this file is in `assets/` beside the page. */
const isRelative = !BASE_URL.startsWith("/");
const thisFile = import.meta.url;
const home = isRelative ? new URL("..", thisFile) : new URL(BASE_URL, location.href);

/** What the paths of the page's addresses begin with. It ends with a slash. */
export const APP_PATH = home.pathname;

/** Without `/v1/chat`. The server that serves the page is one step above it, whatever path a proxy has put in front. */
export const API_BASE_URL = withoutSlash(
  env.VITE_API_BASE_URL || env.NEXT_PUBLIC_API_URL || new URL(isRelative ? ".." : "/", home).href,
);

/** Of the voice socket (document 003). */
export const VOICE_SOCKET_URL =
  env.NEXT_PUBLIC_WS_URL || `${API_BASE_URL.replace(/^http/, "ws")}/ws`;

/** Of the sound that is recorded. */
export const SAMPLE_RATE_HZ = Number(env.NEXT_PUBLIC_SAMPLE_RATE || 16_000);

/** Whether the page tells the console what it does. */
export const IS_DEBUG = env.NEXT_PUBLIC_DEBUG === "true";
