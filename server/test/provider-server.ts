// A provider of OpenID Connect over real HTTP: an issuer with a page for signing in, and codes that are good once.
import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";

export const CLIENT_ID = "colloquy-test";
const SECRET = "a-secret-of-the-client";
/** How long each step of signing in may take: a server that does not answer fails the test. */
const PATIENCE_MS = 30_000;
const LOGOUT = { "http://schemas.openid.net/event/backchannel-logout": {} };

/** Whoever signs in next, and how the provider's answer differs from a good one. */
export type NextPerson = {
  readonly subject?: string;
  readonly claims?: Readonly<Record<string, unknown>>;
};

type Code = {
  readonly redirectUri: string;
  readonly challenge: string;
  readonly nonce: string;
  readonly person: NextPerson;
};

/** @param endSession what it says of where people sign out; undefined: a page that sends them back at once */
export async function startProvider({ endSession }: { endSession?: string } = {}) {
  const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: "rsa", alg: "RS256", use: "sig" };
  const codes = new Map<string, Code>();
  let person: NextPerson = { subject: "ann" };
  let isDown = false;
  /** Who has signed out here: what each of them came with. */
  const left: Record<string, string>[] = [];

  const sign = (claims: JWTPayload, type = "JWT", key: CryptoKey = privateKey): Promise<string> => {
    const now = Math.floor(Date.now() / 1000);
    const all = { iss: url, aud: CLIENT_ID, iat: now, exp: now + 600, ...claims };
    return new SignJWT(all).setProtectedHeader({ alg: "RS256", typ: type, kid: "rsa" }).sign(key);
  };

  /** The page on which people sign in: as the next person, or not at all. */
  const authorize = (query: URLSearchParams): string => {
    const redirectUri = query.get("redirect_uri") ?? "";
    const code = randomUUID();
    codes.set(code, {
      redirectUri,
      challenge: query.get("code_challenge") ?? "",
      nonce: query.get("nonce") ?? "",
      person,
    });
    const way = (answer: Record<string, string>) => {
      const address = new URL(redirectUri);
      const all = { ...answer, state: query.get("state") ?? "" };
      for (const [name, value] of Object.entries(all)) address.searchParams.set(name, value);
      return address.href.replaceAll("&", "&amp;");
    };
    return `<!doctype html><title>Provider</title><h1>Provider</h1>
      <a href="${way({ code })}">Continue</a>
      <a href="${way({ error: "access_denied" })}">Cancel</a>`;
  };

  const token = async (request: IncomingMessage): Promise<[number, object]> => {
    let text = "";
    for await (const piece of request) text += piece;
    const form = new URLSearchParams(text);
    const code = codes.get(form.get("code") ?? "");
    codes.delete(form.get("code") ?? "");
    // Both are form-encoded before they are joined (RFC 6749, section 2.3.1).
    const sent = atob((request.headers.authorization ?? "").replace(/^Basic /, ""));
    const isClient = decodeURIComponent(sent) === `${CLIENT_ID}:${SECRET}`;
    if (!isClient) return [401, { error: "invalid_client" }];
    const verifier = createHash("sha256").update(form.get("code_verifier") ?? "");
    const isGood =
      code?.redirectUri === form.get("redirect_uri") &&
      code?.challenge === verifier.digest("base64url");
    if (!code || !isGood) return [400, { error: "invalid_grant" }];
    const { subject = "ann", claims = {} } = code.person;
    const idToken = await sign({ sub: subject, nonce: code.nonce, ...claims });
    return [
      200,
      { access_token: randomUUID(), token_type: "Bearer", expires_in: 600, id_token: idToken },
    ];
  };

  const server = createServer((request, response) => {
    // A request that this provider does not understand is answered, too, so that nobody waits for it.
    answer(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const { pathname, searchParams } = new URL(request.url ?? "", url);
    const json = (status: number, body: object) => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(body));
    };
    if (isDown) return json(500, {});
    if (pathname === "/authorize") {
      response.writeHead(200, { "content-type": "text/html" });
      return response.end(authorize(searchParams));
    }
    if (pathname === "/logout") {
      left.push(Object.fromEntries(searchParams));
      response.writeHead(303, { location: searchParams.get("post_logout_redirect_uri") ?? "" });
      return response.end();
    }
    if (pathname === "/token") return json(...(await token(request)));
    if (pathname === "/keys") return json(200, { keys: [jwk] });
    if (pathname !== "/.well-known/openid-configuration") return json(404, {});
    return json(200, {
      issuer: url,
      jwks_uri: `${url}/keys`,
      authorization_endpoint: `${url}/authorize`,
      token_endpoint: `${url}/token`,
      end_session_endpoint: endSession ?? `${url}/logout?ui=full`,
      response_types_supported: ["code"],
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: ["RS256"],
    });
  };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    url,
    /** What makes a server send people here. */
    environment: {
      AUTH_JWT_ISSUER: url,
      SIGN_IN_CLIENT_ID: CLIENT_ID,
      SIGN_IN_CLIENT_SECRET: SECRET,
      SIGN_IN_NAME: "Kestrel ID",
    },
    left,
    /** Whoever signs in from now on. */
    expect(next: NextPerson): void {
      person = next;
    },
    fail(fails: boolean): void {
      isDown = fails;
    },
    sign,
    logoutToken: (claims: JWTPayload): Promise<string> =>
      sign({ events: LOGOUT, jti: randomUUID(), ...claims }, "logout+jwt"),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const soon = (): AbortSignal => AbortSignal.timeout(PATIENCE_MS);

/** Follows a browser's way by hand: where the provider's page leads, and with which cookies. */
export async function walk(
  serverUrl: string,
  options: {
    readonly to?: string;
    readonly answer?: "Continue" | "Cancel";
    /** Sent along with each request to the server. */
    readonly headers?: Readonly<Record<string, string>>;
    /** Changes what the browser comes back with. */
    readonly change?: (callback: URL, cookie: string) => { callback: URL; cookie: string };
  } = {},
) {
  const { to, answer = "Continue", headers = {}, change } = options;
  const query = to === undefined ? "" : `?${new URLSearchParams({ to })}`;
  const start = `${serverUrl}/sign-in/start${query}`;
  const begun = await fetch(start, { redirect: "manual", headers, signal: soon() });
  const address = begun.headers.get("location") ?? "";
  const [kept = ""] = begun.headers.getSetCookie();
  if (!URL.canParse(address)) return { begun, ended: begun, kept };
  const page = await (await fetch(address, { signal: soon() })).text();
  const link = new RegExp(`href="([^"]+)">${answer}<`).exec(page)?.[1]?.replaceAll("&amp;", "&");
  let callback = new URL(link ?? "");
  let cookie = kept.split(";")[0] ?? "";
  if (change) ({ callback, cookie } = change(callback, cookie));
  const back = `${serverUrl}/sign-in/callback${callback.search}`;
  const ended = await fetch(back, {
    redirect: "manual",
    signal: soon(),
    headers: { ...headers, ...(cookie && { cookie }) },
  });
  return { begun, ended, kept, callback, cookie };
}

/** The cookie of the session as a browser would send it; empty: none was set. */
export const sessionOf = (ended: Response): string =>
  ended.headers
    .getSetCookie()
    .map((line) => line.split(";")[0] ?? "")
    .find((pair) => /^(?:__Host-)?colloquy=cs_/.test(pair)) ?? "";
