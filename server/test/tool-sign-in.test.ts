// Sources of tools that each person signs in to: the whole way, and what is refused on it.
// Backends: replicas
// Takes: 12 s
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, beforeEach, describe, test } from "node:test";
import { allEvents, caller, eventsOf, type StreamEvent } from "./chat-v1-client.ts";
import { eventually as eventuallyWithin } from "./cli-runner.ts";
import { type SignedSource, startSignedSource } from "./signed-source.ts";
import { ONCE, startServer } from "./start-server.ts";
import { answering, asking } from "./tool-steps.ts";
import { makeKey, type Server } from "./wire-client.ts";

const PATIENCE_MS = 30_000;
const eventually = (isSo: () => Promise<boolean>) => eventuallyWithin(isSo, PATIENCE_MS);
const SECRETS_KEY = "first-key-of-at-least-32-characters";
const TOOL = "own__own";

// biome-ignore lint/suspicious/noExplicitAny: a test says by its assertions what it expects
type Shown = any;

let folder: string;
let source: SignedSource;
let server: Server;
let people: ReturnType<typeof clientOf>;
let operator: ReturnType<typeof clientOf>;
let users = 0;
let user: string;

/** What the operator's file says, written for a server. */
function sourcesFile(name: string, more: object = {}): string {
  const path = join(folder, `${name}.json`);
  const own = {
    ...{ label: "own", url: source.url, sign_in: { issuer: source.issuer } },
    ...{ reads: ["*"], repeatable: ["*"], ...more },
  };
  writeFileSync(path, JSON.stringify({ sources: [own] }));
  return path;
}

/** One browser and what its pages call, for the users of one key. */
function clientOf(of: Pick<Server, "url">, key: string) {
  const calls = caller(of.url, key);
  const page = { origin: of.url };
  const begin = async (
    by: string | undefined,
    { cookie = "", label = "own" }: { cookie?: string; label?: string } = {},
  ) => {
    const headers = { ...page, ...(cookie !== "" && { cookie }) };
    const begun = await calls.call(`/tools/${label}/sign-in`, {
      ...{ body: {}, headers },
      ...(by !== undefined && { user: by }),
    });
    const set = begun.headers.get("set-cookie")?.split(";")[0] ?? "";
    return { ...begun, url: begun.body.data?.url as string, cookie: set };
  };
  /** Comes back from the page elsewhere. @returns what the page is told */
  const comeBack = async (address: string, cookie: string): Promise<string | null> => {
    const answer = await fetch(address, { redirect: "manual", headers: { cookie } });
    assert.equal(answer.status, 303);
    const place = answer.headers.get("location") ?? "";
    assert.match(place, /^\.\.\/app\/sources\?signed-in=\w+$/u);
    return new URL(place, of.url).searchParams.get("signed-in");
  };
  return {
    ...calls,
    begin,
    comeBack,
    async signIn(by: string | undefined, account: string): Promise<void> {
      const { url, cookie } = await begin(by);
      assert.equal(await comeBack(source.back(url, account), cookie), "done");
    },
  };
}

/** Has the operator sign in, so that the tools are known to every server. */
async function acquaint(of: Server): Promise<ReturnType<typeof clientOf>> {
  const key = await makeKey(of, { isOperator: true });
  const client = clientOf(of, key);
  await client.signIn(undefined, "root");
  for (const url of of.replicaUrls)
    await eventually(async () => {
      const [own] = (await caller(url, key).call("/tools")).body.data;
      return own.tools[0]?.state === "on";
    });
  return client;
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "colloquy-sign-in-"));
  source = await startSignedSource();
  server = await startServer({
    environment: { TOOL_SOURCES: sourcesFile("own"), SECRETS_KEY },
  });
  operator = await acquaint(server);
  people = clientOf(server, await makeKey(server, { actAs: true }));
});
after(async () => {
  await server?.[Symbol.asyncDispose]();
  source?.[Symbol.dispose]();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => {
  source.spoil({});
  server.model.forget();
  user = `00000000-0000-4000-8000-${String(++users).padStart(12, "0")}`;
});

/** Asks for something that the model uses the tool for. */
const ask = async (
  of = { server, client: people },
  { by = user as string | null, more = { steps: true } as object } = {},
) => {
  of.server.model.next(asking([{ name: TOOL }]), answering("Done."));
  const asker = by === null ? {} : { user: by };
  const conversation = await of.client.newConversation({ ...asker, body: {} });
  const path = `/conversations/${conversation}/messages/stream`;
  const body = { content: "Look", parts: true, ...more };
  const events = await allEvents(await of.client.open(path, { body, ...asker }));
  const waiting: Shown = events.find(({ type }) => type === "ai_waiting")?.data;
  return { conversation, events, question: waiting?.questions?.[0] as Shown };
};
const resultIn = (events: readonly StreamEvent[]): Shown => {
  const reply: Shown = events.find(({ type }) => type === "ai_complete")?.data;
  assert.equal(reply?.status, "complete", JSON.stringify(events.at(-2)));
  return reply.parts.find(({ type }: Shown) => type === "tool_result");
};
/** What the reply has once it has gone on. */
const goOn = async (
  { conversation, events }: { conversation: string; events: readonly StreamEvent[] },
  client = people,
) => {
  const from = events.findLast(({ id }) => id !== "")?.id ?? "";
  const path = `/conversations/${conversation}/messages/stream?parts=1`;
  const headers = { "last-event-id": from };
  return allEvents(await client.open(path, { headers, user }));
};
const signInsOf = async (by: string) =>
  (await people.call("/tools/sign-ins", { user: by })).body.data as Shown[];

describe("[H100] a call that needs a sign-in", () => {
  test("[H100] [H101] waits for it, and is made by itself once its user has signed in", async () => {
    const asked = await ask();
    const { question } = asked;
    assert.deepEqual(
      [question.kind, question.source, question.tool, question.sign_in_page],
      ["sign_in", "own", TOOL, "/app/sources"],
    );
    assert.deepEqual((await people.call("/questions", { user })).body.data, [question]);
    assert.deepEqual(await signInsOf(user), [{ source: "own", signed_in_at: null }]);
    const path = `/messages/${question.message_id}/calls/${question.call_id}/decision`;
    const body = { decision: "allow", arguments_sha256: question.arguments_sha256 };
    const allowed = await people.call(path, { body, user });
    assert.equal(allowed.status, 409);
    assert.match(allowed.body.message ?? "", /as soon as you have signed in to "own"/u);
    await people.signIn(user, "ann");
    const result = resultIn(await goOn(asked));
    assert.deepEqual([result.outcome, result.text], ["ok", "This is ann's"]);
    assert.deepEqual((await people.call("/questions", { user })).body.data, []);
    const [{ signed_in_at }] = await signInsOf(user);
    assert.ok(signed_in_at > question.asked_at);
    assert.equal((await ask()).question, undefined, "no second time");
  });

  test("[H100] one that is declined is not made, and the reply ends", async () => {
    const asked = await ask();
    const { message_id, call_id, arguments_sha256 } = asked.question;
    const body = { decision: "decline", arguments_sha256 };
    const path = `/messages/${message_id}/calls/${call_id}/decision`;
    assert.equal((await people.call(path, { body, user })).status, 200);
    const result = resultIn(await goOn(asked));
    assert.equal(result.outcome, "declined");
    assert.match(result.text, /did not sign in/u);
  });

  test("[H100] where nobody can be asked, the call fails and says where to sign in", async () => {
    const { events, question } = await ask(undefined, { more: {} });
    assert.equal(question, undefined);
    const result = resultIn(events);
    assert.equal(result.outcome, "failed");
    assert.match(result.text, /has to sign in to 'own' first, on the page of tool sources/u);
  });

  test("[H100] a source that asks again and again is asked no more after the second time", async () => {
    const asked = await ask();
    source.spoil({ refusesAll: true, refusesRefresh: true });
    await people.signIn(user, "ann");
    const again = await goOn(asked);
    const second: Shown = again.find(({ type }) => type === "ai_waiting")?.data;
    assert.equal(second?.questions[0].kind, "sign_in");
    await people.signIn(user, "ann");
    const result = resultIn(await goOn({ ...asked, events: [...asked.events, ...again] }));
    assert.equal(result.outcome, "failed");
    assert.match(result.text, /asks for a sign-in again, although/u);
  });

  test("[H100] an earlier sign-in is no answer to a later question, whatever else the reply waits for", async () => {
    const mine = { type: "function", function: { name: "mine" } };
    server.model.next(asking([{ name: TOOL }, { name: "mine" }]));
    const conversation = await people.newConversation({ user, body: {} });
    const path = `/conversations/${conversation}/messages/stream`;
    const body = { content: "Look", parts: true, steps: true, tools: [mine] };
    const events = await allEvents(await people.open(path, { body, user }));
    source.spoil({ refusesAll: true, refusesRefresh: true });
    await people.signIn(user, "ann");
    const again = await goOn({ conversation, events });
    const waiting: Shown = again.find(({ type }) => type === "ai_waiting")?.data;
    const made = waiting?.parts.filter(({ type }: Shown) => type === "tool_result");
    assert.deepEqual(made, [], "the user is asked once more");
  });

  test("[H100] a tool that asks is asked about first, and then for the sign-in", ONCE, async () => {
    const more = { asks: true, reads: [] };
    await using other = await startServer({
      environment: { TOOL_SOURCES: sourcesFile("asking", more), SECRETS_KEY },
    });
    const client = await acquaint(other);
    await client.call("/tools/own/sign-in", { method: "DELETE" });
    const { question, ...asked } = await ask({ server: other, client }, { by: null });
    assert.equal(question.kind, "call");
    const { message_id, call_id, arguments_sha256 } = question;
    const body = { decision: "allow", arguments_sha256 };
    await client.call(`/messages/${message_id}/calls/${call_id}/decision`, { body });
    const path = `/conversations/${asked.conversation}/messages/stream?parts=1`;
    const from = () => ({ "last-event-id": events.findLast(({ id }) => id !== "")?.id ?? "" });
    let events = asked.events;
    events = [...events, ...(await allEvents(await client.open(path, { headers: from() })))];
    const waiting: Shown = events.findLast(({ type }) => type === "ai_waiting")?.data;
    assert.equal(waiting.questions[0].kind, "sign_in");
    assert.equal(waiting.questions[0].arguments_sha256, arguments_sha256);
    await client.signIn(undefined, "ann");
    const rest = await allEvents(await client.open(path, { headers: from() }));
    assert.equal(resultIn(rest).text, "This is ann's");
  });
});

describe("[H102] a sign-in", () => {
  test("[H102] ends only in the browser in which it began, once, and with the state of that user", async () => {
    const { url, cookie } = await people.begin(user);
    const address = source.back(url, "mallory");
    const victim = await people.begin(randomUUID());
    assert.equal(await people.comeBack(address, ""), "state", "no browser");
    assert.equal(await people.comeBack(address, victim.cookie), "state", "somebody else's browser");
    const made = new URL(address);
    made.searchParams.set("state", randomUUID());
    assert.equal(await people.comeBack(made.href, cookie), "expired", "no such state");
    made.searchParams.delete("state");
    assert.equal(await people.comeBack(made.href, cookie), "expired", "no state");
    assert.deepEqual(await signInsOf(user), [{ source: "own", signed_in_at: null }]);
    assert.equal(await people.comeBack(address, cookie), "done");
    assert.equal(await people.comeBack(address, cookie), "expired", "a second time");
    const older = await people.begin(user, { cookie });
    const newer = await people.begin(user, { cookie });
    assert.equal(await people.comeBack(source.back(older.url, "ann"), cookie), "expired");
    assert.equal(await people.comeBack(source.back(newer.url, "ann"), cookie), "done");
  });

  test("[H102] that the person or the other side refuses leaves nobody signed in", async () => {
    for (const [more, outcome] of [
      [{ error: "access_denied" }, "denied"],
      [{ error: "invalid_scope" }, "failed"],
      [{ iss: "http://127.0.0.1:9" }, "failed"],
      [{ code: "another" }, "failed"],
    ] as const) {
      const { url, cookie } = await people.begin(user);
      assert.equal(await people.comeBack(source.back(url, "ann", more), cookie), outcome);
    }
    assert.deepEqual(await signInsOf(user), [{ source: "own", signed_in_at: null }]);
  });

  test("[H102] is begun by pages of the server alone, registered once, and names the source", async () => {
    const body = {};
    for (const headers of [{}, { origin: "https://elsewhere.example" }])
      assert.equal((await people.call("/tools/own/sign-in", { body, headers, user })).status, 403);
    const before = source.registrations();
    const { url } = await people.begin(user);
    await people.begin(user);
    assert.equal(source.registrations(), before + 1, "what was registered is used again");
    const asked = new URL(url).searchParams;
    assert.equal(asked.get("resource"), source.url);
    assert.equal(asked.get("code_challenge_method"), "S256");
    assert.equal(asked.get("redirect_uri"), `${server.url}/sign-in/tools`);
  });

  test("[H103] is refused where it is not safe, and nothing inside is reached", ONCE, async () => {
    let connections = 0;
    const inside = createServer((socket) => {
      connections++;
      socket.destroy();
    }).listen(0, "127.0.0.1");
    await once(inside, "listening");
    const { port } = inside.address() as { port: number };
    const place = `http://127.0.0.1:${port}`;
    const refused = async (spoiled: Parameters<SignedSource["spoil"]>[0], words: RegExp) => {
      source.spoil(spoiled);
      const { status, body, url } = await people.begin(user);
      assert.ok(status === 422 || status === 503, `${status} for ${words}`);
      assert.match(body.message ?? "", words);
      assert.equal(url, undefined);
      user = randomUUID();
    };
    try {
      await refused({ metadata: { code_challenge_methods_supported: ["plain"] } }, /PKCE/u);
      await refused({ metadata: { code_challenge_methods_supported: undefined } }, /PKCE/u);
      await refused({ metadata: { issuer: place } }, /another server/u);
      await refused({ metadata: { registration_endpoint: `${place}/r` } }, /is inside the server/u);
      await refused({ metadata: { registration_endpoint: undefined } }, /client_id/u);
      await refused({ metadata: { authorization_endpoint: "http://x.example/" } }, /no https/u);
      await refused({ metadata: { authorization_endpoint: "javascript:alert(1)" } }, /./u);
      await refused({ redirectsTo: `${place}/elsewhere` }, /redirects elsewhere/u);
      await refused({ resource: { resource: "https://another.example/mcp" } }, /another source/u);
      source.spoil({ metadata: { token_endpoint: `${place}/token` } });
      const { url, cookie } = await people.begin(user);
      assert.equal(await people.comeBack(source.back(url, "ann"), cookie), "unavailable");
      assert.equal(connections, 0);
    } finally {
      inside.close();
    }
  });
});

describe("[H104] tokens", () => {
  test("[H104] are those of the person who asks, and of nobody else", async () => {
    const [ann, bob] = [randomUUID(), randomUUID()];
    await people.signIn(ann, "ann");
    await people.signIn(bob, "bob");
    const before = source.calls.length;
    const asked = async (by: string) => resultIn((await ask(undefined, { by })).events).text;
    assert.equal(await asked(ann), "This is ann's");
    assert.equal(await asked(bob), "This is bob's");
    assert.equal(await asked(ann), "This is ann's");
    const made = source.calls.slice(before);
    assert.deepEqual(
      made.map(({ account }) => account),
      ["ann", "bob", "ann"],
    );
    const sent = source.sentTokens.length;
    assert.equal((await ask()).question?.kind, "sign_in");
    assert.equal(source.sentTokens.length, sent, "for whoever is not signed in nothing is sent");
  });

  test("[H104] that have expired are renewed once, however many calls and servers need them", async () => {
    await people.signIn(user, "ann");
    await ask();
    server.model.forget();
    source.expire();
    const before = source.refreshes.length;
    const release = source.holdRefreshes();
    server.model.next(
      ...Array.from({ length: 4 }, () => asking([{ name: TOOL }])),
      ...Array.from({ length: 4 }, () => answering("Done.")),
    );
    const key = await makeKey(server, { actAs: true });
    const replies = Array.from({ length: 4 }, async (_, index) => {
      const url = server.replicaUrls[index % server.replicaUrls.length] ?? server.url;
      const client = caller(url, key);
      const conversation = await client.newConversation({ user, body: {} });
      const path = `/conversations/${conversation}/messages/stream`;
      const body = { content: "Look", parts: true, steps: true };
      return allEvents(await client.open(path, { body, user }));
    });
    // Every model has asked for the tool before any is told its result.
    await eventually(
      async () => server.model.requests.length === 4 && source.refreshes.length > before,
    );
    release();
    for (const events of await Promise.all(replies))
      assert.equal(resultIn(events).text, "This is ann's");
    assert.equal(source.refreshes.length, before + 1);
  });

  test("[H104] that are renewed without being changed, and are refused still, are not renewed again and again", async () => {
    await people.signIn(user, "eve");
    source.spoil({ refusesAll: true, keepsAccess: true });
    const before = source.refreshes.length;
    assert.equal((await ask()).question?.kind, "sign_in");
    const count = source.refreshes.length - before;
    assert.ok(count >= 1 && count <= 3, `${count} renewals`);
  });

  test("[H104] that cannot be renewed now leave a call unmade, and it is said so", async () => {
    await people.signIn(user, "ann");
    await ask();
    source.expire();
    source.spoil({ failsRefresh: true });
    const result = resultIn((await ask()).events);
    assert.equal(result.outcome, "failed");
    assert.match(result.text, /cannot be renewed now.*sign out and in again/u);
  });

  test("[H104] that were revoked elsewhere have their user sign in again", async () => {
    await people.signIn(user, "ann");
    source.forget();
    const asked = await ask();
    assert.equal(asked.question?.kind, "sign_in");
    assert.deepEqual(await signInsOf(user), [{ source: "own", signed_in_at: null }]);
    await people.signIn(user, "ann");
    assert.equal(resultIn(await goOn(asked)).text, "This is ann's");
  });

  test("[H105] are given up and revoked when their user signs out", async () => {
    await people.signIn(user, "ann");
    const before = source.revoked.length;
    const signOut = () => people.call("/tools/own/sign-in", { method: "DELETE", user });
    assert.deepEqual((await signOut()).body.data, { source: "own", was_signed_in: true });
    assert.equal(source.revoked.length, before + 1);
    assert.deepEqual((await signOut()).body.data, { source: "own", was_signed_in: false });
    assert.equal((await ask()).question?.kind, "sign_in");
    const events = await server.store.listAuditEvents({ limit: 500 });
    const told = events.filter(({ userId, action }) => userId === user && /signed/u.test(action));
    assert.deepEqual(told.map(({ action, about }) => [action, about]).toSorted(), [
      ["tool_signed_in", "own"],
      ["tool_signed_out", "own"],
    ]);
    assert.ok(told.every(({ actor }) => actor?.startsWith("key ")));
  });

  test("[H104] are not used for a tool that says something else than what was accepted", async () => {
    source.spoil({ description: "Sends everything elsewhere" });
    await people.signIn(user, "ann");
    const before = source.calls.length;
    const result = resultIn((await ask()).events);
    assert.match(result.text, /not what it was when an operator accepted it/u);
    assert.equal(source.calls.length, before);
  });

  test("[H106] are good for nobody else, whatever is done to the store", ONCE, async () => {
    const [ann, bob] = [randomUUID(), randomUUID()];
    await people.signIn(ann, "ann");
    await people.signIn(bob, "bob");
    using database = new DatabaseSync(join(server.directory, "colloquy.db"), { timeout: 10_000 });
    const swap = database.prepare(
      `UPDATE tool_sign_ins SET tokens = (SELECT tokens FROM tool_sign_ins WHERE owner_id = ?)
       WHERE owner_id = ?`,
    );
    swap.run(ann, bob);
    const sent = source.sentTokens.length;
    const result = resultIn((await ask(undefined, { by: bob })).events);
    assert.equal(result.outcome, "failed");
    assert.match(result.text, /cannot be decrypted. Sign out and in again/u);
    assert.equal(source.sentTokens.length, sent);
  });

  test(
    "[H106] are nowhere in the store's files, an export, or what anybody is told",
    ONCE,
    async () => {
      await people.signIn(user, "ann");
      await ask();
      const records = JSON.stringify(await Array.fromAsync(server.store.exportRecords()));
      const files = readdirSync(server.directory)
        .map((name) => join(server.directory, name))
        .filter((path) => statSync(path).isFile())
        .map((path) => readFileSync(path, "latin1"));
      const listed = JSON.stringify((await operator.call("/tools")).body);
      for (const text of [records, listed, ...files]) {
        assert.ok(!/access-[0-9a-f]{8}|refresh-[0-9a-f]{8}/u.test(text));
        assert.ok(!text.includes(SECRETS_KEY));
      }
    },
  );
});

test("[H84] a person's connection stays open for what runs on it, whatever else happens", async () => {
  await people.signIn(user, "ann");
  const conversation = await people.newConversation({ user, body: {} });
  const outcomesOf = async (...calls: readonly object[]) => {
    server.model.forget();
    const asked = calls.map((given) => ({ name: TOOL, given }));
    server.model.next(asking(asked), answering("Done."));
    const path = `/conversations/${conversation}/messages/stream`;
    const body = { content: "Look", parts: true };
    const release = source.holdCalls();
    const outcomes: string[] = [];
    for await (const { data } of eventsOf(await people.open(path, { body, user }))) {
      if (data?.part?.type !== "tool_result") continue;
      outcomes.push(data.part.outcome);
      release();
    }
    return outcomes;
  };
  for (const status of [429, 403]) {
    const outcomes = await outcomesOf({ isHeld: true }, { status });
    assert.deepEqual(outcomes, ["failed", "ok"], `after ${status}`);
  }
  assert.deepEqual(await outcomesOf({ changesTools: true }), ["ok"]);
});

test("[H84] what one operator is shown takes no tool away from others", ONCE, async () => {
  source.spoil({ listed: { lead: ["more"] } });
  const lead = clientOf(server, await makeKey(server, { isOperator: true, actAs: true }));
  await lead.signIn(user, "lead");
  const [own] = (await operator.call("/tools")).body.data as Shown[];
  const states = own.tools.map(({ name, state }: Shown) => `${name} ${state}`);
  assert.deepEqual(states, ["more new", "own on"]);
});

test("[H105] what is somebody else's answers as what is not there, byte for byte", async () => {
  await people.signIn(user, "ann");
  const other = randomUUID();
  const answers = async (by: string, label: string) => {
    const out = await people.call(`/tools/${label}/sign-in`, { method: "DELETE", user: by });
    const begun = await people.begin(by, { label });
    return [out.status, begun.status, JSON.stringify([out.body, begun.body])];
  };
  const [missing, otherMissing] = [await answers(user, "none"), await answers(other, "none")];
  assert.deepEqual(missing, otherMissing);
  assert.equal(missing[0], 404);
  assert.deepEqual(await signInsOf(other), [{ source: "own", signed_in_at: null }]);
  const out = await people.call("/tools/own/sign-in", { method: "DELETE", user: other });
  assert.equal(out.body.data.was_signed_in, false);
  assert.notEqual((await signInsOf(user))[0].signed_in_at, null, "it is still there");
});

test(
  "[H101] a reply that waits although its user has signed in is found after a crash",
  ONCE,
  async () => {
    const directory = join(folder, "crashed");
    const environment = { TOOL_SOURCES: sourcesFile("crashed"), SECRETS_KEY };
    const [key, asked] = await (async () => {
      await using first = await startServer({ directory, environment });
      await acquaint(first);
      const made = await makeKey(first, { actAs: true });
      const client = clientOf(first, made);
      await client.signIn(user, "ann");
      source.spoil({ refusesAll: true });
      return [made, await ask({ server: first, client })] as const;
    })();
    assert.equal(asked.question?.kind, "sign_in");
    source.spoil({});
    {
      // The tokens of a sign-in are stored, and what waits for it is not: the server ended between the two.
      using database = new DatabaseSync(join(directory, "colloquy.db"));
      database.exec("UPDATE tool_sign_ins SET signed_in_at = signed_in_at + 3600000");
    }
    await using second = await startServer({ directory, environment });
    second.model.next(answering("Done."));
    assert.equal(resultIn(await goOn(asked, clientOf(second, key))).text, "This is ann's");
  },
);

test(
  "[H101] [H106] a restart keeps what waits; another key is said, and an added one opens all",
  ONCE,
  async () => {
    const directory = join(folder, "restarted");
    const registered = { client_id: "by-hand", client_secret: "given-by-hand" };
    const file = sourcesFile("restarted", { sign_in: { issuer: source.issuer, ...registered } });
    const start = async (keys: string | null) => {
      const secretsKey = keys === null ? {} : { SECRETS_KEY: keys };
      const started = await startServer({
        directory,
        environment: { TOOL_SOURCES: file, ...secretsKey },
      });
      // Somebody has registered the server by hand.
      const { client_id, client_secret } = registered;
      source.register(client_id, client_secret, [`${started.url}/sign-in/tools`]);
      return started;
    };
    const registrations = source.registrations();
    const [key, asked] = await (async () => {
      await using first = await start(null);
      assert.equal(statSync(join(directory, "secrets.key")).mode & 0o777, 0o600);
      await acquaint(first);
      const made = await makeKey(first, { actAs: true });
      return [made, await ask({ server: first, client: clientOf(first, made) })] as const;
    })();
    assert.equal(asked.question?.kind, "sign_in");
    const kept = readFileSync(join(directory, "secrets.key"), "utf8").trim();
    {
      await using second = await start(null);
      second.model.next(answering("Done."));
      const client = clientOf(second, key);
      await client.signIn(user, "ann");
      assert.equal(resultIn(await goOn(asked, client)).text, "This is ann's");
    }
    {
      await using third = await start(SECRETS_KEY);
      const client = clientOf(third, key);
      const result = resultIn((await ask({ server: third, client })).events);
      assert.equal(result.outcome, "failed");
      assert.match(result.text, /encrypted with another key.*SECRETS_KEY/u);
    }
    await using last = await start(`${SECRETS_KEY},${kept}`);
    const client = clientOf(last, key);
    assert.equal(resultIn((await ask({ server: last, client })).events).text, "This is ann's");
    await client.call("/tools/own/sign-in", { method: "DELETE", user });
    await client.signIn(user, "ann");
    assert.equal(resultIn((await ask({ server: last, client })).events).text, "This is ann's");
    assert.equal(source.registrations(), registrations, "it does not register itself");
  },
);
