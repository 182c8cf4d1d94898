import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { AppError, toAppError } from "../domain/errors.ts";
import { withoutBasePath } from "./base-path.ts";
import { clientAddress } from "./client-address.ts";
import {
  checkHandshake,
  handshakeOf,
  isWebSocketUpgrade,
  refuseHandshake,
  SUBPROTOCOL,
} from "./handshake.ts";
import { createMessageRates } from "./message-rate.ts";
import type { OriginOptions } from "./page-origins.ts";
import type { OriginRules } from "./request-facts.ts";
import { newRequestId } from "./request-id.ts";
import { type OpenTicket, shownCredential } from "./shown-ticket.ts";
import {
  type Enter,
  type Handshake,
  type SocketHandler,
  serveSocket,
  type WatchCredential,
} from "./socket.ts";
import { whenClosed } from "./when-closed.ts";

export type SocketOptions = OriginOptions & {
  /** In any order: no two match the same address. */
  readonly handlers: readonly SocketHandler[];
  /** Tells why a handshake was refused where no handler matches. */
  readonly otherErrorReply: SocketHandler["errorReply"];
  readonly origins: OriginRules;
  /** The path of PUBLIC_URL; "", as by default, for none. */
  readonly basePath?: string;
  /** Addresses and CIDR ranges of proxies whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[];
  /** How many may be open at a time from one address; null: any number, and as many messages. */
  readonly socketsPerAddress: number | null;
  /** How many requests and sockets a user may have open at a time; null: any number, and as many messages. */
  readonly openPerUser: number | null;
  readonly watchCredential: WatchCredential;
  readonly enter: Enter;
  /** What a ticket for a socket is worth, this once. */
  readonly redeemTicket: OpenTicket;
  /** Takes one of so many places; null if none is free. Gives what gives it back. */
  hold(key: string, limit: number): Promise<(() => void) | null>;
  /** Told of every error that is the server's own fault. */
  onInternalError(error: AppError, requestId: string): void;
  /** How often each peer must show that it is there. Default: 30 s. */
  readonly pingIntervalMs?: number;
};

export type Sockets = {
  /** How many are open. */
  count(): number;
  /** Refuses new ones, closes the others with 1001, and resolves when they are gone. */
  close(): Promise<void>;
};

const PING_MS = 30_000;
const CLOSE_PATIENCE_MS = 2000;
const GOING_AWAY = 1001;
const POLICY_VIOLATION = 1008;
/** Of one message: more than the largest has in pieces of 4 KiB. */
const MAX_FRAGMENTS = 4096;
const UPGRADE_REQUIRED = 426;
const VERSIONS = ["13", "8"];

/** Lets the handlers serve the server's WebSockets. */
export function attachSockets(server: Server, options: SocketOptions): Sockets {
  const addressOf = clientAddress(options.trustedProxies);
  const endpoints = options.handlers.map((handler) => ({ handler, upgrade: endpoint(handler) }));
  const rates = createMessageRates({
    ofUser: options.openPerUser !== null,
    ofAddress: options.socketsPerAddress !== null,
  });
  const served = new Set<WebSocket>();
  const refused = new Set<WebSocket>();
  const silent = new WeakSet<WebSocket>();
  let isClosing = false;

  // One function for the listeners of all.
  function noLongerServed(this: WebSocket) {
    served.delete(this);
  }
  function notSilent(this: WebSocket) {
    silent.delete(this);
  }

  async function onUpgrade(request: IncomingMessage, connection: Duplex, head: Buffer) {
    const requestId = newRequestId();
    request.url = withoutBasePath(request.url ?? "/", options.basePath ?? "");
    connection.on("error", destroyThis);
    let words: Pick<SocketHandler, "errorReply"> = { errorReply: options.otherErrorReply };
    const refuse = (problem: unknown, status?: number) => {
      const error = toAppError(problem);
      const reply = words.errorReply(error);
      if (reply.status >= 500) options.onInternalError(error, requestId);
      refuseHandshake(
        connection,
        { ...reply, status: status ?? reply.status },
        headersOf(error, requestId, status ?? reply.status),
        request.method,
      );
    };
    try {
      const handshake = handshakeOf(request, addressOf(request), options.origins);
      const found = endpoints.find(({ handler }) => handler.matches(handshake.url));
      if (!found) throw nothingAt(handshake.url);
      words = found.handler;
      await checkHandshake(handshake, request.method ?? "", options);
      if (!VERSIONS.includes(request.headers["sec-websocket-version"] ?? ""))
        return refuse(wrongVersion(), UPGRADE_REQUIRED);
      const accepted = await found.handler.accept(await redeemed(handshake));
      if (isClosing) throw closing();
      whenClosed(connection, options.enter(accepted.principal));
      const isFree = await takePlace(handshake, connection);
      if (isClosing) throw closing();
      found.upgrade(request, connection, head, requestId, refuse, (socket) => {
        if (!admit(socket, isFree)) return;
        serveSocket(socket, accepted, {
          watch: options.watchCredential,
          rate: rates.open(accepted.principal, handshake.connection.address),
          report: reportAs(options, requestId),
        });
      });
    } catch (error) {
      refuse(error);
    }
  }

  async function redeemed(handshake: Handshake): Promise<Handshake> {
    const tickets = handshake.url.searchParams.getAll("ticket");
    const credential = await shownCredential(tickets, handshake.credential, options.redeemTicket);
    return { ...handshake, credential };
  }

  /** One of the places of the address, for as long as the connection is open. */
  async function takePlace(
    { connection: { address } }: Handshake,
    connection: Duplex,
  ): Promise<boolean> {
    if (options.socketsPerAddress === null) return true;
    const release = await options.hold(`sockets:${address}`, options.socketsPerAddress);
    if (!release) return false;
    whenClosed(connection, release);
    return true;
  }

  /** Serves the socket, unless its address has as many as it may have. */
  function admit(socket: WebSocket, isFree: boolean): boolean {
    socket.on("error", ignore);
    if (!isFree) {
      refused.add(socket);
      socket.on("close", () => refused.delete(socket));
      const most = options.socketsPerAddress;
      socket.close(POLICY_VIOLATION, `Too many connections: at most ${most} per address`);
      return false;
    }
    served.add(socket);
    socket.on("close", noLongerServed);
    socket.on("pong", notSilent);
    socket.on("message", notSilent);
    return true;
  }

  const pinging = setInterval(() => {
    for (const socket of served) {
      if (silent.has(socket)) socket.terminate();
      else socket.ping();
      silent.add(socket);
    }
  }, options.pingIntervalMs ?? PING_MS).unref();

  // Without this Node hands over every request that offers any upgrade, such as h2c.
  Object.assign(server, { shouldUpgradeCallback: isWebSocketUpgrade });
  server.on("upgrade", (request, connection, head) => void onUpgrade(request, connection, head));

  return {
    count: () => served.size,
    async close() {
      isClosing = true;
      clearInterval(pinging);
      const open = [...served, ...refused];
      const gone = open.map((socket) => new Promise((resolve) => socket.once("close", resolve)));
      for (const socket of open) socket.close(GOING_AWAY, "The server is shutting down");
      const patience = setTimeout(() => {
        for (const socket of open) socket.terminate();
      }, CLOSE_PATIENCE_MS);
      await Promise.all(gone);
      clearTimeout(patience);
    },
  };
}

type Refuse = (problem: AppError) => void;

/** The protocol's own work, for one handler. */
function endpoint({ maxMessageBytes, subprotocol = SUBPROTOCOL }: SocketHandler) {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: maxMessageBytes,
    maxFragments: MAX_FRAGMENTS,
    handleProtocols: (offered) => offered.has(subprotocol) && subprotocol,
  });
  const pending = new WeakMap<IncomingMessage, { requestId: string; refuse: Refuse }>();
  server.on("headers", (headers, request) => {
    headers.push(`X-Request-Id: ${pending.get(request)?.requestId ?? newRequestId()}`);
  });
  server.on("wsClientError", (error, _connection, request) => {
    pending.get(request)?.refuse(new AppError("invalid_request", error.message));
  });
  return (
    request: IncomingMessage,
    connection: Duplex,
    head: Buffer,
    requestId: string,
    refuse: Refuse,
    onOpen: (socket: WebSocket) => void,
  ): void => {
    pending.set(request, { requestId, refuse });
    server.handleUpgrade(request, connection, head, onOpen);
  };
}

// What an open socket holds is made apart from the request that opened it, so that it does not hold that as well.

function destroyThis(this: Duplex): void {
  this.destroy();
}

function ignore(): void {}

const reportAs =
  ({ onInternalError }: Pick<SocketOptions, "onInternalError">, requestId: string) =>
  (error: AppError) =>
    onInternalError(error, requestId);

function headersOf(error: AppError, requestId: string, status: number): Record<string, string> {
  return {
    "X-Request-Id": requestId,
    ...(error.retryAfterMs !== undefined && {
      "Retry-After": String(Math.ceil(error.retryAfterMs / 1000)),
    }),
    ...(status === 401 && { "WWW-Authenticate": 'Bearer realm="colloquy"' }),
    ...(status === UPGRADE_REQUIRED && { "Sec-WebSocket-Version": "13" }),
  };
}

const nothingAt = ({ pathname }: URL) =>
  new AppError("not_found", `There is no WebSocket at ${pathname}`, { resource: "route" });

const closing = () =>
  new AppError("unavailable", "The server is shutting down", { retryAfterMs: 2000 });

const wrongVersion = () =>
  new AppError("invalid_request", "Sec-WebSocket-Version must be 13 (RFC 6455)");
