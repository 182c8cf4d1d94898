import { createServer as createHttpsServer } from "node:https";
import fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerFactory,
  type HTTPMethods,
} from "fastify";
import { AppError } from "../domain/errors.ts";
import type { Principal } from "../domain/principal.ts";
import { describeApi } from "./api-description.ts";
import { withoutBasePath } from "./base-path.ts";
import { acceptJson, MAX_BODY_BYTES } from "./body.ts";
import { boundBodyTime, MAX_LONG_BODY_MS } from "./body-time.ts";
import { answerBroken, lateRequest } from "./broken-request.ts";
import { letPagesRead } from "./cors.ts";
import { errorOf } from "./errors.ts";
import { receiveGuests, wireOfGuest } from "./guests.ts";
import { writeLargeAnswersInPieces } from "./large-answers.ts";
import { sendNotFoundPage } from "./not-found-page.ts";
import type { OriginOptions } from "./page-origins.ts";
import { prefersHtml } from "./prefers-html.ts";
import { checkHeaders, noteConnections, type OriginRules } from "./request-facts.ts";
import { newRequestId } from "./request-id.ts";
import { securityHeaders } from "./security-headers.ts";
import type { Enter, WatchCredential } from "./socket.ts";
import type { Certificate } from "./tls.ts";
import { countUnread, cutOff, discardRest } from "./unread.ts";
import { validateBySchema } from "./validation.ts";
import { whenClosed } from "./when-closed.ts";
import type { Wire } from "./wire.ts";
import { createWirePaths, type WirePaths } from "./wire-paths.ts";

export type HttpOptions = OriginOptions & {
  /** In any order: each has paths of its own (wire-paths.ts). */
  readonly wires: readonly Wire[];
  /** Tells errors on paths of no wire. */
  readonly otherErrorReply: Wire["errorReply"];
  readonly origins: OriginRules;
  /** The path of PUBLIC_URL; "", as by default, for none. */
  readonly basePath?: string;
  /**
   * The page that a browser is offered at an address that does not exist: below the root, without a slash
   * before it. Default: none.
   */
  readonly homePath?: string;
  readonly version: string;
  /**
   * A third of it is for the headers of a request, and all of it for its body, or for enough of a body that may take
   * long; in half of it something of an answer must be taken.
   */
  readonly requestTimeoutMs: number;
  /** Addresses and CIDR ranges of proxies whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[];
  /** By which it speaks TLS; null, as by default: plain HTTP. */
  readonly certificate?: Certificate | null;
  readonly watchCredential: WatchCredential;
  readonly enter: Enter;
  /** Told of every error that is the server's own fault. */
  onInternalError(error: AppError, request: FastifyRequest): void;
  /** Told of every answer. */
  onAnswer(request: FastifyRequest, status: number, elapsedMs: number): void;
};

declare module "fastify" {
  interface FastifyRequest {
    /** Who is asking; set by the wire before its handlers run. */
    principal: Principal;
  }
  interface FastifyInstance {
    /** Every path that has a route, as it was registered. */
    readonly paths: ReadonlySet<string>;
    /** A client that takes nothing of its answer for so long is cut off. */
    readonly unreadPatienceMs: number;
  }
  interface FastifyContextConfig {
    /**
     * Whether the route can end the caller's own credential (the first key, a key that revokes itself), so
     * that its answer is sent all the same.
     */
    mayEndCredential?: boolean;
  }
  interface FastifySchema {
    /** Left out of the API description. */
    hide?: boolean;
  }
}

/** A wire, as far as errors are concerned. */
type Words = Pick<Wire, "errorReply" | "beforeError">;

const METHODS: readonly HTTPMethods[] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
const KEEP_ALIVE_MS = 72_000;
/** How late it may be noticed that a request takes too long. */
const CHECK_MS = 2_000;
const MAX_HEADER_BYTES = 16 * 1024;

/** An HTTP server that speaks the wires; knows no conversation. Not listening yet. */
export async function createHttpServer(options: HttpOptions): Promise<FastifyInstance> {
  const { wires, origins, basePath = "", homePath } = options;
  const { requestTimeoutMs, certificate } = options;
  const unreadPatienceMs = requestTimeoutMs / 2;
  const security = securityHeaders(origins.publicOrigin);
  const checkMs = Math.min(CHECK_MS, requestTimeoutMs / 10);
  const nodeOptions = {
    headersTimeout: requestTimeoutMs / 3,
    connectionsCheckingInterval: checkMs,
    maxHeaderSize: MAX_HEADER_BYTES,
  };
  const times = { keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: MAX_LONG_BODY_MS };
  const withTls =
    ({ pem }: Certificate): FastifyServerFactory =>
    (handler) =>
      createHttpsServer(
        { ...nodeOptions, ...times, ...pem, handshakeTimeout: requestTimeoutMs / 3 },
        handler,
      );
  const app = fastify({
    logger: false,
    bodyLimit: MAX_BODY_BYTES,
    trustProxy: options.trustedProxies.length ? [...options.trustedProxies] : false,
    requestIdHeader: false,
    genReqId: newRequestId,
    rewriteUrl: (request) => withoutBasePath(request.url ?? "/", basePath),
    ...times,
    http: nodeOptions,
    ...(certificate && { serverFactory: withTls(certificate) }),
    routerOptions: { maxParamLength: 512, ignoreTrailingSlash: true },
    frameworkErrors: (error, request, reply) => answerError(error, request, reply),
    clientErrorHandler: (error, connection) => answerBroken(error, connection, wordsAt),
    return503OnClosing: true,
  });
  const wirePaths = createWirePaths();
  const wordsAt = (path: string): Words =>
    wirePaths.find(path) ?? { errorReply: options.otherErrorReply };
  const answerError = (problem: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const words = wireOfGuest(request) ?? wordsAt(pathOf(request));
    const error = errorOf(problem);
    if (error.code === "internal" && isOfAbsentClient(problem, reply)) return void reply.send();
    if (words.beforeError)
      void words
        .beforeError(error, request, reply)
        .then((told) => tell(words, told, request, reply));
    else tell(words, error, request, reply);
  };
  const tell = (
    words: Words,
    error: AppError,
    request: FastifyRequest,
    reply: FastifyReply,
  ): void => {
    const { status, body } = words.errorReply(error, request);
    if (status >= 500) options.onInternalError(error, request);
    reply.header("x-request-id", request.id);
    if (error.retryAfterMs !== undefined)
      reply.header("retry-after", String(Math.ceil(error.retryAfterMs / 1000)));
    // A proxy that still sends the rest of a body would lose the answer with the connection.
    if (!request.raw.complete && (error.code === "too_large" || error.code === "unavailable"))
      reply.removeHeader("connection");
    discardRest(request.raw);
    if (status === 401) reply.header("www-authenticate", 'Bearer realm="colloquy"');
    reply.code(status).type("application/json; charset=utf-8").send(JSON.stringify(body));
  };

  // Beyond its own bound Node drops headers, such as one that a proxy added last, so the server refuses such a request instead.
  app.server.maxHeadersCount = 0;
  const paths = new Set<string>();
  app.addHook("onRoute", ({ url }) => void paths.add(url));
  app.decorate("paths", paths);
  app.decorate("unreadPatienceMs", unreadPatienceMs);
  acceptJson(app);
  validateBySchema(app);
  noteConnections(app, origins);
  app.decorateRequest("principal", null as unknown as Principal);
  boundBodyTime(app, {
    ...{ periodMs: requestTimeoutMs, checkMs },
    onLate: (request) => answerBroken(lateRequest(request), request.socket, wordsAt),
  });
  app.addHook("onRequest", (request, reply, done) => {
    reply.header("x-request-id", request.id);
    reply.headers(security);
    // Whatever follows on this connection could be a part of the body (RFC 9112, section 6.1).
    if (request.raw.httpVersion === "1.0" && request.headers["transfer-encoding"] !== undefined)
      reply.header("connection", "close");
    checkHeaders(request.raw);
    done(request.raw.url?.includes("%00") ? noNul() : undefined);
  });
  // A missing body counts as an empty object, so that the error names the missing field.
  app.addHook("preValidation", (request, _reply, done) => {
    request.body ??= {};
    done();
  });
  receiveGuests(app, wires);
  writeLargeAnswersInPieces(app);
  // A caller whose credential ends gets nothing more, however long the answer still takes.
  app.addHook("preHandler", (request, reply, done) => {
    if (request.principal) {
      const { raw } = reply;
      whenClosed(raw, options.enter(request.principal));
      const lose = () =>
        raw.headersSent ? void raw.destroy() : answerError(noLongerGood(), request, reply);
      if (!request.routeOptions.config.mayEndCredential)
        whenClosed(raw, options.watchCredential(request.principal, lose));
    }
    done();
  });
  // From here on the client has to read; Node counts only the time in which it takes nothing.
  app.addHook("onSend", (_request, { raw }, _payload, done) => {
    countUnread(raw);
    raw.setTimeout(unreadPatienceMs, () => cutOff(raw));
    done();
  });
  // These handlers come before CORS, whose own route uses the same words only from here on.
  app.setErrorHandler((error, request, reply) => answerError(error, request, reply));
  app.setNotFoundHandler((request, reply) => {
    const isPage = request.method === "GET" && prefersHtml(request.headers.accept);
    if (homePath && isPage && !wirePaths.find(pathOf(request)))
      return void sendNotFoundPage(request, reply, homePath);
    answerError(nothingAt(request), request, reply);
  });
  await letPagesRead(app, { ...options, methods: METHODS });
  // A request to a path without a route is refused before its body is read.
  app.addHook("onRequest", (request, _reply, done) => {
    done(request.is404 && request.method !== "GET" ? nothingAt(request) : undefined);
  });
  // A client that asks before it sends a body is told to send it only once it is certain that the body will be read.
  app.server.on("checkContinue", (request, response) => app.routing(request, response));
  app.addHook("preParsing", (request, reply, _payload, done) => {
    if (/^100-continue$/i.test(request.headers.expect ?? "")) reply.raw.writeContinue();
    done();
  });
  app.addHook("onResponse", (request, reply, done) => {
    options.onAnswer(request, reply.statusCode, reply.elapsedTime);
    done();
  });
  if (basePath)
    app.get(basePath, { schema: { hide: true } }, (_, reply) => reply.redirect(`${basePath}/`));
  describeApi(app, options.version, nothingAt);
  for (const wire of wires)
    await app.register(async (scope) => registerWire(scope, wire, wirePaths));
  return app;
}

/** What a client ended by going away is no fault of the server's. */
function isOfAbsentClient(problem: unknown, { raw }: FastifyReply): boolean {
  const { name, code } = problem as NodeJS.ErrnoException;
  return raw.destroyed && (name === "AbortError" || code === "ERR_STREAM_PREMATURE_CLOSE");
}

const pathOf = ({ raw }: FastifyRequest): string => raw.url?.split("?", 1)[0] ?? "/";

const noLongerGood = () =>
  new AppError(
    "unauthenticated",
    "This credential is no longer valid: it was revoked, has expired, or the server was claimed. Send another",
  );
const nothingAt = ({ method, url }: FastifyRequest) =>
  new AppError("not_found", `There is nothing at ${method} ${url.split("?", 1)[0]}`, {
    resource: "route",
  });
const noNul = () =>
  new AppError("invalid_request", "The address must not contain the NUL character (%00)");

/** Registers the wire's routes, and 405 for every other method on their paths. */
async function registerWire(app: FastifyInstance, wire: Wire, wirePaths: WirePaths): Promise<void> {
  for (const path of wire.otherPaths ?? []) wirePaths.add(path, wire);
  const methodsOf = new Map<string, Set<string>>();
  app.addHook("onRoute", ({ url, method }) => {
    const methods = methodsOf.get(url) ?? new Set();
    methodsOf.set(url, methods);
    for (const one of [method].flat()) methods.add(one);
    wirePaths.add(url, wire);
  });
  // The wire's hooks apply to its own routes only, so 405 comes before any credential is checked.
  await app.register(async (scope) => wire.routes(scope));
  for (const [url, allowed] of [...methodsOf]) {
    const allow = [...allowed].join(", ");
    app.route({
      method: METHODS.filter((method) => !allowed.has(method)),
      url,
      schema: { hide: true },
      onRequest: async (request, reply) => {
        reply.header("allow", allow);
        throw new AppError(
          "method_not_allowed",
          `${request.method} is not possible here; use ${allow}`,
        );
      },
      handler: async () => undefined,
    });
  }
}
