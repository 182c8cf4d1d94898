// A source of tools that people sign in to, and the server that they sign in at: both over real HTTP, with faults.
import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";

const SCHEMA = { type: "object", properties: {} };
const listen = async (handle: (request: IncomingMessage, response: ServerResponse) => unknown) => {
  const server = createServer((request, response) => void handle(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    [Symbol.dispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
};
const sendJson = (response: ServerResponse, status: number, body: unknown, headers = {}) =>
  response
    .writeHead(status, { "content-type": "application/json", ...headers })
    .end(JSON.stringify(body));

/** How the two misbehave. */
export type Faults = {
  /** What the metadata of the server says besides. */
  metadata: Record<string, unknown>;
  /** What the metadata of the source says besides. */
  resource: Record<string, unknown>;
  /** Every token is refused. */
  refusesAll: boolean;
  /** Refreshing is refused. */
  refusesRefresh: boolean;
  /** Refreshing fails, and may succeed another time. */
  failsRefresh: boolean;
  /** Where both say that their metadata is now; null: here. */
  redirectsTo: string | null;
  /** The description of the tool. */
  description: string;
  /** Refreshing gives the same access token again. */
  keepsAccess: boolean;
  /** What is listed for an account in the place of the tool. */
  listed: Readonly<Record<string, readonly string[]>>;
};
const NO_FAULTS: Faults = {
  metadata: {},
  resource: {},
  refusesAll: false,
  refusesRefresh: false,
  failsRefresh: false,
  redirectsTo: null,
  description: "Reads what is the person's own",
  keepsAccess: false,
  listed: {},
};

type Registered = { readonly redirectUris: readonly string[]; readonly secret?: string };
type Code = {
  readonly account: string;
  readonly challenge: string;
  readonly redirectUri: string;
  readonly clientId: string;
  readonly resource: string;
};

export type SignedSource = Awaited<ReturnType<typeof startSignedSource>>;

/** A source and its server. `accounts` of the server are names, and every page of it belongs to the account that is given. */
export async function startSignedSource() {
  let faults = { ...NO_FAULTS };
  const clients = new Map<string, Registered>();
  const codes = new Map<string, Code>();
  /** The accounts of tokens that are good. */
  const accessTokens = new Map<string, string>();
  const refreshTokens = new Map<string, string>();
  /** By the name of the tool's call: with which account it was made. */
  const calls: { readonly account: string; readonly token: string }[] = [];
  const sentTokens: string[] = [];
  const refreshes: string[] = [];
  const revoked: string[] = [];
  const asked: string[] = [];
  let hold: Promise<void> = Promise.resolve();
  let heldCalls: Promise<void> = Promise.resolve();
  let registrations = 0;

  const issue = (account: string) => {
    const known = [...accessTokens].find(([, holder]) => holder === account)?.[0];
    const access = (faults.keepsAccess && known) || `access-${randomUUID()}`;
    const refresh = `refresh-${randomUUID()}`;
    accessTokens.set(access, account);
    refreshTokens.set(refresh, account);
    return {
      ...{ access_token: access, refresh_token: refresh },
      ...{ token_type: "Bearer", expires_in: 3600 },
    };
  };

  const token = async (request: IncomingMessage, response: ServerResponse) => {
    const form = new URLSearchParams(await text(request));
    const refuse = (error: string) => void sendJson(response, 400, { error });
    if (form.get("resource") !== `${source.url}/mcp`) return refuse("invalid_target");
    if (form.get("grant_type") === "refresh_token") {
      const given = form.get("refresh_token") ?? "";
      refreshes.push(given);
      await hold;
      if (faults.failsRefresh) return void sendJson(response, 500, {});
      const account = refreshTokens.get(given);
      if (account === undefined || faults.refusesRefresh) return refuse("invalid_grant");
      refreshTokens.delete(given);
      return void sendJson(response, 200, issue(account));
    }
    const code = codes.get(form.get("code") ?? "");
    codes.delete(form.get("code") ?? "");
    const basic = (request.headers.authorization ?? "").replace(/^Basic /u, "");
    const [basicId = "", secret] = Buffer.from(basic, "base64").toString().split(":");
    const clientId = form.get("client_id") ?? basicId;
    if (clients.get(clientId)?.secret !== (secret || undefined)) return refuse("invalid_client");
    const verifier = createHash("sha256")
      .update(form.get("code_verifier") ?? "")
      .digest("base64url");
    const isGood =
      code &&
      code.challenge === verifier &&
      code.redirectUri === form.get("redirect_uri") &&
      code.clientId === clientId &&
      code.resource === form.get("resource");
    if (!isGood) return refuse("invalid_grant");
    return void sendJson(response, 200, issue(code.account));
  };

  const authorization = await listen(async (request, response) => {
    const url = new URL(request.url ?? "", "http://x");
    asked.push(url.pathname);
    if (url.pathname === "/.well-known/oauth-authorization-server")
      return faults.redirectsTo
        ? void response.writeHead(307, { location: faults.redirectsTo }).end()
        : void sendJson(response, 200, {
            issuer: authorization.url,
            authorization_endpoint: `${authorization.url}/authorize`,
            token_endpoint: `${authorization.url}/token`,
            registration_endpoint: `${authorization.url}/register`,
            revocation_endpoint: `${authorization.url}/revoke`,
            response_types_supported: ["code"],
            code_challenge_methods_supported: ["S256"],
            authorization_response_iss_parameter_supported: true,
            ...faults.metadata,
          });
    if (url.pathname === "/register") {
      const body = JSON.parse(await text(request));
      const clientId = `client-${++registrations}`;
      clients.set(clientId, { redirectUris: body.redirect_uris });
      return void sendJson(response, 201, { ...body, client_id: clientId });
    }
    if (url.pathname === "/authorize") {
      const redirectUri = url.searchParams.get("redirect_uri") ?? "";
      return void response
        .writeHead(200, { "content-type": "text/html" })
        .end(
          `<title>Sign in</title><a href="${back(url.href, "ann").replaceAll("&", "&amp;")}">Ann</a><p>${redirectUri.length}</p>`,
        );
    }
    if (url.pathname === "/token") return token(request, response);
    if (url.pathname === "/revoke") {
      revoked.push(new URLSearchParams(await text(request)).get("token") ?? "");
      return void response.writeHead(200).end();
    }
    return void sendJson(response, 404, {});
  });

  const source = await listen(async (request, response) => {
    const url = new URL(request.url ?? "", "http://x");
    if (url.pathname === "/.well-known/oauth-protected-resource/mcp")
      return void sendJson(response, 200, {
        resource: `${source.url}/mcp`,
        authorization_servers: [authorization.url],
        ...faults.resource,
      });
    if (url.pathname !== "/mcp") return void sendJson(response, 404, {});
    const given = (request.headers.authorization ?? "").replace("Bearer ", "");
    if (given !== "") sentTokens.push(given);
    const account = faults.refusesAll ? undefined : accessTokens.get(given);
    const message = request.method === "POST" ? JSON.parse(await text(request)) : null;
    if (account === undefined) {
      const place = `${source.url}/.well-known/oauth-protected-resource/mcp`;
      const challenge = `Bearer resource_metadata="${place}"`;
      return void sendJson(response, 401, {}, { "www-authenticate": challenge });
    }
    if (message?.id === undefined) return void response.writeHead(message ? 202 : 405).end();
    const answer = (result: unknown) =>
      sendJson(response, 200, { jsonrpc: "2.0", id: message.id, result });
    switch (message.method) {
      case "initialize":
        return answer({
          ...{ protocolVersion: "2025-06-18", capabilities: { tools: {} } },
          serverInfo: { name: "signed", version: "1" },
        });
      case "tools/list":
        return answer({
          tools: (faults.listed[account] ?? ["own"]).map((name) => ({
            ...{ name, description: faults.description, inputSchema: SCHEMA },
          })),
        });
      case "tools/call": {
        const { status, isHeld, changesTools } = message.params.arguments;
        if (typeof status === "number") return void response.writeHead(status).end();
        calls.push({ account, token: given });
        const result = { content: [{ type: "text", text: `This is ${account}'s` }] };
        if (isHeld) await heldCalls;
        if (!changesTools) return answer(result);
        const send = (event: object) =>
          response.write(`data: ${JSON.stringify({ jsonrpc: "2.0", ...event })}\n\n`);
        response.writeHead(200, { "content-type": "text/event-stream" });
        send({ method: "notifications/tools/list_changed" });
        // Whoever closes the connection because of that has time to.
        await setTimeout(100);
        send({ id: message.id, result });
        return void response.end();
      }
      default:
        return sendJson(response, 200, {
          ...{ jsonrpc: "2.0", id: message.id },
          error: { code: -32_601, message: "Method not found" },
        });
    }
  });

  /** The address that the page sends a browser back to, once that account has signed in. */
  const back = (address: string, account: string, more: Record<string, string> = {}): string => {
    const url = new URL(address, authorization.url);
    const field = (name: string) => url.searchParams.get(name) ?? "";
    const redirectUri = field("redirect_uri");
    const known = clients.get(field("client_id"));
    if (!known?.redirectUris.includes(redirectUri)) throw new Error("An unknown client");
    if (field("code_challenge_method") !== "S256") throw new Error("Without PKCE");
    const code = randomUUID();
    codes.set(code, {
      ...{ account, redirectUri, challenge: field("code_challenge") },
      ...{ clientId: field("client_id"), resource: field("resource") },
    });
    const to = new URL(redirectUri);
    const answer = { code, state: field("state"), iss: authorization.url, ...more };
    for (const [name, value] of Object.entries(answer)) to.searchParams.set(name, value);
    return to.href;
  };

  return {
    /** Of the source, as the operator's file has it. */
    url: `${source.url}/mcp`,
    issuer: authorization.url,
    back,
    calls,
    sentTokens,
    refreshes,
    revoked,
    asked,
    registrations: () => registrations,
    /** A client that a person has registered there. */
    register(clientId: string, secret: string, redirectUris: string[]) {
      clients.set(clientId, { redirectUris, secret });
    },
    /** Whatever was given out is good no more; what was given to refresh it with is. */
    expire: () => accessTokens.clear(),
    /** Nothing that was given out is good any more. */
    forget() {
      accessTokens.clear();
      refreshTokens.clear();
    },
    spoil(change: Partial<Faults>) {
      faults = { ...NO_FAULTS, ...change };
    },
    /** Holds every call with the argument `isHeld` until what it gives is called. */
    holdCalls(): () => void {
      const { promise, resolve } = Promise.withResolvers<void>();
      heldCalls = promise;
      return resolve;
    },
    /** Holds every refresh until what it gives is called. */
    holdRefreshes(): () => void {
      const { promise, resolve } = Promise.withResolvers<void>();
      hold = promise;
      return resolve;
    },
    [Symbol.dispose]() {
      source[Symbol.dispose]();
      authorization[Symbol.dispose]();
    },
  };
}
