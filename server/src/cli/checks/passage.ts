import { once } from "node:events";
import { WebSocket } from "ws";
import { type Finding, failure, fine, warning, wordsOf } from "./finding.ts";

const CHECK = "PUBLIC_URL";
const PATIENCE_MS = 5000;
const UPGRADE_REQUIRED = 426;
/** The statuses with which Colloquy refuses a socket. */
const REFUSALS: readonly (number | undefined)[] = [400, 401, 403, 429, 503];

/** The server sends two events half a second apart. A proxy that buffers delivers them together. */
const TOGETHER_MS = 200;

/** Checks whether users reach the server at the URL, and whether WebSockets and streams pass the proxies in between. */
export async function checkPassage(publicUrl: string): Promise<Finding> {
  try {
    const health = await fetch(`${publicUrl}/health`, {
      redirect: "manual",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    if (!health.headers.get("x-request-id")?.startsWith("req_"))
      return warning(
        CHECK,
        `${publicUrl}/health is not answered by Colloquy (status ${health.status})`,
        "let the proxy pass everything below PUBLIC_URL to this server, with its headers",
      );
  } catch (error) {
    return warning(
      CHECK,
      `${publicUrl} cannot be reached from here: ${wordsOf(error)}`,
      "see whether the proxy and the server run; if users reach it from elsewhere, all is well",
    );
  }
  return (
    (await checkSockets(publicUrl)) ??
    (await checkStreams(publicUrl)) ??
    fine(CHECK, `${publicUrl} leads here; WebSockets and streams pass`)
  );
}

/** The problem, or null if there is none. */
async function checkSockets(publicUrl: string): Promise<Finding | null> {
  const socket = new WebSocket(`${publicUrl.replace(/^http/, "ws")}/ws`, {
    handshakeTimeout: PATIENCE_MS,
  });
  socket.on("error", () => {});
  const status = await Promise.race([
    once(socket, "open").then(() => 101),
    once(socket, "unexpected-response").then(([, response]) => response.statusCode as number),
    once(socket, "close").then(() => 0),
  ]).catch(() => 0);
  socket.terminate();
  if (status === 101 || REFUSALS.includes(status)) return null;
  return failure(
    CHECK,
    `${publicUrl} leads here, but WebSockets do not pass${status === UPGRADE_REQUIRED ? ": the proxy leaves out the header Upgrade" : ""}`,
    "let the proxy pass Upgrade and Connection with HTTP/1.1 (nginx: proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade)",
  );
}

/** The problem, or null if there is none. */
async function checkStreams(publicUrl: string): Promise<Finding | null> {
  const remedy =
    "let the proxy pass on what comes as it comes (nginx: proxy_buffering off; and no gzip for text/event-stream)";
  try {
    const { status, body } = await fetch(`${publicUrl}/health/stream`, {
      redirect: "manual",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    if (status !== 200 || !body)
      return failure(CHECK, `${publicUrl} answers a stream with status ${status}`, remedy);
    let firstAtMs: number | null = null;
    for await (const _ of body) firstAtMs ??= performance.now();
    if (firstAtMs !== null && performance.now() - firstAtMs > TOGETHER_MS) return null;
    return failure(
      CHECK,
      `${publicUrl} leads here, but the proxy collects a stream until it ends: replies would appear all at once`,
      remedy,
    );
  } catch (error) {
    return failure(CHECK, `${publicUrl} breaks off a stream: ${wordsOf(error)}`, remedy);
  }
}
