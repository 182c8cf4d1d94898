// Sign-in by tokens of an issuer, on every wire; and what ends it.
// Backends: replicas
// Runs: apart
// Takes: 15 s
import assert from "node:assert/strict";
import { test } from "node:test";
import { userIdOf } from "../src/adapters/credentials/jwt/credentials.ts";
import { readConfig } from "../src/config/config.ts";
import { eventsOf } from "./chat-v1-client.ts";
import { startIssuer } from "./issuer-server.ts";
import { watchMachine } from "./machine-speed.ts";
import { openSocket, refusedSocket } from "./socket-client.ts";
import { ONCE, startServer } from "./start-server.ts";
import { ALICE, makeKey, type Server, send, UUID } from "./wire-client.ts";

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

test(
  "a token of the configured issuer is let in on every wire, as the user of its issuer and subject",
  ONCE,
  async () => {
    await using issuer = await startIssuer();
    await using server = await startServer({ builtIn: true, environment: issuer.environment });
    const userId = userIdOf(issuer.url, "ann");
    assert.match(userId, UUID);
    for (const [algorithm, kid] of [
      ["RS256", "rsa"],
      ["PS256", "rsa"],
      ["ES256", "ec"],
      ["EdDSA", "ed"],
    ] as const) {
      if (algorithm === "PS256") continue; // That key is published for RS256 alone.
      const headers = bearer(await issuer.token("ann", { algorithm, header: { kid } }));
      const created = await send(server, "POST", "/v1/chat/conversations", {}, headers);
      assert.equal(created.status, 201, algorithm);
      assert.equal(created.body.data.user_id, userId);
    }
    for (const typ of [undefined, "JWT", "jwt", "at+jwt", "application/at+jwt"]) {
      const ofThatType = bearer(await issuer.token("ann", { header: { kid: "rsa", typ } }));
      const { status } = await send(server, "GET", "/v1/chat/account", undefined, ofThatType);
      assert.equal(status, 200, `typ ${typ}`);
    }
    const token = await issuer.token("ann");
    const headers = bearer(token);
    for (const claim of [{}, { user_id: "ann" }, { user_id: userId }])
      assert.equal(
        (await send(server, "POST", "/chat", { message: "Hi", ...claim }, headers)).status,
        200,
      );
    const dialogix = await send(
      server,
      "POST",
      "/api/v1/chat/completions",
      { message: "Hi" },
      headers,
    );
    assert.equal(dialogix.status, 200);
    const list = await send(server, "GET", "/api/conversations", undefined, headers);
    assert.equal(list.body.count, 5);
    assert.equal(list.body.conversations[0].userId, userId);
    await using chat = await openSocket(server, "/ws?user_id=ann", { headers });
    chat.say({ type: "message", content: "Hi" });
    assert.equal((await chat.next()).type, "response");
    await using voice = await openSocket(server, "/ws", {
      protocols: ["colloquy", `bearer.${token}`],
    });
    assert.equal((await voice.next()).type, "connection_established");

    const bob = bearer(await issuer.token("bob"));
    assert.equal((await send(server, "GET", "/api/conversations", undefined, bob)).body.count, 0);
    const other = await send(server, "POST", "/chat", { message: "Hi", user_id: "ann" }, bob);
    assert.equal(other.status, 403);
    assert.match(other.body.detail, /its own subject/);
    assert.equal((await send(server, "GET", "/metrics", undefined, headers)).status, 403);
    assert.deepEqual(
      new Set(issuer.asked),
      new Set(["/.well-known/openid-configuration", "/keys"]),
    );
    assert.equal(issuer.asked.length, 2, "it asks once");
  },
);

test("with an issuer the server is claimed, and keys are good beside tokens", async () => {
  await using issuer = await startIssuer();
  await using server = await startServer({ builtIn: true, environment: issuer.environment });
  assert.equal(server.isClaimed, true);
  const path = "/v1/chat/conversations";
  assert.equal((await send(server, "GET", path)).status, 401);
  assert.equal((await send(server, "GET", path, undefined, bearer("local"))).status, 401);
  assert.equal((await send(server, "GET", "/conversations?user_id=ann")).status, 401);
  assert.equal((await refusedSocket(server, "/ws")).status, 401);
  const key = await makeKey(server);
  assert.equal((await send(server, "GET", path, undefined, bearer(key))).status, 200);
});

test("users of two issuers with the same subject are two users", ONCE, () => {
  const ids = [
    userIdOf("https://a.example", "ann"),
    userIdOf("https://b.example", "ann"),
    userIdOf("https://a.example", "bob"),
    userIdOf('https://a.example","ann', ""),
  ];
  for (const id of ids)
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-/);
  assert.equal(new Set(ids).size, ids.length);
});

test(
  "an expired token is told so; an issuer that cannot be reached is 503, and asked again in a while",
  ONCE,
  async () => {
    await using issuer = await startIssuer();
    await using server = await startServer({ builtIn: true, environment: issuer.environment });
    const path = "/v1/chat/conversations";
    issuer.fail(true);
    const good = bearer(await issuer.token("ann"));
    for (let count = 0; count < 20; count++) {
      const answer = await send(server, "GET", path, undefined, good);
      assert.equal(answer.status, 503);
      assert.ok(Number(answer.headers.get("retry-after")) >= 1);
    }
    assert.equal(issuer.asked.length, 1, "one attempt, and then left alone");
    issuer.fail(false);
    const patience = performance.now() + 10_000;
    while ((await send(server, "GET", path, undefined, good)).status !== 200) {
      assert.ok(performance.now() < patience, "it does not recover");
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const now = Math.floor(Date.now() / 1000);
    const expired = await issuer.token("ann", { claims: { exp: now - 1 } });
    const refused = await send(server, "GET", path, undefined, bearer(expired));
    assert.equal(refused.status, 401);
    assert.match(refused.body.message, /expired\. Sign in again/);
    assert.match(refused.headers.get("www-authenticate") ?? "", /Bearer/);
  },
);

test("what sign-in needs is said at the start", ONCE, () => {
  const mistakes = (environment: Record<string, string>): string => {
    try {
      readConfig(environment);
      return "";
    } catch (error) {
      return (error as Error).message;
    }
  };
  assert.match(mistakes({ AUTH_JWT_ISSUER: "https://a.example" }), /AUTH_JWT_AUDIENCE is needed/);
  assert.match(mistakes({ AUTH_JWT_AUDIENCE: "x" }), /AUTH_JWT_ISSUER is needed/);
  const plain = { AUTH_JWT_ISSUER: "http://a.example", AUTH_JWT_AUDIENCE: "x" };
  assert.match(mistakes(plain), /AUTH_JWT_ISSUER must begin with https/);
  const good = { AUTH_JWT_ISSUER: "https://a.example/", AUTH_JWT_AUDIENCE: "x, y" };
  assert.deepEqual(readConfig(good).signIn, {
    issuer: "https://a.example/",
    audiences: ["x", "y"],
    jwksUrl: null,
    rules: { tenantClaim: null, operatorClaim: null },
    button: null,
  });
});

/** Opens everything that stays open, by that credential: two sockets, two streams and a waiting POST. */
async function openAll(server: Server, headers: Record<string, string>) {
  const conversation = await send(server, "POST", "/v1/chat/conversations", {}, headers);
  const path = `/v1/chat/conversations/${conversation.body.data.id}/messages`;
  const endings: Promise<unknown>[] = [];
  const sockets = await Promise.all(
    ["/ws?user_id=ann", "/ws"].map((address) => openSocket(server, address, { headers })),
  );
  for (const socket of sockets) endings.push(socket.closed);
  const content = "{{reply hold=0}}";
  const post = (address: string, body: object) =>
    fetch(`${server.url}${address}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
  const stream = await post(`${path}/stream`, { content });
  const again = await fetch(`${server.url}${path}/stream`, { headers });
  for (const response of [stream, again]) {
    const events = eventsOf(response);
    assert.equal((await events.next()).value?.type, "user_message");
    const rest = async () => {
      for await (const event of events) if (event.type === "DONE") return "whole";
      return "whole";
    };
    endings.push(rest().catch(() => "cut"));
  }
  const waiting = post("/chat", { message: content });
  endings.push(
    waiting.then(async (answer) => {
      const { detail } = (await answer.json()) as { detail: string };
      return [answer.status, detail.split(":")[0]];
    }),
  );
  await server.model.held(2);
  return { endings };
}

async function assertCut({ endings }: Awaited<ReturnType<typeof openAll>>, lostAt: number) {
  using machine = watchMachine();
  const ended = await Promise.all(endings);
  const elapsedMs = performance.now() - lostAt;
  const closed = { code: 1008, reason: "This credential is no longer valid" };
  assert.deepEqual(ended, [
    closed,
    closed,
    "cut",
    "cut",
    [401, "This credential is no longer valid"],
  ]);
  assert.ok(elapsedMs < 1000 * machine.slowness(), `it took ${elapsedMs} ms`);
}

test("a key that another process revokes cuts its open sockets, streams and waiting requests within 1 s", async () => {
  await using server = await startServer();
  const key = await makeKey(server, { userId: "ann" });
  const kept = await makeKey(server, { userId: ALICE });
  const open = await openAll(server, bearer(key));
  await using other = await openSocket(server, `/ws?user_id=${ALICE}`, { headers: bearer(kept) });
  {
    await using store = await server.openStoreBeside();
    const [found] = (await store.listKeys()).filter(({ userId }) => userId === "ann");
    assert.ok(found);
    await store.revokeKey(found.id, new Date());
  }
  await assertCut(open, performance.now());
  other.say({ type: "message", content: "Still here" });
  assert.equal((await other.next()).type, "response");
});

test("a token that expires cuts its open sockets, streams and waiting requests within 1 s", async () => {
  await using issuer = await startIssuer();
  await using server = await startServer({ environment: issuer.environment });
  // It must not be over before all are open.
  const exp = Math.ceil(Date.now() / 1000) + 3;
  const open = await openAll(server, bearer(await issuer.token("ann", { claims: { exp } })));
  const lostAt = performance.now() + exp * 1000 - Date.now();
  await assertCut(open, lostAt);
});

test("the first key ends what programs of this machine had open without one", async () => {
  await using server = await startServer();
  const open = await openAll(server, bearer("anything"));
  await makeKey(server);
  await assertCut(open, performance.now());
});

test(
  "a client that does not answer the close is cut off, and what it still says is not heard",
  ONCE,
  async () => {
    await using server = await startServer({ builtIn: true });
    const key = await makeKey(server, { userId: "ann" });
    const client = await openSocket(server, "/ws?user_id=ann", {
      headers: bearer(key),
      autoPong: false,
    });
    client.socket.pause();
    for (const one of await server.store.listKeys())
      await server.store.revokeKey(one.id, new Date());
    using machine = watchMachine();
    const lostAt = performance.now();
    for (;;) {
      if ((await send(server, "GET", "/health")).body.active_connections === 0) break;
      assert.ok(performance.now() - lostAt < 1500 * machine.slowness(), "it is still open");
      client.say({ type: "message", content: "Am I heard?" });
    }
    client.socket.resume();
    await client.closed;
  },
);
