// Who is let in, before and after the first key.
// Backends: replicas
import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import { hashOfKey } from "../src/adapters/credentials/keys/credentials.ts";
import type { ApiKey } from "../src/domain/key.ts";
import { DEFAULT_USER } from "../src/domain/principal.ts";
import { eventually } from "./cli-runner.ts";
import { watchMachine } from "./machine-speed.ts";
import { ONCE, startServer } from "./start-server.ts";

type Server = Awaited<ReturnType<typeof startServer>>;

/** Unlike fetch, this sends exactly the headers it is given, `Host` and `Origin` included. */
function get(
  server: Server,
  path: string,
  headers: Record<string, string>,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        port: server.port,
        host: "127.0.0.1",
        path,
        headers,
        setHost: headers.host === undefined,
      },
      async (response) => {
        resolve({
          status: response.statusCode ?? 0,
          body: (await response.setEncoding("utf8").toArray()).join(""),
        });
      },
    );
    outgoing.on("error", reject);
    outgoing.end();
  });
}

let made = 0;
async function makeKey(server: Server, fields: Partial<ApiKey> = {}): Promise<string> {
  const key = `ck_test${made++}`;
  await server.store.createKey({
    id: `key-${made}`,
    prefix: key.slice(0, 8),
    hash: hashOfKey(key),
    name: "test",
    tenantId: "local",
    userId: DEFAULT_USER,
    actAs: false,
    isOperator: false,
    models: null,
    createdAt: new Date(),
    revokedAt: null,
    ...fields,
  });
  return key;
}

const PATH = "/v1/chat/conversations";
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

test("an unclaimed server serves programs of its own machine, and tells all others how to make a key", async () => {
  await using server = await startServer({ builtIn: true });
  const welcome = [
    {},
    { host: `localhost:${server.port}` },
    { host: "127.0.0.1" },
    { host: "[::1]:8000" },
    { origin: "http://localhost:5000" },
    { host: "localhost:1", origin: "http://localhost:1" },
    { origin: "http://localhost:5001" },
    { origin: "http://127.0.0.1:3000" },
    { origin: "http://[::1]:3000" },
    { origin: "https://localhost:5173" },
  ];
  for (const headers of welcome)
    assert.equal(
      (await get(server, PATH, { ...bearer("x"), ...headers })).status,
      200,
      JSON.stringify(headers),
    );
  const foreign: Record<string, string>[] = [
    { origin: "http://evil.example" },
    { origin: "null" },
    { origin: "https://localhost:5000.evil.example" },
    { origin: "http://localhost.evil.example" },
    { origin: "http://127.0.0.1.evil.example:3000" },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
  ];
  for (const headers of foreign) {
    const answer = await get(server, PATH, { ...bearer("x"), ...headers });
    assert.equal(answer.status, 403, JSON.stringify(headers));
    assert.ok(answer.body.includes(headers.origin ?? "another site"), "it names the origin");
    assert.match(answer.body, /CORS_ORIGINS/);
  }
  const refused: Record<string, string>[] = [
    { host: "evil.example" },
    { host: "localhost.evil.example" },
    { host: "127.0.0.1.evil.example:8000" },
    { host: "192.168.1.5:8000" },
    { host: "" },
    { host: "evil.example", origin: "http://evil.example" },
    ...[
      "forwarded",
      "via",
      "x-forwarded-for",
      "x-forwarded-host",
      "x-forwarded-proto",
      "x-real-ip",
      "cf-connecting-ip",
    ].map((name) => ({ [name]: "127.0.0.1" })),
  ];
  for (const headers of refused) {
    const answer = await get(server, PATH, { ...bearer("x"), ...headers });
    assert.equal(answer.status, 403, JSON.stringify(headers));
    assert.match(answer.body, /\.\/colloquy keys create/);
  }
});

test("with the first key the server is claimed: a credential everywhere; what was said before stays the same user's", async () => {
  await using server = await startServer({ builtIn: true });
  const created = await fetch(`${server.url}${PATH}`, {
    method: "POST",
    headers: { ...bearer("anything"), "content-type": "application/json" },
    body: '{"title":"Before"}',
  });
  assert.equal(created.status, 201);
  const key = await makeKey(server);
  // Answers about keys may be a second old.
  await eventually(async () => (await get(server, PATH, bearer("anything"))).status === 401);
  assert.equal((await get(server, PATH, {})).status, 401);
  assert.equal((await get(server, PATH, bearer("ck_wrong"))).status, 401);
  const mine = await get(server, PATH, {
    ...bearer(key),
    host: "chat.example",
    "x-forwarded-for": "203.0.113.9",
    origin: "https://elsewhere.example",
  });
  assert.equal(mine.status, 200);
  assert.match(mine.body, /"title":"Before"/);
});

test("a user's key may claim only its user; a key with act_as any user of its tenant, and no other tenant's", async () => {
  await using server = await startServer({ builtIn: true });
  const ann = await makeKey(server, { userId: "ann" });
  const backend = await makeKey(server, { userId: "backend", actAs: true });
  const elsewhere = await makeKey(server, { userId: "backend", actAs: true, tenantId: "other" });
  const create = (key: string, user: string) =>
    fetch(`${server.url}${PATH}`, {
      method: "POST",
      headers: { ...bearer(key), "content-type": "application/json", "x-user-id": user },
      body: "{}",
    });
  assert.equal((await create(ann, "ann")).status, 201);
  const refused = await create(ann, "bob");
  assert.equal(refused.status, 403);
  assert.match(await refused.text(), /act-as/);
  assert.equal((await create(backend, "ann")).status, 201);
  assert.equal((await create(elsewhere, "ann")).status, 201);
  const count = async (key: string) =>
    JSON.parse((await get(server, PATH, { ...bearer(key), "x-user-id": "ann" })).body).meta.total;
  assert.equal(await count(ann), 2);
  assert.equal(await count(elsewhere), 1);
});

test("a revoked key is refused within a second or so", async () => {
  await using server = await startServer({ builtIn: true });
  const key = await makeKey(server);
  assert.equal((await get(server, PATH, bearer(key))).status, 200);
  for (const one of await server.store.listKeys()) await server.store.revokeKey(one.id, new Date());
  using machine = watchMachine();
  const revokedAt = performance.now();
  await eventually(async () => (await get(server, PATH, bearer(key))).status === 401);
  assert.ok(performance.now() - revokedAt < 1500 * machine.slowness(), "still let in");
  assert.equal(await server.store.isClaimed(), true, "claimed for ever, even with no key left");
});

test("AUTH_ANONYMOUS=loopback lets programs of this machine in after the first key as well, and no one else", async () => {
  await using server = await startServer({
    builtIn: true,
    environment: { AUTH_ANONYMOUS: "loopback" },
  });
  await makeKey(server);
  const list = "/conversations?user_id=ann";
  assert.equal((await get(server, list, {})).status, 200);
  assert.equal((await get(server, list, { origin: "http://localhost:3000" })).status, 200);
  assert.equal((await get(server, list, { "x-forwarded-for": "127.0.0.1" })).status, 401);
  assert.equal((await get(server, list, { host: "chat.example" })).status, 401);
});

test("figures are for operators", ONCE, async () => {
  await using server = await startServer({ builtIn: true });
  const user = await makeKey(server);
  const operator = await makeKey(server, { isOperator: true });
  assert.equal((await get(server, "/metrics", bearer(user))).status, 403);
  assert.equal((await get(server, "/metrics", bearer(operator))).status, 200);
  assert.equal((await get(server, "/metrics", {})).status, 401);
});
