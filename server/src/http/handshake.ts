import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { Credential } from "../domain/access.ts";
import { AppError } from "../domain/errors.ts";
import { mayRead, type OriginOptions } from "./page-origins.ts";
import { checkHeaders, connectionFacts, credentialOf, type OriginRules } from "./request-facts.ts";
import { SECURITY_HEADERS } from "./security-headers.ts";
import type { Handshake } from "./socket.ts";
import type { ErrorReply } from "./wire.ts";

/** The subprotocol that is spoken; a browser names it beside its credential. */
export const SUBPROTOCOL = "colloquy";

/** Ours, and the one of clients of OpenAI's Realtime API. */
const CREDENTIAL_PREFIXES = ["bearer.", "openai-insecure-api-key."];

/** Whether the request asks for a WebSocket. A server may ignore offers of other upgrades (h2c). */
export const isWebSocketUpgrade = ({ headers }: IncomingMessage): boolean =>
  headers.upgrade?.toLowerCase() === "websocket";

/** @throws AppError invalid_request if the address cannot be understood */
export function handshakeOf(
  request: IncomingMessage,
  address: string,
  origins: OriginRules,
): Handshake {
  const { headers, url: target = "" } = request;
  checkHeaders(request);
  const url = target.startsWith("/") ? URL.parse(`http://localhost${target}`) : null;
  if (!url) throw new AppError("invalid_request", "The path is not encoded correctly");
  // All of them at once, since a socket that asks for one later would hold its request until then.
  const connection = { ...connectionFacts(request, address, origins) };
  return {
    url,
    headers,
    connection,
    credential: socketCredential(headers, connection.sessionSecret),
  };
}

/** @throws AppError forbidden, method_not_allowed */
export async function checkHandshake(
  { connection }: Handshake,
  method: string,
  options: OriginOptions,
): Promise<void> {
  if (!(await mayRead(connection, options))) {
    options.onRefusedOrigin(connection.originName ?? "");
    throw new AppError(
      "forbidden",
      `Pages of ${connection.originName ?? "another site"} may not connect: name that origin in CORS_ORIGINS`,
    );
  }
  if (method !== "GET")
    throw new AppError("method_not_allowed", `${method} cannot open a WebSocket; use GET`);
}

/** A page cannot set headers on a WebSocket, so the credential may be a subprotocol instead. */
function socketCredential(
  headers: IncomingMessage["headers"],
  sessionSecret: string | null,
): Credential {
  const credential = credentialOf(headers, null);
  if (credential.kind !== "none") return credential;
  const offered = headers["sec-websocket-protocol"]?.split(",").map((name) => name.trim()) ?? [];
  for (const prefix of CREDENTIAL_PREFIXES) {
    const token = offered.find((name) => name.startsWith(prefix));
    if (token) return { kind: "bearer", token: token.slice(prefix.length) };
  }
  return credentialOf(headers, sessionSecret);
}

/** Answers a handshake that is not accepted, as any other request would be answered. */
export function refuseHandshake(
  connection: Duplex,
  { status, body }: ErrorReply,
  headers: Readonly<Record<string, string>>,
  method = "GET",
): void {
  const text = JSON.stringify(body);
  const lines = Object.entries({
    ...SECURITY_HEADERS,
    ...headers,
    "Content-Type": "application/json; charset=utf-8",
    "Content-Length": Buffer.byteLength(text),
    Connection: "close",
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  connection.once("finish", () => connection.destroy());
  connection.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n${lines.join("")}\r\n${method === "HEAD" ? "" : text}`,
  );
}
