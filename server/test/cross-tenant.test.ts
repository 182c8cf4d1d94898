// Every door of every wire, tried by everybody who may not go through it.
// Takes: 20 s
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import type { ApiKey } from "../src/domain/key.ts";
import type { Owner } from "../src/domain/principal.ts";
import { type Belongings, type Probe, probesOf, withoutIds } from "./cross-tenant-probes.ts";
import { upload } from "./file-samples.ts";
import { type Operation, operationsOf } from "./fuzz-requests.ts";
import { startIssuer } from "./issuer-server.ts";
import { openSocket, refusedSocket } from "./socket-client.ts";
import { startServer } from "./start-server.ts";
import { ALICE, BOB, makeKey, type Server, send } from "./wire-client.ts";

const MIN_PROBES = 2000;
const SECRET = "the secret that Alice told";
const TENANT = "tenant-of-alice";
/** Whoever comes is answered. */
const BY_LINK = "GET /v1/chat/shared/{shareToken}";
const PUBLIC = new Set([
  BY_LINK,
  "GET /health",
  "GET /health/stream",
  "GET /",
  "GET /api/v1/health",
]);
/** These ask for nobody's data, and say so only to operators. */
const OPERATORS = /^(?:GET \/metrics|\w+ \/v1\/chat\/(?:keys|invitations))/;
/** These are for pages of the server itself, whoever is in. */
const OF_OWN_PAGES = /^POST \/sign-in\//;
/** Paths without a description: documents, the page, and where sockets are opened. */
const UNDESCRIBED =
  /^(?:\/docs|\/openapi\.json|\/ws$|\/socket\.io$|\/app|\/(?:api\/v1\/)?models(?:$|\/)|\*)/;
/** On OpenAI's wires a user id in a header counts only from a key that may act for others, and is ignored from any other. */
const IGNORING_USERS =
  /^\w+ \/v1\/(?:audio|models|chat\/completions|responses|conversations|realtime|messages)(?:$|\/)/;
const WORKERS = 8;

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const isHers = ({ tenantId, userId }: Owner) => tenantId === TENANT && userId === ALICE;
const nameOf = ({ method, path }: Operation) => `${method} ${path}`;

async function startVictim() {
  await using opened = new AsyncDisposableStack();
  const issuer = opened.use(await startIssuer());
  const server = opened.use(
    await startServer({
      environment: { ...issuer.environment, LOG_LEVEL: "silent", SHARE_LINKS: "true" },
    }),
  );
  const aliceKey = await makeKey(server, { tenantId: TENANT, userId: ALICE });
  const alice = bearer(aliceKey);
  const first = await send(
    server,
    "POST",
    "/v1/chat/conversations/stream",
    { content: SECRET, title: SECRET },
    alice,
  );
  const conversation = /"conversationId":"([^"]+)"/.exec(first.text)?.[1] ?? "";
  const path = `/v1/chat/conversations/${conversation}/messages`;
  const messages = await send(server, "GET", path, undefined, alice);
  const agent = `agent-${randomUUID()}`;
  const made = { id: agent, name: "Hers", instructions: SECRET };
  await send(server, "POST", "/v1/chat/agents", made, alice);
  const alias = `session-${randomUUID()}`;
  const asked = { message: SECRET, conversation_id: alias };
  await send(server, "POST", "/api/v1/chat/completions", asked, alice);
  const uploaded = await upload(server.url, SECRET, { key: aliceKey, type: "text/plain" });
  const file: string = uploaded.body.data.id;
  const saved = { name: "Hers", text: SECRET };
  const folder = { name: "Hers", instructions: SECRET };
  const project = await send(server, "POST", "/v1/chat/projects", folder, alice);
  const remembered = { text: SECRET };
  const memory = await send(server, "POST", "/v1/chat/memories", remembered, alice);
  const prompt = await send(server, "POST", "/v1/chat/prompts", saved, alice);
  const shares = `/v1/chat/conversations/${conversation}/shares`;
  const shared = await send(server, "POST", shares, {}, alice);
  const [key] = await server.store.listKeys();
  const victim: Belongings = {
    conversation,
    message: messages.body.data[0].id,
    reply: messages.body.data[1].id,
    agent,
    alias,
    key: key?.id ?? "",
    file,
    share: shared.body.data.id,
    prompt: prompt.body.data.id,
    memory: memory.body.data.id,
    project: project.body.data.id,
  };
  const description = await (await fetch(`${server.url}/openapi.json`)).json();
  const operations = operationsOf(description as Parameters<typeof operationsOf>[0]);
  const resources = opened.move();
  return {
    server,
    issuer,
    victim,
    operations,
    async belongings(): Promise<string> {
      const records = await Array.fromAsync(server.store.exportRecords());
      return JSON.stringify(records.filter((it) => "owner" in it && isHers(it.owner)));
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

type Asked = { readonly status: number; readonly text: string };

async function ask(
  server: Server,
  { method, paths, bodies }: Probe,
  which: 0 | 1,
  headers: Record<string, string>,
): Promise<Asked> {
  const body = method === "GET" ? undefined : (bodies[which] ?? undefined);
  const { status, text } = await send(server, method, paths[which], body, headers);
  return { status, text };
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values();
  await Promise.all(
    Array.from({ length: WORKERS }, async () => {
      for (const item of rest) await work(item);
    }),
  );
}

test("every path that has a route is in the description, and so has its probes", async () => {
  await using server = await startServer({ builtIn: true });
  const description = (await (await fetch(`${server.url}/openapi.json`)).json()) as {
    paths: object;
  };
  const described = new Set(Object.keys(description.paths));
  const missing = [...server.paths]
    .map((path) => path.replace(/:(\w+)|(?<=.)(\*)/g, "{$1$2}").replace(/(?<=.)\/$/, ""))
    .filter((path) => !described.has(path) && !UNDESCRIBED.test(path));
  assert.deepEqual(missing, []);
  assert.ok(described.size > 20);
});

test(`[X9] at least ${MIN_PROBES} probes for what is somebody else's: all are refused, what is theirs answers as what is not, no model is asked about it`, {
  timeout: 10 * 60_000,
}, async (context) => {
  await using world = await startVictim();
  const { server, issuer, victim, operations } = world;
  const before = await world.belongings();
  assert.ok(before.includes(SECRET));
  const grouped = probesOf(operations, victim);
  const probes = grouped.flat();
  let count = 0;
  const faults: string[] = [];
  const fault = (what: string, { operation, kind }: Probe, { status, text }: Asked) =>
    faults.push(`${what}: ${nameOf(operation)} (${kind}) ${status} ${text.slice(0, 120)}`);

  // Somebody without rights is refused whatever they name: one of her ids for each operation, another one each time.
  let round = 0;
  const oneOfEach = () => {
    round++;
    return grouped.flatMap((group) => group[round % group.length] ?? []);
  };

  // Whoever shows nothing good gets 401, wherever there is anything to be had.
  const revoked = await makeKey(server, { tenantId: TENANT, userId: ALICE, revokedAt: new Date() });
  const past = Math.floor(Date.now() / 1000) - 1;
  const nobodies: Record<string, Record<string, string>> = {
    "no credential": {},
    "a revoked key": bearer(revoked),
    "an expired token": bearer(await issuer.token("alice", { claims: { exp: past } })),
    "an unknown key": bearer("ck_unknown"),
    "the id of a key": bearer(victim.key),
    "no Bearer": { authorization: "Basic YWxpY2U6c2VjcmV0" },
  };
  const asked = server.model.requests.length;
  for (const [who, headers] of Object.entries(nobodies))
    for (const claim of [{}, { "x-user-id": ALICE }])
      await inParallel(oneOfEach(), async (probe) => {
        const answer = await ask(server, probe, 0, { ...headers, ...claim });
        count++;
        const name = nameOf(probe.operation);
        const wanted = OF_OWN_PAGES.test(name) ? 403 : 401;
        if (PUBLIC.has(name) ? answer.text.includes(SECRET) : answer.status !== wanted)
          fault(who, probe, answer);
      });

  assert.equal(server.model.requests.length, asked, "no model was asked by anybody");

  // A user's key that claims another user is of the wrong scope, and so is a token.
  const bob = bearer(await makeKey(server, { tenantId: TENANT, userId: BOB }));
  const token = bearer(await issuer.token("bob"));
  for (const headers of [bob, token])
    await inParallel(oneOfEach(), async (probe) => {
      const answer = await ask(server, probe, 0, { ...headers, "x-user-id": ALICE });
      count++;
      const name = nameOf(probe.operation);
      const wanted = name === BY_LINK ? 404 : PUBLIC.has(name) ? 200 : 403;
      const isGood = IGNORING_USERS.test(name)
        ? !answer.text.includes(SECRET) && answer.status !== 401
        : answer.status === wanted;
      if (!isGood) fault("the wrong scope", probe, answer);
    });

  // Others are let in, each time a new one, and find nothing: byte for byte as if it were not there.
  const others: Record<string, () => Partial<ApiKey>> = {
    "another user": () => ({ tenantId: TENANT, userId: randomUUID() }),
    "the same user of another tenant": () => ({ tenantId: randomUUID(), userId: ALICE }),
    "an application of another tenant": () => ({
      tenantId: randomUUID(),
      userId: ALICE,
      actAs: true,
    }),
  };
  for (const [who, fieldsOf] of Object.entries(others))
    await inParallel(probes, async (probe) => {
      const [theirs, nothings] = [
        bearer(await makeKey(server, fieldsOf())),
        bearer(await makeKey(server, fieldsOf())),
      ];
      const answer = await ask(server, probe, 0, theirs);
      const nothing = await ask(server, probe, 1, nothings);
      count += 2;
      if (answer.text.includes(SECRET)) fault(`${who} read it`, probe, answer);
      if (answer.status !== nothing.status) fault(`${who} sees a difference`, probe, answer);
      if (OPERATORS.test(nameOf(probe.operation)) && answer.status !== 403)
        fault(`${who} is no operator`, probe, answer);
      if (answer.status < 400) return;
      const ids = (which: 0 | 1) =>
        [Object.values(victim), probe.ids, probe.paths, probe.bodies]
          .flat()
          .concat(
            which ? (/[0-9a-f-]{36}|session-[0-9a-f-]+/g.exec(probe.paths[1])?.[0] ?? []) : [],
          )
          .filter((id) => typeof id === "string");
      if (withoutIds(answer.text, ids(0)) !== withoutIds(nothing.text, ids(1)))
        fault(`${who} sees other bytes`, probe, answer);
    });
  const questions = server.model.requests.slice(asked);
  assert.ok(!JSON.stringify(questions).includes(SECRET), "no model was asked about it");

  assert.deepEqual(faults.slice(0, 20), []);
  assert.ok((await world.belongings()) === before, "nothing of hers has changed");
  const probed = new Set(probes.map(({ operation }) => nameOf(operation)));
  assert.deepEqual(
    operations.map(nameOf).filter((name) => !probed.has(name)),
    [],
  );
  assert.ok(count >= MIN_PROBES, `only ${count}`);
  context.diagnostic(`${count} probes of ${operations.length} operations`);
});

const CHAT = "/ws?user_id=";

test("[X9] the messages of both sockets give nothing of anybody else's", async (context) => {
  await using world = await startVictim();
  const { server, issuer, victim } = world;
  const before = await world.belongings();
  const revoked = await makeKey(server, { tenantId: TENANT, userId: ALICE, revokedAt: new Date() });
  const past = Math.floor(Date.now() / 1000) - 1;
  let count = 0;
  const refusals: [string | null, number][] = [
    [null, 401],
    [revoked, 401],
    ["ck_unknown", 401],
    [await issuer.token("alice", { claims: { exp: past } }), 401],
    [await makeKey(server, { tenantId: TENANT, userId: BOB }), 403],
    [await issuer.token("bob"), 403],
  ];
  for (const [credential, status] of refusals)
    for (const path of [`${CHAT}${ALICE}`, "/ws"])
      for (const how of ["header", "subprotocol"] as const) {
        const headers = {
          ...(path === "/ws" && { "x-user-id": ALICE }),
          ...(credential && how === "header" && bearer(credential)),
        };
        const protocols =
          credential && how === "subprotocol" ? ["colloquy", `bearer.${credential}`] : [];
        assert.equal(
          (await refusedSocket(server, path, { headers, protocols })).status,
          status,
          path,
        );
        count++;
      }
  const asked = server.model.requests.length;
  const others: Partial<ApiKey>[] = [
    { tenantId: TENANT, userId: BOB },
    { tenantId: "elsewhere", userId: ALICE },
    { tenantId: "elsewhere", userId: ALICE, actAs: true },
  ];
  for (const fields of others) {
    const headers = bearer(await makeKey(server, fields));
    await using chat = await openSocket(server, `${CHAT}${fields.userId}`, { headers });
    await using voice = await openSocket(server, "/ws", { headers });
    await voice.next();
    const answers = async (about: string) => {
      chat.say({ type: "message", content: "Hi", conversation_id: about });
      voice.say({ type: "start_conversation", conversation_id: about });
      voice.say({ type: "start_conversation", resume_token: `resume_${about}` });
      count += 3;
      const told = [await chat.next(), await voice.next(), await voice.next()];
      return told.map((one) => JSON.stringify(one));
    };
    const nothing = await answers(randomUUID());
    for (const id of Object.values(victim)) {
      const told = await answers(id);
      assert.deepEqual(told, nothing);
      for (const one of told) assert.match(one, /"type":"error"/);
    }
    chat.say({ type: "stop" });
    if (!fields.actAs) {
      chat.say({ type: "message", content: "Hi", user_id: "somebody else" });
      assert.match(JSON.stringify(await chat.next()), /"error"/);
      count++;
    }
  }
  assert.equal(server.model.requests.length, asked, "no model was asked");
  assert.equal(await world.belongings(), before);
  context.diagnostic(`${count} probes of both sockets`);
});

type Named = readonly [method: string, path: string, body?: unknown];

const OWN = "/v1/chat/conversations";
/** What a message of 004's can name, alone. */
const NAMED_IN_MESSAGES: Readonly<Record<string, (id: string) => object>> = {
  answer_again: (id) => ({ answer_again: id }),
  branch_from: (id) => ({ content: "Hi", branch_from: id }),
  parent: (id) => ({ content: "Hi", parent: id }),
  replace_from: (id) => ({ content: "Hi", replace_from: id }),
  attachments: (id) => ({ content: "Hi", attachments: [id] }),
};
const compact = (id: string): string => id.replaceAll("-", "");

/** Every place where one who has a conversation can name something of somebody else's. */
const placesFor = (own: string): Readonly<Record<string, (id: string) => Named>> => ({
  ...Object.fromEntries(
    Object.entries(NAMED_IN_MESSAGES).flatMap(([name, bodyOf]) =>
      ["messages", "messages/stream"].map((path) => [
        `${name} in ${path}`,
        (id: string): Named => ["POST", `${OWN}/${own}/${path}`, bodyOf(id)],
      ]),
    ),
  ),
  "attachments of a first message": (id) => [
    "POST",
    `${OWN}/stream`,
    { content: "Hi", attachments: [id] },
  ],
  before: (id) => ["GET", `${OWN}/${own}/messages?before=${id}`],
  "a branch that is read": (id) => ["GET", `${OWN}/${id}/messages?branch=1&versions=1`],
  "a branch that is continued": (id) => [
    "POST",
    `${OWN}/${id}/messages`,
    { content: "Hi", branch: 1 },
  ],
  "a branch that is chosen": (id) => ["PATCH", `${OWN}/${id}`, { active_branch: 1 }],
  previous_response_id: (id) => [
    "POST",
    "/v1/responses",
    { input: "Hi", previous_response_id: `resp_${compact(id)}` },
  ],
  conversation: (id) => [
    "POST",
    "/v1/responses",
    { input: "Hi", conversation: `conv_${compact(id)}` },
  ],
  "the address of a file": (id) => {
    const url = `/v1/chat/files/${id}/content`;
    const file = { type: "file", mediaType: "text/plain", url };
    const message = { id: "m1", role: "user", parts: [{ type: "text", text: "Hi" }, file] };
    return ["POST", "/api/chat", { id: own, message }];
  },
});

test("[X9] a file, message, branch or response of somebody else's, named beside what is one's own, is what is not there", async (context) => {
  await using world = await startVictim();
  const { server, victim } = world;
  const before = await world.belongings();
  const { conversation, message, reply, file } = victim;
  const others: Partial<ApiKey>[] = [
    { tenantId: TENANT, userId: BOB },
    { tenantId: "elsewhere", userId: ALICE },
    { tenantId: "elsewhere", userId: ALICE, actAs: true },
  ];
  let count = 0;
  for (const fields of others) {
    const headers = bearer(await makeKey(server, fields));
    const ask = (method: string, path: string, body?: unknown) =>
      send(server, method, path, body, headers);
    const own: string = (await ask("POST", OWN, {})).body.data.id;
    await ask("POST", `${OWN}/${own}/messages`, { content: "Mine" });
    const mine = (await ask("GET", `${OWN}/${own}/messages`)).text;
    const asked = server.model.requests.length;
    for (const [place, named] of Object.entries(placesFor(own))) {
      const answerTo = async (id: string) => {
        const { status, text } = await ask(...named(id));
        count++;
        return [status, withoutIds(text, [id, compact(id)])] as const;
      };
      const nothing = await answerTo(randomUUID());
      assert.ok(nothing[0] >= 400 && nothing[0] < 500, `${place}: ${nothing.join(" ")}`);
      for (const id of [conversation, message, reply, file])
        assert.deepEqual(await answerTo(id), nothing, place);
    }
    assert.equal(server.model.requests.length, asked, "no model was asked");
    assert.equal((await ask("GET", `${OWN}/${own}/messages`)).text, mine);
  }
  assert.equal(await world.belongings(), before);
  context.diagnostic(`${count} probes from conversations of their own`);
});
