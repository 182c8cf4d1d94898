// Signing in by an invitation, without a key and without a provider: what its link is good for, and what ends it.
// Backends: replicas
import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { deriveSession, hashOfSession } from "../src/adapters/credentials/sessions/credentials.ts";
import { eventually } from "./cli-runner.ts";
import { sessionOf } from "./provider-server.ts";
import { exchange } from "./raw-socket.ts";
import { inTime, openSocket } from "./socket-client.ts";
import { ONCE, startServer } from "./start-server.ts";
import { makeKey, type Server, send, UUID } from "./wire-client.ts";

const INVITATIONS = "/v1/chat/invitations";
const ACCOUNT = "/v1/chat/account";
const LOOK = "/sign-in/invitation";
const ACCEPT = "/sign-in/invitation/accept";

let server: Server;
let operator: { readonly authorization: string };
before(async () => {
  server = await startServer();
  operator = { authorization: `Bearer ${await makeKey(server, { isOperator: true })}` };
});
after(() => server[Symbol.asyncDispose]());

async function invite(fields: object = {}) {
  const made = await send(server, "POST", INVITATIONS, fields, operator);
  assert.equal(made.status, 201, made.text);
  return made.body.data;
}

/** As the page of that server sends it. */
const own = (url = server.url) => ({ origin: url });
const look = (secret: string) => send(server, "POST", LOOK, { secret }, own());
const accept = (secret: string, url = server.url, attempt?: string) =>
  fetch(`${url}${ACCEPT}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...own(url) },
    body: JSON.stringify({ secret, attempt }),
  });
const anAttempt = () => randomBytes(32).toString("base64url");

/** What the browser of somebody sends who has accepted an invitation of those fields. */
async function signedIn(fields: object = {}) {
  const invitation = await invite(fields);
  const cookie = sessionOf(await accept(invitation.secret));
  assert.notEqual(cookie, "");
  return { invitation, headers: { cookie }, own: { cookie, ...own() } };
}

const statusOf = async (path: string, headers: Record<string, string>): Promise<number> =>
  (await send(server, "GET", path, undefined, headers)).status;
const actionsAbout = async (id: string) =>
  (await server.store.listAuditEvents({ limit: 200 })).filter((event) => event.about === id);

test("[H75] operators make invitations, list and revoke them; the secret is shown once and is nowhere in the store", async () => {
  const made = await invite({ name: "Bob", invited_by: "Ann", user_id: "bob", models: ["a/*"] });
  assert.match(made.secret, /^ci_[\w-]{43}$/);
  assert.match(made.id, UUID);
  const days = (Date.parse(made.expires_at) - Date.parse(made.created_at)) / 86_400_000;
  assert.equal(days, 7);
  const { secret, ...shown } = made;
  assert.deepEqual(
    { ...shown, id: "", created_at: "", expires_at: "" },
    {
      ...{ id: "", name: "Bob", invited_by: "Ann", user_id: "bob", tenant_id: "local" },
      ...{ is_operator: false, models: ["a/*"], session_days: 90 },
      ...{ created_at: "", expires_at: "", accepted_at: null },
    },
  );
  const other = await invite();
  assert.match(other.user_id, UUID);
  assert.notEqual(other.user_id, "00000000-0000-4000-8000-000000000001");
  const listed = await send(server, "GET", INVITATIONS, undefined, operator);
  assert.deepEqual(
    listed.body.data.slice(0, 2),
    [{ ...other, secret: undefined }, shown].map((it) => JSON.parse(JSON.stringify(it))),
  );
  assert.ok(!listed.text.includes(secret));
  const stored = (await server.store.listInvitations(new Date())).find(({ id }) => id === made.id);
  assert.match(stored?.hash ?? "", /^[0-9a-f]{64}$/);
  assert.ok(!JSON.stringify(stored).includes(secret));

  assert.equal(
    (await send(server, "DELETE", `${INVITATIONS}/${made.id}`, undefined, operator)).status,
    200,
  );
  assert.equal(
    (await send(server, "DELETE", `${INVITATIONS}/${made.id}`, undefined, operator)).status,
    404,
  );
  const actions = (await actionsAbout(made.id)).map(({ action }) => action);
  assert.deepEqual(actions, ["invitation_revoked", "invitation_created"]);
});

test(
  "[H75] what an invitation cannot be is 400, and nobody but operators makes, sees or ends one",
  ONCE,
  async () => {
    for (const fields of [
      { expires_in_days: 0 },
      { expires_in_days: 91 },
      { expires_in_days: 1.5 },
      { session_days: 366 },
      { user_id: "a\nb" },
      { name: "x".repeat(257) },
      { models: [] },
      { tenant_id: " " },
    ]) {
      const refused = await send(server, "POST", INVITATIONS, fields, operator);
      assert.equal(refused.status, 400, JSON.stringify(fields));
    }
    const { id } = await invite();
    const user = { authorization: `Bearer ${await makeKey(server)}` };
    const guest = await signedIn();
    for (const headers of [user, guest.own])
      for (const [method, path, body] of [
        ["POST", INVITATIONS, {}],
        ["GET", INVITATIONS],
        ["DELETE", `${INVITATIONS}/${id}`],
        ["DELETE", `${INVITATIONS}/${randomUUID()}`],
      ] as const)
        assert.equal(
          (await send(server, method, path, body, headers)).status,
          403,
          `${method} ${path}`,
        );
    assert.equal((await send(server, "GET", INVITATIONS)).status, 401);
  },
);

test("[X8] an invitation that is asked for twice with one Idempotency-Key is made once", async () => {
  const headers = { ...operator, "idempotency-key": randomUUID() };
  const name = `Once ${randomUUID()}`;
  assert.equal((await send(server, "POST", INVITATIONS, { name }, headers)).status, 201);
  const again = await send(server, "POST", INVITATIONS, { name }, headers);
  assert.equal(again.status, 409);
  assert.match(again.body.message, /shown only once/);
  const listed = await send(server, "GET", INVITATIONS, undefined, operator);
  assert.equal(listed.body.data.filter((it: { name: string }) => it.name === name).length, 1);
});

test("[H76] whoever looks at a link uses nothing up; it is accepted once, also where many press the button at one moment", async () => {
  const { secret, id, user_id } = await invite({ invited_by: "Ann", session_days: 3 });
  for (let times = 0; times < 3; times++) {
    const { status, body, headers } = await look(secret);
    assert.equal(status, 200);
    assert.equal(headers.get("set-cookie"), null);
    assert.deepEqual(
      { ...body, expires_at: "" },
      { invited_by: "Ann", is_operator: false, session_days: 3, expires_at: "" },
    );
  }
  // Whatever follows the link in a message, and whatever a browser or a proxy may fetch ahead.
  for (const path of ["/app/invitation", LOOK, ACCEPT, `${ACCEPT}?secret=${secret}`])
    for (const method of ["GET", "HEAD"]) {
      const { headers } = await send(server, method, path, undefined, own());
      assert.equal(headers.get("set-cookie"), null, `${method} ${path}`);
    }
  const urls = [server.url, ...server.replicaUrls];
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, index) => accept(secret, urls[index % urls.length])),
  );
  const statuses = answers.map(({ status }) => status).sort();
  assert.deepEqual(statuses, [204, ...Array.from({ length: 7 }, () => 404)]);
  const [winner = ""] = answers.map(sessionOf).filter(Boolean);
  const account = await send(server, "GET", ACCOUNT, undefined, { cookie: winner });
  assert.equal(account.body.data.user_id, user_id);
  const accepted = (await actionsAbout(id)).filter(
    ({ action }) => action === "invitation_accepted",
  );
  assert.equal(accepted.length, 1);
  assert.match(accepted[0]?.actor ?? "", /^session /);
  assert.match(accepted[0]?.address ?? "", /127\.0\.0\.1/);
});

test("[H76] whoever got no answer asks again with the same attempt and gets the same session, on every replica; nobody else gets it", async () => {
  const invitation = await invite();
  const { secret, id } = invitation;
  const attempt = anAttempt();
  const urls = [server.url, ...server.replicaUrls];
  const answers = await Promise.all(
    Array.from({ length: 6 }, (_, index) => accept(secret, urls[index % urls.length], attempt)),
  );
  answers.push(await accept(secret, urls.at(-1), attempt));
  assert.deepEqual(
    answers.map(({ status }) => status),
    answers.map(() => 204),
  );
  const [cookie = "", ...others] = new Set(answers.map(sessionOf));
  assert.deepEqual(others, []);
  const account = await send(server, "GET", ACCOUNT, undefined, { cookie });
  assert.equal(account.body.data.user_id, invitation.user_id);
  const actions = async () => (await actionsAbout(id)).map(({ action }) => action);
  assert.deepEqual(await actions(), ["invitation_accepted", "invitation_created"]);

  for (const other of [undefined, anAttempt(), attempt.toLowerCase()]) {
    const refused = await accept(secret, server.url, other);
    assert.deepEqual([refused.status, sessionOf(refused)], [404, ""], other);
  }
  assert.equal((await accept((await invite()).secret, server.url, "short")).status, 400);
  const elsewhere = await accept((await invite()).secret, server.url, attempt);
  assert.notEqual(sessionOf(elsewhere), cookie, "another invitation is another session");

  // Whoever has signed out is not signed in again by a repeat, and neither is whoever was signed out.
  await send(server, "POST", "/sign-in/end", undefined, { cookie, ...own() });
  assert.equal((await accept(secret, server.url, attempt)).status, 404);
  const revoked = await invite();
  await accept(revoked.secret, server.url, attempt);
  await send(server, "DELETE", `${INVITATIONS}/${revoked.id}`, undefined, operator);
  assert.equal((await accept(revoked.secret, server.url, attempt)).status, 404);
});

test("[H76] an attempt can be repeated for ten minutes, and its session cannot be computed from it alone", async () => {
  const attempt = anAttempt();
  // The server makes its key for the first of all attempts.
  await accept((await invite()).secret, server.url, anAttempt());
  const key = await server.store.keepSecret("invitations", "none yet");
  for (const [minutes, status] of [
    [9, 204],
    [11, 404],
  ] as const) {
    const invitation = await invite();
    const [stored] = await server.store.listInvitations(new Date());
    assert.ok(stored);
    assert.equal(stored.id, invitation.id);
    const { tenantId, userId, isOperator, models, hash } = stored;
    const createdAt = new Date(Date.now() - minutes * 60_000);
    const derived = deriveSession(key, [invitation.secret, attempt]);
    const session = {
      ...{ id: randomUUID(), hash: derived.hash, tenantId, userId, isOperator, models },
      ...{ issuer: null, subject: null, providerSession: null, invitationId: stored.id },
      ...{ createdAt, expiresAt: new Date(Date.now() + 86_400_000) },
    };
    assert.equal(await server.store.acceptInvitation(hash, session, ""), true);
    const again = await accept(invitation.secret, server.url, attempt);
    assert.equal(again.status, status, `after ${minutes} minutes`);
    assert.equal(sessionOf(again), status === 204 ? `colloquy=${derived.secret}` : "");
  }
  assert.match(key, /^[\w-]{43}$/);
  const open = await invite();
  const withoutKey = deriveSession("", [open.secret, attempt]).secret;
  assert.notEqual(
    sessionOf(await accept(open.secret, server.url, attempt)),
    `colloquy=${withoutKey}`,
  );
});

test("[H76] a link that was used, has expired, was revoked or never was one is answered alike, to the byte", async () => {
  const used = await invite();
  await accept(used.secret);
  const revoked = await invite();
  await send(server, "DELETE", `${INVITATIONS}/${revoked.id}`, undefined, operator);
  const expired = await invite();
  const [stored] = (await server.store.listInvitations(new Date())).filter(
    ({ id }) => id === expired.id,
  );
  assert.ok(stored);
  const past = new Date(Date.now() - 1000);
  const late = `ci_${randomUUID()}`;
  await server.store.createInvitation(
    { ...stored, id: randomUUID(), hash: hashOfSession(late), createdAt: past, expiresAt: past },
    "test",
  );
  const seen = new Set<string>();
  for (const secret of [used.secret, revoked.secret, late, `ci_${"x".repeat(43)}`, "", used.id])
    for (const path of [LOOK, ACCEPT]) {
      const answer = await send(server, "POST", path, { secret }, own());
      assert.equal(answer.status, 404, `${path} ${secret}`);
      assert.equal(answer.headers.get("set-cookie"), null);
      seen.add(answer.text);
    }
  assert.equal(seen.size, 1, [...seen].join());
});

test("[H77] the session has the user, tenant, role and models of the invitation, on every wire and replica, and lasts as it says", async () => {
  const invitation = await invite({
    ...{ user_id: "carol", tenant_id: "kestrel", is_operator: true, session_days: 2 },
    models: ["nothing/*"],
  });
  const answer = await accept(invitation.secret);
  assert.match(
    answer.headers.get("set-cookie") ?? "",
    /^colloquy=cs_[\w-]{43}; Path=\/; Max-Age=1727\d\d; HttpOnly; SameSite=Lax$/,
  );
  const headers = { cookie: sessionOf(answer) };
  for (const url of [server.url, ...server.replicaUrls]) {
    const { body } = await send({ url }, "GET", ACCOUNT, undefined, headers);
    const { user_id, tenant_id, is_operator } = body.data;
    assert.deepEqual([user_id, tenant_id, is_operator], ["carol", "kestrel", true]);
  }
  assert.equal(await statusOf("/v1/chat/keys", headers), 200);
  const body = { content: "Hello" };
  const path = "/v1/chat/conversations/stream";
  const refused = await send(server, "POST", path, body, { ...headers, ...own() });
  assert.equal(refused.body.error?.code, "MODEL_REFUSED", refused.text);
  assert.equal(await statusOf("/conversations?user_id=mallory", headers), 403);
  const hash = hashOfSession(headers.cookie.slice("colloquy=".length));
  const row = await server.store.findBrowserSession(hash);
  assert.deepEqual([row?.subject, row?.issuer, row?.invitationId], [null, null, invitation.id]);
  // What a provider ends, and another provider in its place, is no matter of theirs.
  for (const which of [{ notOfIssuer: "https://id.example" }, { subject: "" }])
    assert.equal(await server.store.endBrowserSessions(which, new Date()), 0);
});

test("[H77] signing out ends the session; revoking the invitation signs its person out, and closes what is open", async () => {
  const ann = await signedIn();
  assert.equal((await send(server, "POST", "/sign-in/end", undefined, ann.headers)).status, 403);
  const ended = await send(server, "POST", "/sign-in/end", undefined, ann.own);
  assert.equal(ended.status, 204);
  assert.match(ended.headers.get("set-cookie") ?? "", /^colloquy=; .*Max-Age=0/);
  await eventually(async () => (await statusOf(ACCOUNT, ann.headers)) === 401);

  const [bob, carol] = [await signedIn(), await signedIn()];
  const ofSocket = { ...bob.headers, origin: `http://127.0.0.1:${server.port}` };
  await using socket = await openSocket(server, "/ws", { headers: ofSocket });
  await inTime(socket.next(), "the greeting");
  const path = `${INVITATIONS}/${bob.invitation.id}`;
  assert.equal((await send(server, "DELETE", path, undefined, operator)).status, 200);
  assert.equal((await inTime(socket.closed, "the end of the socket")).code, 1008);
  await eventually(async () => (await statusOf(ACCOUNT, bob.headers)) === 401);
  assert.equal(await statusOf(ACCOUNT, carol.headers), 200);
  assert.equal((await send(server, "DELETE", path, undefined, operator)).status, 404);
  const listed = await send(server, "GET", INVITATIONS, undefined, operator);
  const ids = listed.body.data.map((it: { id: string }) => it.id);
  assert.deepEqual(
    [bob, carol].map(({ invitation }) => ids.includes(invitation.id)),
    [false, true],
  );
});

test(
  "[H78] only the page of this server takes an invitation, and a refusal uses nothing up",
  ONCE,
  async () => {
    const { secret } = await invite();
    for (const headers of [
      {},
      { origin: "https://evil.example" },
      { origin: "null" },
      { origin: `${server.url}.evil.example` },
      { "sec-fetch-site": "same-origin" },
    ])
      for (const path of [LOOK, ACCEPT]) {
        const { status } = await send(server, "POST", path, { secret }, headers);
        assert.equal(status, 403, `${path} ${JSON.stringify(headers)}`);
      }
    // Where cookies are for https alone, a page without it would lose the session that it gets.
    const fromElsewhere = (path: string, origin: string) => {
      const body = JSON.stringify({ secret });
      const fields = [`Origin: ${origin}`, `Content-Length: ${body.length}`, "Connection: close"];
      const head = ["Host: chat.example.com", "Content-Type: application/json", ...fields].join(
        "\r\n",
      );
      return exchange(server.port, `POST ${path} HTTP/1.1\r\n${head}\r\n\r\n${body}`);
    };
    assert.match(await fromElsewhere(ACCEPT, "http://chat.example.com"), /^HTTP\/1.1 403 /);
    assert.match(await fromElsewhere(LOOK, "https://chat.example.com"), /^HTTP\/1.1 200 /);
    const accepted = await fromElsewhere(ACCEPT, "https://chat.example.com");
    assert.match(accepted, /^HTTP\/1.1 204 /);
    assert.match(accepted, /__Host-colloquy=cs_[^;]+; Path=\/; .*HttpOnly; SameSite=Lax; Secure/);
  },
);

test("[H78] invitations are counted by the address of whoever opens them", ONCE, async () => {
  await using limited = await startServer({ environment: { RATE_LIMITS: "sign-in=3/m" } });
  const statuses: number[] = [];
  for (let times = 0; times < 5; times++) {
    const body = { secret: "ci_unknown" };
    const path = times % 2 ? ACCEPT : LOOK;
    statuses.push((await send(limited, "POST", path, body, own(limited.url))).status);
  }
  assert.deepEqual(statuses, [404, 404, 404, 429, 429]);
});

test(
  "[H79] where anybody is served, nobody speaks for somebody who was invited, also when the invitation is over",
  ONCE,
  async () => {
    await using open = await startServer({ environment: { AUTH_ANONYMOUS: "open" } });
    const key = { authorization: `Bearer ${await makeKey(open, { isOperator: true })}` };
    const path = "/conversations?user_id=";
    assert.equal((await send(open, "GET", `${path}dora`)).status, 200);
    const made = await send(open, "POST", INVITATIONS, { user_id: "dora" }, key);
    await eventually(async () => (await send(open, "GET", `${path}dora`)).status === 401);
    await accept(made.body.data.secret, open.url);
    await send(open, "DELETE", `${INVITATIONS}/${made.body.data.id}`, undefined, key);
    assert.deepEqual(await open.store.listInvitations(new Date()), []);
    assert.deepEqual(await open.store.invitedUsers(), [{ tenantId: "local", userId: "dora" }]);
    assert.equal((await send(open, "GET", `${path}dora`)).status, 401);
    assert.equal((await send(open, "GET", `${path}ed`)).status, 200);
  },
);
