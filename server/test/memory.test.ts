// What models remember of people: kept through wire 004, told to models, and changed by models as far as people let them.
// Backends: postgres, replicas
import assert from "node:assert/strict";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { allEvents, caller } from "./chat-v1-client.ts";
import { upload } from "./file-samples.ts";
import { startModelServer } from "./model-server.ts";
import { ONCE, startServer } from "./start-server.ts";
import { answering, asking, watchedTool } from "./tool-steps.ts";
import { makeKey, type Server } from "./wire-client.ts";
import { findWires, merged } from "./wire-tests.ts";

// biome-ignore lint/suspicious/noExplicitAny: a test says by its assertions what it expects
type Shown = any;

const CATS = "Has two cats – 😀";
const web = watchedTool("read_web", { source: "web", isTrusted: false });
let server: Server;
let key: string;
let people = 0;
let me: Awaited<ReturnType<typeof person>>;

before(async () => {
  server = await startServer({ tools: [web.tool], environment: { SHARE_LINKS: "true" } });
  key = await makeKey(server, { actAs: true });
});
after(() => server?.[Symbol.asyncDispose]());
beforeEach(async () => {
  server.model.forget();
  web.forget();
  me = await person();
});

/** A user of their own. @param isOn whether models may remember @param known the id of one who has been there */
async function person(isOn = true, on = server, token = key, known?: string) {
  const user = known ?? `00000000-0000-4000-9000-${String(++people).padStart(12, "0")}`;
  const { call, open } = caller(on.url, token);
  const asked = (path: string, options: Parameters<typeof call>[1] = {}) =>
    call(path, { ...options, user });
  const turn = (is_on: boolean) => asked("/memory", { method: "PUT", body: { is_on } });
  if (isOn) assert.equal((await turn(true)).status, 200);
  return {
    user,
    call: asked,
    turn,
    add: async (text: string) => (await asked("/memories", { body: { text } })).body.data,
    texts: async (): Promise<string[]> =>
      (await asked("/memories")).body.data.map((memory: Shown) => memory.text),
    begin: async (body: object = {}): Promise<string> =>
      (await asked("/conversations", { body })).body.data.id,
    /** Says something, in a new conversation unless one is named, where somebody can be asked. */
    async say(content: string, more: object = {}, conversation?: string) {
      const id = conversation ?? (await this.begin());
      const body = { content, parts: true, steps: true, ...more };
      const stream = await open(`/conversations/${id}/messages/stream`, { body, user });
      const events = await allEvents(stream);
      const waiting: Shown = events.find(({ type }) => type === "ai_waiting")?.data;
      const reply: Shown = events.find(({ type }) => type === "ai_complete")?.data;
      return { id, events, question: waiting?.questions[0], reply };
    },
    decide: (question: Shown, decision: string) =>
      asked(`/messages/${question.message_id}/calls/${question.call_id}/decision`, {
        body: { decision, arguments_sha256: question.arguments_sha256 },
      }),
    /** What the reply that runs asks in the end. */
    async asks(conversation: string): Promise<Shown> {
      const events = await allEvents(
        await open(`/conversations/${conversation}/messages/stream`, { user }),
      );
      const waiting: Shown = events.find(({ type }) => type === "ai_waiting")?.data;
      return waiting?.questions[0];
    },
    /** The parts of a reply that has ended. */
    async ended(conversation: string): Promise<Shown[]> {
      const path = `/conversations/${conversation}/messages?parts=1`;
      for (;;) {
        const { data } = (await asked(path)).body;
        const reply = data.at(-1);
        if (reply.role === "assistant") return reply.parts;
        await (await open(`/conversations/${conversation}/messages/stream`, { user })).text();
      }
    },
  };
}

/** What the model was told before the words of its user, by the last request or by that one. */
const told = (index = -1): string =>
  (server.model.requests.at(index)?.body?.messages ?? [])
    .filter(({ role }) => role === "system")
    .map(({ content }) => String(content))
    .join("\n");
const offered = (index = -1): string[] =>
  ((server.model.requests.at(index)?.body?.tools ?? []) as Shown[]).map(
    (tool) => tool.function.name,
  );
const remembering = (text: string) => asking([{ name: "remember", given: { text } }]);
const resultIn = (parts: readonly Shown[]): Shown =>
  parts.findLast(({ type }: Shown) => type === "tool_result");

describe("[H160] memories that people keep", () => {
  test("[H160] are listed oldest first, changed and deleted, one by one and together", async () => {
    const { call, texts } = me;
    assert.deepEqual((await call("/memories")).body.data, []);
    const made = await call("/memories", { body: { text: CATS } });
    assert.equal(made.status, 201);
    const { id, created_at, updated_at } = made.body.data;
    assert.deepEqual(made.body.data, { id, text: CATS, created_at, updated_at });
    const second = await me.add("Likes tea");
    assert.deepEqual((await call("/memories")).body.data, [made.body.data, second]);
    const changed = await call(`/memories/${id}`, { method: "PUT", body: { text: "Has a dog" } });
    assert.equal(changed.body.data.text, "Has a dog");
    assert.equal(changed.body.data.created_at, created_at);
    assert.deepEqual((await call(`/memories/${id}`, { method: "DELETE" })).body.data, { id });
    assert.equal((await call(`/memories/${id}`, { method: "DELETE" })).status, 404);
    assert.deepEqual(await texts(), ["Likes tea"]);
    await me.add(CATS);
    const all = await call("/memories", { method: "DELETE" });
    assert.deepEqual(all.body.data, { deleted: 2 });
    assert.deepEqual(await texts(), []);
    const noted = (await server.store.listAuditEvents({ limit: 100 }))
      .filter(({ userId, action }) => userId === me.user && action === "memory_deleted")
      .map(({ about, count, reason }) => [about, count, reason]);
    assert.deepEqual(noted.toReversed(), [
      [id, 1, null],
      [null, 2, null],
    ]);
  });

  test("[H160] what cannot be kept is refused in words, and changes nothing", async () => {
    const { id } = await me.add("😀".repeat(400));
    for (const body of [{ text: "a".repeat(401) }, { text: " \n" }, { text: "a\0b" }, {}])
      for (const [path, method] of [
        ["/memories", "POST"],
        [`/memories/${id}`, "PUT"],
      ] as const) {
        const refused = await me.call(path, { method, body });
        assert.equal(refused.status, 400, JSON.stringify(refused.body));
        assert.equal(refused.body.error?.code, "VALIDATION_ERROR");
      }
    assert.deepEqual(await me.texts(), ["😀".repeat(400)]);
  });
});

describe("[H161] a model is told what is remembered", () => {
  test("[H161] once it is switched on, after the person's instructions, and not in a temporary conversation", async () => {
    const other = await person(false);
    assert.deepEqual((await other.call("/memory")).body.data, { is_on: false, is_allowed: true });
    await other.add(CATS);
    await other.say("Hello");
    assert.deepEqual([told(), offered().includes("remember")], ["", false]);
    assert.deepEqual((await other.turn(true)).body.data, { is_on: true, is_allowed: true });
    await other.call("/profile", { method: "PUT", body: { instructions: "Metric units" } });
    assert.equal((await other.call("/memory")).body.data.is_on, true);
    await other.add("Likes\n- tea");
    await other.say("Hello");
    assert.match(told(), /Metric units\n\n.+:\n- Has two cats – 😀\n- Likes - tea$/u);
    assert.ok(["remember", "forget"].every((name) => offered().includes(name)));
    const temporary = await other.begin({ is_temporary: true });
    await other.say("Hello", {}, temporary);
    assert.doesNotMatch(told(), /cats/);
    assert.deepEqual(offered(), ["read_web"]);
    await other.turn(false);
    await other.say("Hello");
    assert.doesNotMatch(told(), /cats/);
    assert.equal((await other.texts()).length, 2);
  });

  test("[H161] the newest that fit an eighth of its window", async () => {
    for (let index = 0; index < 100; index++)
      await server.store.createMemory(
        { tenantId: "local", userId: me.user },
        {
          id: `${index}`,
          text: `${index} ${"x".repeat(390)}`,
          createdAt: new Date(index),
          updatedAt: new Date(index),
        },
      );
    await me.say("Hello");
    const lines = told().split("\n").slice(1);
    assert.ok(lines.length > 5 && lines.length < 40, `${lines.length} are told`);
    assert.match(lines.at(-1) ?? "", /^- 99 /);
    assert.match(lines[0] ?? "", new RegExp(`^- ${100 - lines.length} `));
  });

  test(
    "[H161] on the wires on which it is told the person's instructions, and on no others",
    ONCE,
    async () => {
      const wires = merged(await findWires(), ({ crossWire }) => crossWire);
      await using open = await startServer({ environment: { AUTH_ANONYMOUS: "open" } });
      for (const [name, { client }] of Object.entries(wires)) {
        if (name === "002") continue;
        const { user, add } = await person(true, open, "anything");
        await add(CATS);
        open.model.forget();
        await client(open, user).begin("Hello");
        const asked = JSON.stringify(open.model.requests.map(({ body }) => body?.messages));
        assert.match(asked, /Hello/, name);
        const isTold = /^(?:the socket of )?(?:00[0134]|ui)\b/.test(name);
        assert.equal(asked.includes("two cats"), isTold, name);
      }
    },
  );
});

describe("[H162] a model remembers and forgets", () => {
  test("[H162] for all later conversations, once", async () => {
    server.model.next(remembering(CATS), answering("I will."));
    const first = await me.say("I have two cats");
    assert.equal(first.reply.content, "I will.");
    const [memory] = (await me.call("/memories")).body.data;
    assert.deepEqual(JSON.parse(resultIn(first.reply.parts).text), {
      remembered: CATS,
      id: memory.id,
    });
    assert.ok(told().endsWith(`- ${CATS}`), "the next step knows it");
    server.model.next(remembering(` ${CATS} `), answering("I know."));
    await me.say("As I said");
    assert.match(told(-2), /two cats/);
    assert.deepEqual(await me.texts(), [CATS]);
    const forget = { name: "forget", given: { text: CATS } };
    server.model.next(asking([forget, forget]), answering("Forgotten."));
    const { reply } = await me.say("Forget my cats");
    const results = reply.parts.filter(({ type }: Shown) => type === "tool_result");
    assert.deepEqual(
      results.map(({ outcome }: Shown) => outcome).sort(),
      ["ok", "ok"],
      "the second one finds nothing that is to be forgotten",
    );
    assert.deepEqual(await me.texts(), []);
    assert.equal(told(), "");
  });

  test("[H162] nothing that is too long or no text, and only where the agent leaves it to it", async () => {
    const given = [{ text: "x".repeat(401) }, { text: 7 }, {}, { text: " " }];
    server.model.next(
      asking(given.map((one) => ({ name: "remember", given: one }))),
      answering("No."),
    );
    const { reply } = await me.say("Remember");
    for (const { outcome, type } of reply.parts)
      if (type === "tool_result") assert.equal(outcome, "failed");
    const agent = { name: "Cook", instructions: "Cook", tools: ["read_web"] };
    const { id } = (await me.call("/agents", { body: agent })).body.data;
    server.model.next(remembering(CATS), answering("No."));
    const cooked = await me.say("Hello", {}, await me.begin({ agent_id: id }));
    assert.deepEqual(offered(-2), ["read_web"]);
    assert.equal(resultIn(cooked.reply.parts).outcome, "failed");
    assert.deepEqual(await me.texts(), []);
  });

  test("[H162] nothing in a temporary conversation or for whoever has not switched it on, whatever it asks for", async () => {
    const other = await person(false);
    for (const [who, conversation] of [
      [other, undefined],
      [me, await me.begin({ is_temporary: true })],
    ] as const) {
      server.model.next(remembering(CATS), answering("No."));
      const { reply } = await who.say("Hello", {}, conversation);
      assert.equal(resultIn(reply.parts).outcome, "failed");
      assert.deepEqual(await who.texts(), []);
    }
  });
});

describe("[H163] after the words of strangers", () => {
  const tainted = async () => {
    server.model.next(asking([{ name: "read_web" }]), remembering("Obey"));
    return me.say("What does the page say?");
  };

  test("[H163] nothing is remembered before its user allows it", async () => {
    const first = await tainted();
    assert.equal(first.question.tool, "remember");
    assert.deepEqual(await me.texts(), []);
    server.model.next(answering("Then not."));
    await me.decide(first.question, "decline");
    assert.equal(resultIn(await me.ended(first.id)).outcome, "declined");
    assert.deepEqual(await me.texts(), []);
    server.model.next(remembering("Obey"));
    const later = await me.say("Go on", {}, first.id);
    assert.equal(later.question.tool, "remember", "also in a later turn of the conversation");
    server.model.next(answering("Done."));
    await me.decide(later.question, "allow");
    assert.equal(resultIn(await me.ended(first.id)).outcome, "ok");
    assert.deepEqual(await me.texts(), ["Obey"]);
    server.model.next(asking([{ name: "forget", given: { text: "Obey" } }]));
    assert.equal((await me.say("Go on", {}, first.id)).question.tool, "forget");
  });

  test("[H163] nothing is remembered once memory is switched off, even if it is allowed", async () => {
    const { id, question } = await tainted();
    await me.turn(false);
    server.model.next(answering("Then not."));
    await me.decide(question, "allow");
    assert.equal(resultIn(await me.ended(id)).outcome, "failed");
    assert.deepEqual(await me.texts(), []);
  });

  test("[H163] nothing is remembered where nobody can be asked", async () => {
    server.model.next(asking([{ name: "read_web" }]), remembering("Obey"), answering("No."));
    await me.say("What does the page say?", { steps: false });
    assert.equal(server.model.requests.length, 3);
    assert.deepEqual(await me.texts(), []);
  });

  test(
    "[H163] nothing is remembered, however far back the window of the agent's own model reaches",
    ONCE,
    async () => {
      await using folder = await mkdtempDisposable(join(tmpdir(), "colloquy-memory-"));
      const sizes = { small: 16_384, large: 200_000 };
      const data = Object.entries(sizes).map(([id, context_length]) => ({ id, context_length }));
      await using models = await startModelServer({ listing: { data } });
      const permitted = watchedTool("look_up", { asks: true });
      const start = (url: string) =>
        startServer({
          directory: folder.path,
          tools: [web.tool, permitted.tool],
          environment: { OPENAI_BASE_URL: url, MODEL: "small" },
        });
      const long = answering("x".repeat(40_000));
      const agent = { name: "Reader", instructions: "Read", model: "large" };
      let user: string;
      let waiting: Awaited<ReturnType<typeof me.say>>;
      {
        await using first = await start(models.url);
        const reader = await person(true, first, "anything");
        user = reader.user;
        const { id } = (await reader.call("/agents", { body: agent })).body.data;
        const conversation = await reader.begin({ agent_id: id });
        models.next(asking([{ name: "read_web" }]), answering("I have read it."), long, long);
        for (const words of ["Read this", "Tell me more", "And more"])
          await reader.say(words, {}, conversation);
        models.next(remembering("Obey"));
        const { question } = await reader.say("Go on", {}, conversation);
        assert.match(JSON.stringify(models.requests.at(-1)?.body?.messages), /read_web says/);
        assert.equal(question?.tool, "remember");
        assert.deepEqual(await reader.texts(), []);
        models.next(answering("Then not."));
        await reader.decide(question, "decline");
        await reader.ended(conversation);
        models.next(asking([{ name: "look_up" }]));
        waiting = await reader.say("Go on", {}, conversation);
        assert.equal(waiting.question?.tool, "look_up");
      }
      // Another server goes on with the reply, and does not know how wide that window is.
      await using others = await startModelServer();
      await using second = await start(others.url);
      const reader = await person(false, second, "anything", user);
      others.next(remembering("Obey"));
      await reader.decide(waiting.question, "allow");
      assert.equal((await reader.asks(waiting.id))?.tool, "remember");
      assert.deepEqual(await reader.texts(), []);
    },
  );

  test("[H54] [H163] files of a message and of a project are such words", async () => {
    const file = (await upload(server.url, "Obey", { key, user: me.user, type: "text/plain" })).body
      .data.id;
    server.model.next(remembering("Obey"), answering("I have read it."));
    const asked = await me.say("Read this", { attachments: [file] });
    assert.equal(asked.question.tool, "remember");
    const first = await me.say("Read this", { attachments: [file] });
    server.model.next(remembering("Obey"));
    assert.equal((await me.say("Go on", {}, first.id)).question.tool, "remember");
    const house = { name: "House", file_ids: [file] };
    const project = (await me.call("/projects", { body: house })).body.data.id;
    server.model.next(remembering("Obey"));
    const inside = await me.say("Hello", {}, await me.begin({ project_id: project }));
    assert.equal(inside.question.tool, "remember");
    assert.deepEqual(await me.texts(), []);
  });
});

test(
  "[H164] where the operator has switched it off, nothing is told, offered or added, and what there was can be deleted",
  ONCE,
  async () => {
    await using off = await startServer({ environment: { MEMORY: "false" } });
    const owner = { tenantId: "local", userId: "" };
    const other = await person(false, off, "anything");
    await off.store.switchMemory({ ...owner, userId: other.user }, true, new Date());
    const at = new Date();
    const memory = { id: "old", text: CATS, createdAt: at, updatedAt: at };
    await off.store.createMemory({ ...owner, userId: other.user }, memory);
    assert.deepEqual((await other.call("/memory")).body.data, { is_on: false, is_allowed: false });
    for (const refused of [
      await other.turn(true),
      await other.call("/memories", { body: { text: "x" } }),
    ]) {
      assert.equal(refused.status, 403);
      assert.match(refused.body.message ?? "", /MEMORY=true/);
    }
    await other.say("Hello");
    const [asked] = off.model.requests;
    assert.doesNotMatch(JSON.stringify(asked?.body), /two cats|remember/);
    assert.deepEqual(await other.texts(), [CATS]);
    await other.turn(false);
    assert.equal((await other.call("/memories/old", { method: "DELETE" })).status, 200);
  },
);

test("[H165] a memory comes into no request of another user's, and onto no page of a link", async () => {
  const other = await person();
  server.model.next(remembering(CATS), answering("I will."));
  const { id } = await me.say("Please do");
  await other.add("Likes tea");
  await Promise.all([me.say("Mine"), other.say("Theirs"), me.say("Mine"), other.say("Theirs")]);
  const asked = server.model.requests.map(({ body }) => JSON.stringify(body?.messages));
  const [theirs, mine] = ["Theirs", "Mine"].map((word) => asked.filter((it) => it.includes(word)));
  for (const one of mine ?? []) assert.match(one, /two cats/);
  for (const one of theirs ?? []) assert.doesNotMatch(one, /two cats/);
  for (const one of theirs ?? []) assert.match(one, /Likes tea/);
  assert.deepEqual([theirs?.length, mine?.length], [2, 2]);
  const { token } = (await me.call(`/conversations/${id}/shares`, { body: {} })).body.data;
  const page = await (await fetch(`${server.url}/v1/chat/shared/${token}`)).text();
  assert.match(page, /I will\./);
  assert.doesNotMatch(page, /cats/);
});

test(
  "[H166] a model that refuses these tools answers without them, and is offered them again later",
  ONCE,
  async () => {
    await using plain = await startServer();
    const other = await person(true, plain, "anything");
    const refusal = { failStatus: 400, failBody: { error: { message: "does not support tools" } } };
    const tools = () => plain.model.requests.map(({ body }) => (body?.tools as Shown)?.length ?? 0);
    plain.model.next(refusal, refusal);
    const failed = await other.say("Hello");
    assert.match(JSON.stringify(failed.events), /does not support tools/);
    assert.deepEqual(
      tools(),
      [2, 0],
      "whoever refuses both is not taken for a model without tools",
    );
    plain.model.forget();
    plain.model.next(refusal);
    assert.match((await other.say("Hello")).reply.content, /Hello/);
    for (let index = 0; index < 21; index++) await other.say("Hello", {}, failed.id);
    assert.deepEqual(tools(), [2, ...Array(21).fill(0), 2]);
  },
);
