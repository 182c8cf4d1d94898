// Signing in by a provider of OpenID Connect: what a browser gets, what it is good for, and what ends it.
// Backends: replicas
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtemp, mkdtempDisposable, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { generateKeyPair } from "jose";
import { systemClock } from "../src/adapters/clocks/system/clock.ts";
import { userIdOf } from "../src/adapters/credentials/jwt/credentials.ts";
import { hashOfSession } from "../src/adapters/credentials/sessions/credentials.ts";
import { oidcProvider } from "../src/adapters/identity-providers/oidc/provider.ts";
import { readConfig } from "../src/config/config.ts";
import { eventually } from "./cli-runner.ts";
import { CLIENT_ID, sessionOf, startProvider, walk } from "./provider-server.ts";
import { inTime, openSocket, refusedSocket } from "./socket-client.ts";
import { ONCE, startServer } from "./start-server.ts";
import { type Server, send } from "./wire-client.ts";

let provider: Awaited<ReturnType<typeof startProvider>>;
let server: Server;
before(async () => {
  provider = await startProvider();
  server = await startServer({
    environment: {
      ...provider.environment,
      AUTH_JWT_AUDIENCE: CLIENT_ID,
      AUTH_TENANT_CLAIM: "org",
      AUTH_OPERATOR_CLAIM: "realm.groups=keepers",
    },
  });
});
after(async () => {
  await server[Symbol.asyncDispose]();
  await provider[Symbol.asyncDispose]();
});

const ACCOUNT = "/v1/chat/account";

/** Signs somebody of their own in. @returns what their browser sends */
async function signedIn(claims: Readonly<Record<string, unknown>> = {}) {
  const subject = `person-${randomUUID()}`;
  provider.expect({ subject, claims: { org: "kestrel", ...claims } });
  const { ended } = await walk(server.url);
  const cookie = sessionOf(ended);
  assert.notEqual(cookie, "");
  return {
    subject,
    cookie,
    headers: { cookie },
    own: { cookie, origin: server.url },
    /** As a page at the address of the tests' sockets sends it. */
    ofSocket: { cookie, origin: `http://127.0.0.1:${server.port}` },
  };
}

const statusOf = async (path: string, headers: Record<string, string>): Promise<number> =>
  (await send(server, "GET", path, undefined, headers)).status;

test("[H72] somebody signs in with code, PKCE, state and nonce, and is the user, tenant and role that the claims say", async () => {
  const subject = `person-${randomUUID()}`;
  provider.expect({ subject, claims: { org: "kestrel", realm: { groups: ["x", "keepers"] } } });
  const { begun, ended, kept } = await walk(server.url, { to: "c/some-place" });
  assert.equal(begun.status, 303);
  const sent = new URL(begun.headers.get("location") ?? "").searchParams;
  assert.equal(sent.get("code_challenge_method"), "S256");
  assert.match(sent.get("code_challenge") ?? "", /^[\w-]{43}$/);
  for (const name of ["state", "nonce"]) assert.ok((sent.get(name) ?? "").length >= 43, name);
  assert.match(kept, /^colloquy-sign-in=[\w-]+; Path=\/; Max-Age=600; HttpOnly; SameSite=Lax$/);
  assert.equal(ended.status, 303);
  assert.equal(ended.headers.get("location"), "../app/c/some-place");
  const [session = "", forgotten] = ended.headers.getSetCookie();
  assert.match(
    session,
    /^colloquy=cs_[\w-]{43}; Path=\/; Max-Age=86\d{3}; HttpOnly; SameSite=Lax$/,
  );
  assert.match(forgotten ?? "", /^colloquy-sign-in=; .*Max-Age=0/);

  const headers = { cookie: sessionOf(ended) };
  const account = await send(server, "GET", ACCOUNT, undefined, headers);
  assert.equal(account.status, 200);
  assert.equal(account.body.data.user_id, userIdOf(provider.url, subject));
  assert.equal(account.body.data.tenant_id, "kestrel");
  assert.equal(account.body.data.is_operator, true);
  assert.equal(await statusOf("/v1/chat/keys", headers), 200);
  const claims = { sub: subject, org: "kestrel", realm: { groups: ["keepers"] } };
  const bearer = { authorization: `Bearer ${await provider.sign(claims)}` };
  assert.deepEqual((await send(server, "GET", ACCOUNT, undefined, bearer)).body, account.body);
  const nowhere = { authorization: `Bearer ${await provider.sign({ sub: subject })}` };
  assert.equal(await statusOf(ACCOUNT, nowhere), 401);
  const other = await signedIn({ realm: { groups: "x" } });
  assert.equal(await statusOf("/v1/chat/keys", other.headers), 403);
  for (const url of server.replicaUrls)
    assert.equal((await send({ url }, "GET", ACCOUNT, undefined, headers)).status, 200);
  const row = await server.store.findBrowserSession(hashOfSession(headers.cookie.slice(9)));
  assert.equal(row?.subject, subject);
});

test("[H72] whoever is not let in is told why, and gets no session", ONCE, async () => {
  const failureOf = async (options: Parameters<typeof walk>[1] = {}) => {
    const { ended } = await walk(server.url, options);
    assert.equal(sessionOf(ended), "");
    return ended.headers.get("location");
  };
  provider.expect({ subject: "ann", claims: { org: "kestrel" } });
  assert.equal(await failureOf({ answer: "Cancel" }), "../app/?sign-in=denied");
  assert.equal(
    await failureOf({ change: (callback) => ({ callback, cookie: "" }) }),
    "../app/?sign-in=expired",
  );
  const withState = (callback: URL, cookie: string) => {
    callback.searchParams.set("state", "another");
    return { callback, cookie };
  };
  assert.equal(await failureOf({ change: withState }), "../app/?sign-in=state");
  const withCode = (callback: URL, cookie: string) => {
    callback.searchParams.set("code", "used");
    return { callback, cookie };
  };
  assert.equal(await failureOf({ change: withCode }), "../app/?sign-in=expired");
  // Somebody else's code: the browser's own verifier does not fit it.
  const foreign = await walk(server.url, { change: (callback) => ({ callback, cookie: "" }) });
  const withForeign = (callback: URL, cookie: string) => {
    callback.searchParams.set("code", foreign.callback?.searchParams.get("code") ?? "");
    return { callback, cookie };
  };
  assert.equal(await failureOf({ change: withForeign }), "../app/?sign-in=expired");

  for (const claims of [
    { org: "kestrel", nonce: "another" },
    { org: "kestrel", aud: "another" },
    { org: "kestrel", iss: "https://another.example" },
    { org: "kestrel", exp: Math.floor(Date.now() / 1000) - 60 },
  ]) {
    provider.expect({ subject: "ann", claims });
    assert.equal(await failureOf(), "../app/?sign-in=failed", JSON.stringify(claims));
  }
  for (const claims of [{}, { org: "" }, { org: 7 }, { org: "a\nb" }]) {
    provider.expect({ subject: "ann", claims });
    assert.equal(await failureOf(), "../app/?sign-in=denied", JSON.stringify(claims));
  }
});

test("[H72] signing in leads back into the web app and nowhere else", ONCE, async () => {
  provider.expect({ subject: "ann", claims: { org: "kestrel" } });
  for (const to of [
    "//evil.example",
    "https://evil.example",
    "/evil.example",
    "\\\\evil.example",
    "..//evil.example",
    "c/../../../evil",
    "c/%2e%2e/evil",
    "javascript:alert(1)",
    "c/x?next=//evil.example",
    "c/x#//evil",
    "c/\r\nset-cookie: a=b",
    "a/".repeat(500),
  ]) {
    const { ended } = await walk(server.url, { to });
    assert.equal(ended.headers.get("location"), "../app/", to);
  }
});

test("[H73] a session ends when its user signs out, and everything that was open with it is closed", async () => {
  const { headers, own, ofSocket } = await signedIn();
  await using socket = await openSocket(server, "/ws", { headers: ofSocket });
  await inTime(socket.next(), "the greeting");
  assert.equal((await send(server, "POST", "/sign-in/end", undefined, headers)).status, 403);
  const foreign = { ...headers, origin: "https://evil.example" };
  assert.equal((await send(server, "POST", "/sign-in/end", undefined, foreign)).status, 403);
  assert.equal(await statusOf(ACCOUNT, headers), 200);
  const ended = await send(server, "POST", "/sign-in/end", undefined, own);
  assert.equal(ended.status, 200);
  assert.match(ended.headers.get("set-cookie") ?? "", /^colloquy=; .*Max-Age=0/);
  assert.equal((await inTime(socket.closed, "the end of the socket")).code, 1008);
  await eventually(async () => (await statusOf(ACCOUNT, headers)) === 401);
  const refused = await send(server, "GET", ACCOUNT, undefined, headers);
  assert.match(refused.body.message, /session has ended\. Sign in again/);
});

test("[H73] whoever signs out is told where to sign out of the provider, which leads back; nobody else is", async () => {
  const { own } = await signedIn();
  const ended = await send(server, "POST", "/sign-in/end", undefined, own);
  const address = new URL(ended.body.provider_logout);
  assert.equal(`${address.origin}${address.pathname}`, `${provider.url}/logout`);
  const query = { client_id: CLIENT_ID, post_logout_redirect_uri: `${server.url}/app/` };
  assert.deepEqual(Object.fromEntries(address.searchParams), { ui: "full", ...query });
  const again = await send(server, "POST", "/sign-in/end", undefined, own);
  assert.deepEqual([again.status, again.text], [204, ""], "it has ended already");

  // The server knows the provider from before. One that does not answer costs nobody the way out of this server.
  const late = await signedIn();
  provider.fail(true);
  const { status } = await send(server, "POST", "/sign-in/end", undefined, late.own);
  provider.fail(false);
  assert.equal(status, 200);

  const session = { clientId: CLIENT_ID, clientSecret: null, scopes: ["openid"], name: "Other" };
  for (const [endSession, expected] of [
    ["https://id.example/out", "https://id.example/out"],
    ["javascript:alert(1)", null],
    ["/out", null],
    ["", null],
  ] as const) {
    await using other = await startProvider({ endSession });
    const wayOut = await oidcProvider({ issuer: other.url, ...session }, systemClock).wayOut("/");
    assert.equal(wayOut?.split("?")[0] ?? null, expected, endSession);
    other.fail(true);
    const unknown = oidcProvider({ issuer: other.url, ...session }, systemClock);
    assert.equal(await unknown.wayOut("/"), null);
  }
});

test("[H73] the provider ends sessions by its own session or by the person, with a valid logout token alone", async () => {
  const sid = randomUUID();
  const [one, other, third] = [
    await signedIn({ sid }),
    await signedIn({ sid: "another" }),
    await signedIn(),
  ];
  const send = (token: string) =>
    fetch(`${server.url}/sign-in/logout`, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({ logout_token: token }),
    });
  const { privateKey } = await generateKeyPair("RS256");
  const now = Math.floor(Date.now() / 1000);
  const events = { "http://schemas.openid.net/event/backchannel-logout": {} };
  for (const bad of [
    "",
    "x.y.z",
    await provider.sign({ sub: one.subject, sid, jti: "1" }),
    await provider.sign({ sid, jti: "1", events: {} }, "logout+jwt"),
    await provider.sign({ sid, jti: "1", events }, "logout+jwt", privateKey),
    await provider.sign({ sid, jti: "1", events }, "at+jwt"),
    await provider.logoutToken({ sid, nonce: "n" }),
    await provider.logoutToken({ sid, aud: "another" }),
    await provider.logoutToken({ sid, iss: "https://another.example" }),
    await provider.logoutToken({ sid, iat: now - 3600 }),
    await provider.logoutToken({}),
  ])
    assert.equal((await send(bad)).status, 400, bad);
  assert.equal(await statusOf(ACCOUNT, one.headers), 200);

  assert.equal((await send(await provider.logoutToken({ sid, sub: other.subject }))).status, 200);
  await eventually(async () => (await statusOf(ACCOUNT, one.headers)) === 401);
  assert.equal(await statusOf(ACCOUNT, other.headers), 200);
  assert.equal((await send(await provider.logoutToken({ sub: other.subject }))).status, 200);
  await eventually(async () => (await statusOf(ACCOUNT, other.headers)) === 401);
  assert.equal(await statusOf(ACCOUNT, third.headers), 200);
});

test("[H73] a session that is over is told so, and one that is kept survives a restart", async () => {
  const { cookie } = await signedIn();
  const row = await server.store.findBrowserSession(hashOfSession(cookie.slice(9)));
  assert.ok(row);
  const secret = `cs_${"x".repeat(43)}`;
  await server.store.createBrowserSession({
    ...row,
    id: randomUUID(),
    hash: hashOfSession(secret),
    createdAt: new Date(Date.now() - 9000),
    expiresAt: new Date(Date.now() - 1000),
  });
  const over = await send(server, "GET", ACCOUNT, undefined, { cookie: `colloquy=${secret}` });
  assert.equal(over.status, 401);
  assert.match(over.body.message, /Sign in again/);

  // Those that ended are told for a day and then forgotten, however long they might have lasted.
  const ended = { now: randomUUID(), yesterday: randomUUID() };
  for (const [when, id] of Object.entries(ended)) {
    const hash = hashOfSession(id);
    await server.store.createBrowserSession({ ...row, id, hash });
    const hoursAgo = when === "now" ? 1 : 25;
    await server.store.endBrowserSessions({ id }, new Date(Date.now() - hoursAgo * 3_600_000));
    assert.equal(await server.store.findBrowserSession(hash), null);
  }
  const another = { id: randomUUID(), hash: hashOfSession(randomUUID()), createdAt: new Date() };
  await server.store.createBrowserSession({ ...row, ...another });
  const told = await server.store.endedBrowserSessions();
  assert.deepEqual([told.includes(ended.now), told.includes(ended.yesterday)], [true, false]);

  const directory = await mkdtemp(join(tmpdir(), "colloquy-test-"));
  try {
    const options = { directory, backend: "sqlite", environment: provider.environment } as const;
    let kept = "";
    {
      await using first = await startServer(options);
      provider.expect({ subject: "ann" });
      kept = sessionOf((await walk(first.url)).ended);
    }
    await using again = await startServer(options);
    const account = await send(again, "GET", ACCOUNT, undefined, { cookie: kept });
    assert.equal(account.status, 200);
    assert.equal(account.body.data.user_id, userIdOf(provider.url, "ann"));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

test("[H73] a session ends when the operator chooses another provider, for the same person too", async () => {
  const { cookie, headers } = await signedIn();
  const row = await server.store.findBrowserSession(hashOfSession(cookie.slice(9)));
  assert.equal(row?.issuer, provider.url);
  const of = async (issuer: string | null) => {
    const secret = `cs_${randomUUID().padEnd(43, "x")}`;
    const hash = hashOfSession(secret);
    await server.store.createBrowserSession({ ...row, id: randomUUID(), hash, issuer });
    return { hash, headers: { cookie: `colloquy=${secret}` } };
  };
  const others = await Promise.all([of("https://another.example"), of(null)]);
  const own = await of(provider.url);
  for (const other of others) assert.equal(await statusOf(ACCOUNT, other.headers), 401);
  assert.equal(await statusOf(ACCOUNT, own.headers), 200);

  await using directory = await mkdtempDisposable(join(tmpdir(), "colloquy-test-"));
  await using next = await startProvider();
  const options = { directory: directory.path, backend: "sqlite" } as const;
  const start = (environment: Record<string, string>) => startServer({ ...options, environment });
  let kept = "";
  {
    await using first = await start(provider.environment);
    provider.expect({ subject: "ann" });
    kept = sessionOf((await walk(first.url)).ended);
  }
  for (const environment of [next.environment, provider.environment]) {
    await using later = await start(environment);
    const refused = await send(later, "GET", ACCOUNT, undefined, { cookie: kept });
    assert.equal(refused.status, 401);
    assert.match(refused.body.message, /session has ended\. Sign in again/);
  }

  // As a server that starts ends them.
  await server.store.endBrowserSessions({ notOfIssuer: provider.url }, new Date());
  for (const { hash } of others) assert.equal(await server.store.findBrowserSession(hash), null);
  assert.ok(await server.store.findBrowserSession(own.hash));
  assert.equal(await statusOf(ACCOUNT, headers), 200);
});

test("[X13] a server that had a provider wants a credential also when it has none any more", async () => {
  await using directory = await mkdtempDisposable(join(tmpdir(), "colloquy-test-"));
  const options = { directory: directory.path, backend: "sqlite", builtIn: true } as const;
  {
    await using first = await startServer({ ...options, environment: provider.environment });
    provider.expect({ subject: "ann" });
    const kept = sessionOf((await walk(first.url)).ended);
    assert.equal((await send(first, "GET", ACCOUNT, undefined, { cookie: kept })).status, 200);
    await first.store.endBrowserSessions({ subject: "ann" }, new Date());
  }
  await using later = await startServer(options);
  assert.deepEqual([later.isClaimed, later.claimCode], [true, null]);
  assert.equal((await send(later, "GET", "/conversations?user_id=ann")).status, 401);
  const anyToken = { authorization: "Bearer local" };
  assert.equal((await send(later, "GET", ACCOUNT, undefined, anyToken)).status, 401);
});

test("[H72] whoever has not signed in is counted by address", async () => {
  await using counting = await startServer({
    backend: "sqlite",
    environment: { ...provider.environment, RATE_LIMITS: "sign-in=3/m" },
  });
  const statuses: number[] = [];
  for (const path of ["start", "callback", "callback?code=x&state=y", "start", "callback"]) {
    const answer = await fetch(`${counting.url}/sign-in/${path}`, { redirect: "manual" });
    statuses.push(answer.status);
    if (answer.status === 429) assert.ok(Number(answer.headers.get("retry-after")) > 0);
  }
  assert.deepEqual(statuses, [303, 303, 303, 429, 429]);
});

test("[H74] a cookie changes nothing and opens nothing for pages of elsewhere", ONCE, async () => {
  const { cookie, headers, ofSocket } = await signedIn();
  const make = (more: Record<string, string>) =>
    send(server, "POST", "/v1/chat/conversations", {}, { ...headers, ...more });
  assert.equal((await make({})).status, 401, "without an origin");
  for (const origin of [
    "https://evil.example",
    "null",
    "http://localhost:5000",
    `${server.url}.evil.example`,
  ])
    assert.ok([401, 403].includes((await make({ origin })).status), origin);
  assert.equal((await make({ origin: server.url })).status, 201);
  for (const site of ["cross-site", "same-site"])
    assert.equal(await statusOf(ACCOUNT, { ...headers, "sec-fetch-site": site }), 401, site);
  assert.equal(await statusOf(ACCOUNT, { ...headers, "sec-fetch-site": "same-origin" }), 200);

  assert.equal((await refusedSocket(server, "/ws", { headers })).status, 401);
  const foreign = { ...headers, origin: "https://evil.example" };
  assert.ok([401, 403].includes((await refusedSocket(server, "/ws", { headers: foreign })).status));
  await using socket = await openSocket(server, "/ws", { headers: ofSocket });
  const greeting = await inTime(socket.next(), "the greeting");
  assert.equal(greeting.type, "connection_established");

  const twice = { cookie: `${cookie}; ${cookie.replace("cs_", "cs_a")}` };
  assert.equal(await statusOf(ACCOUNT, twice), 401, "two of them");
  assert.equal(await statusOf(ACCOUNT, { cookie: `__Host-${cookie}` }), 401, "of another name");
  const key = { ...headers, authorization: "Bearer ck_unknown" };
  assert.equal(await statusOf(ACCOUNT, key), 401, "a credential that is sent comes first");
});

test(
  "[H74] behind https the cookies are of this host alone, and the provider sends people to PUBLIC_URL",
  ONCE,
  async () => {
    await using secure = await startServer({
      backend: "sqlite",
      environment: { ...provider.environment, PUBLIC_URL: "https://chat.example.com/talk" },
    });
    provider.expect({ subject: "ann" });
    const { begun, ended, kept, cookie } = await walk(secure.url);
    assert.match(kept, /^__Host-colloquy-sign-in=.*; Path=\/; .*HttpOnly; SameSite=Lax; Secure$/);
    assert.equal(
      new URL(begun.headers.get("location") ?? "").searchParams.get("redirect_uri"),
      "https://chat.example.com/talk/sign-in/callback",
    );
    assert.match(
      ended.headers.get("set-cookie") ?? "",
      /__Host-colloquy=cs_[^;]+; Path=\/; .*; Secure/,
    );
    const session = sessionOf(ended);
    assert.equal((await send(secure, "GET", ACCOUNT, undefined, { cookie: session })).status, 200);
    const plain = { cookie: session.replace("__Host-", "") };
    assert.equal((await send(secure, "GET", ACCOUNT, undefined, plain)).status, 401);
    const begin = (origin: string) =>
      send(secure, "POST", "/v1/chat/conversations", {}, { cookie: session, origin });
    const { host } = new URL(secure.url);
    assert.equal((await begin("https://chat.example.com")).status, 201);
    assert.equal((await begin(`https://${host}`)).status, 201);
    assert.equal(
      (await begin(`http://${host}`)).status,
      401,
      "a page that anybody may have changed",
    );
    const bare = { cookie: cookie?.replace("__Host-", "") ?? "" };
    const tossed = await fetch(`${secure.url}/sign-in/callback?code=x&state=y`, {
      redirect: "manual",
      headers: bare,
    });
    assert.equal(tossed.headers.get("location"), "../app/?sign-in=expired");
  },
);

test(
  "[H74] without a provider nothing of it is there; while it does not answer, people are told so",
  ONCE,
  async () => {
    await using plain = await startServer({ backend: "sqlite", builtIn: true });
    assert.equal((await fetch(`${plain.url}/sign-in/start`)).status, 404);
    const { cookie } = await signedIn();
    const row = await server.store.findBrowserSession(hashOfSession(cookie.slice(9)));
    assert.ok(row);
    for (const issuer of [row.issuer, null]) {
      const secret = `cs_${randomUUID().padEnd(43, "x")}`;
      const of = { id: randomUUID(), hash: hashOfSession(secret), issuer };
      await plain.store.createBrowserSession({ ...row, ...of });
      const refused = await send(plain, "GET", ACCOUNT, undefined, {
        cookie: `colloquy=${secret}`,
      });
      assert.equal(refused.status, 401, "a session of a provider that there is no more");
    }
    provider.fail(true);
    await using late = await startServer({ backend: "sqlite", environment: provider.environment });
    const { ended } = await walk(late.url);
    assert.equal(ended.headers.get("location"), "../app/?sign-in=unavailable");
    provider.fail(false);
  },
);

test("what signing in needs is said at the start", ONCE, () => {
  const mistakes = (environment: Record<string, string>): string => {
    try {
      readConfig(environment);
      return "";
    } catch (error) {
      return (error as Error).message;
    }
  };
  const good = { AUTH_JWT_ISSUER: "https://a.example", SIGN_IN_CLIENT_ID: CLIENT_ID };
  assert.equal(mistakes(good), "");
  assert.match(mistakes({ SIGN_IN_CLIENT_ID: "x" }), /AUTH_JWT_ISSUER is needed/);
  assert.match(mistakes({ ...good, PUBLIC_URL: "http://chat.example" }), /PUBLIC_URL must begin/);
  assert.match(mistakes({ ...good, AUTH_OPERATOR_CLAIM: "groups" }), /AUTH_OPERATOR_CLAIM must be/);
  assert.match(mistakes({ ...good, SIGN_IN_HOURS: "0" }), /SIGN_IN_HOURS/);
  assert.deepEqual(readConfig({ ...good, SIGN_IN_SCOPES: "profile, groups" }).signIn?.button, {
    name: "OpenID Connect",
    clientId: CLIENT_ID,
    clientSecret: null,
    scopes: ["openid", "profile", "groups"],
    sessionMs: 86_400_000,
  });
});
