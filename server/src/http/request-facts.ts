import type { IncomingMessage } from "node:http";
import { BlockList, isIPv4, isIPv6, type Socket } from "node:net";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { ConnectionFacts, Credential } from "../domain/access.ts";
import { AppError } from "../domain/errors.ts";
import { forwarderOf } from "./forwarding.ts";
import { isLocalHost } from "./local-host.ts";
import { peerOwnerOf } from "./peer-owner.ts";
import { sessionSecretIn } from "./session-cookie.ts";

declare module "fastify" {
  interface FastifyRequest {
    readonly connection: ConnectionFacts;
    /** The same once they were asked for. */
    facts: ConnectionFacts | null;
  }
}

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/** The origin of a page of this machine, at any port. No foreign page has such an origin. */
const LOCAL_ORIGIN = /^https?:\/\/(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/;

const MAX_SHOWN_CHARACTERS = 200;

export type OriginRules = {
  /** CORS_ORIGINS. */
  readonly listed: readonly string[];
  /** PUBLIC_URL, where it is set. */
  readonly publicOrigin: string | null;
};

/** @param address the client's address as the proxy rules give it */
export function connectionFacts(
  request: IncomingMessage,
  address: string,
  origins: OriginRules,
): ConnectionFacts {
  const { headers, socket } = request;
  return {
    address,
    peerIsLoopback: isLoopback(socket.remoteAddress ?? ""),
    hostIsLocal: isLocalHost(headers.host ?? ""),
    // This is looked up only for a request without a credential.
    get forwardedBy() {
      return forwarderOf(request);
    },
    sessionSecret: sessionSecretIn(request, origins.publicOrigin),
    origin: originOf(request, origins),
    originName: headers.origin?.slice(0, MAX_SHOWN_CHARACTERS) ?? null,
    peerOwner: ownerBehind(socket),
  };
}

/** Holds the connection alone. */
const ownerBehind = (socket: Socket) => () => peerOwnerOf(socket);

/** Gives every request the facts of its connection, which are found out when they are first asked for. */
export function noteConnections(app: FastifyInstance, origins: OriginRules): void {
  app.decorateRequest("facts", null);
  app.decorateRequest("connection", {
    getter(this: FastifyRequest) {
      this.facts ??= connectionFacts(this.raw, this.ip, origins);
      return this.facts;
    },
  });
}

/** If one of these headers is sent twice, Node uses the first; a proxy in front may have used the other. */
const SINGLE_HEADERS = /^(?:host|authorization|content-type|transfer-encoding)$/i;

const MAX_HEADERS = 100;

/** Connections that carried an ambiguous request. A smuggled request could follow on them. */
const distrusted = new WeakSet<Socket>();

/**
 * After a request that two servers could read differently, nothing more is accepted on its connection.
 * @throws AppError invalid_request
 */
export function checkHeaders(request: IncomingMessage): void {
  const { socket } = request;
  if (distrusted.has(socket))
    throw new AppError("invalid_request", "The request before this one was ambiguous");
  try {
    checkEach(request);
  } catch (error) {
    distrusted.add(socket);
    throw error;
  }
}

/**
 * The reason to refuse a request: too many headers, a decisive header that is sent twice (RFC 9112,
 * section 3.2), or a coding other than chunked (section 6.1).
 */
function checkEach({ rawHeaders, headers, httpVersion }: IncomingMessage): void {
  const coding = headers["transfer-encoding"];
  if (coding !== undefined && httpVersion === "1.0")
    throw new AppError("invalid_request", "HTTP/1.0 has no Transfer-Encoding");
  if (coding !== undefined && !/^chunked$/i.test(coding))
    throw new AppError(
      "invalid_request",
      "The only Transfer-Encoding that is supported is chunked",
    );
  if (rawHeaders.length > 2 * MAX_HEADERS)
    throw new AppError("invalid_request", `At most ${MAX_HEADERS} headers are accepted`);
  let seen = "";
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? "";
    if (!SINGLE_HEADERS.test(name)) continue;
    const mark = `${name.toLowerCase()} `;
    if (seen.includes(mark))
      throw new AppError("invalid_request", `The header ${name} must not be sent twice`);
    seen += mark;
  }
}

/** @param sessionSecret what a page of this server has sent along in its cookie; it counts where no credential is sent */
export function credentialOf(
  { authorization }: IncomingMessage["headers"],
  sessionSecret: string | null,
): Credential {
  if (authorization === undefined)
    return sessionSecret === null ? { kind: "none" } : { kind: "bearer", token: sessionSecret };
  const token = /^Bearer +([^\s,]+) *$/i.exec(authorization)?.[1];
  return token ? { kind: "bearer", token } : { kind: "malformed" };
}

/** The same, for clients that send their key as `x-api-key`; one beside another bearer token is malformed. */
export function credentialOrApiKey(
  headers: IncomingMessage["headers"],
  sessionSecret: string | null,
): Credential {
  const key = headers["x-api-key"];
  if (key === undefined) return credentialOf(headers, sessionSecret);
  const sent = credentialOf(headers, null);
  const token = /^[^\s,]+$/.exec(String(key))?.[0];
  const isOther = sent.kind !== "none" && !(sent.kind === "bearer" && sent.token === token);
  return token && !isOther ? { kind: "bearer", token } : { kind: "malformed" };
}

/** Whether a page of that origin may talk to us: our own, or one that the operator listed. */
function isTrustedOrigin(
  origin: string,
  host: string | undefined,
  { listed, publicOrigin }: OriginRules,
): boolean {
  if (origin === publicOrigin || listed.includes(origin)) return true;
  return host !== undefined && (origin === `http://${host}` || origin === `https://${host}`);
}

function originOf({ headers }: IncomingMessage, origins: OriginRules): ConnectionFacts["origin"] {
  const { origin, host } = headers;
  if (origin !== undefined) {
    if (isTrustedOrigin(origin, host, origins)) return "trusted";
    return LOCAL_ORIGIN.test(origin) ? "local" : "foreign";
  }
  const site = headers["sec-fetch-site"];
  return site === "cross-site" || site === "same-site" ? "foreign" : "absent";
}

function isLoopback(peer: string): boolean {
  if (peer === "127.0.0.1" || peer === "::1" || peer === "::ffff:127.0.0.1") return true;
  const address = peer.startsWith("::ffff:") ? peer.slice("::ffff:".length) : peer;
  if (isIPv4(address)) return loopback.check(address, "ipv4");
  return isIPv6(address) && loopback.check(address, "ipv6");
}

/**
 * The user ids that a request names, by the place: the X-User-ID header, the query and the body.
 * @param field the wire's own name for it (`user_id`, `userId`); query and body are not validated yet
 */
export function claimsOf(
  request: FastifyRequest,
  field: string,
): Record<string, string | undefined> {
  const header = request.headers["x-user-id"];
  return {
    "X-User-ID": typeof header === "string" ? header : undefined,
    [`${field} (query)`]: textOf(request.query, field),
    [field]: textOf(request.body, field),
  };
}

function textOf(container: unknown, field: string): string | undefined {
  if (typeof container !== "object" || container === null || !Object.hasOwn(container, field))
    return undefined;
  const value = (container as Record<string, unknown>)[field];
  return typeof value === "string" ? value : undefined;
}
