// Versions of questions and answers: a conversation is a tree, and every path of it can be read and continued. Through wire 004.
// Backends: replicas
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { allEvents, caller, eventsOf } from "./chat-v1-client.ts";
import { ONCE, startServer } from "./start-server.ts";

type Message = {
  id: string;
  role: string;
  content: string;
  branch?: number;
  versions?: { index: number; ids: string[]; branches: number[] };
};

let server: Awaited<ReturnType<typeof startServer>>;
before(async () => {
  server = await startServer();
});
after(() => server[Symbol.asyncDispose]());

const says = (messages: readonly Message[]) => messages.map(({ content }) => content);

/** A conversation of two questions with answers: one → eins, two → zwei. */
async function twoTurns() {
  const { open, call, newConversation } = caller(server.url);
  const id = await newConversation();
  const path = `/conversations/${id}/messages`;
  const say = (body: object) => call(path, { body });
  const list = async (query = ""): Promise<Message[]> => (await call(`${path}${query}`)).body.data;
  const [one, eins] = (await say({ content: "one {{reply text=eins}}" })).body.data as Message[];
  const [two, zwei] = (await say({ content: "two {{reply text=zwei}}" })).body.data as Message[];
  assert.ok(one && eins && two && zwei);
  return { open, call, id, path, say, list, one, eins, two, zwei };
}

test("[H21] answer_again gives a new version of an answer, and nothing goes", async () => {
  const { say, list, call, id, one, eins, two, zwei } = await twoTurns();
  const before = await list();
  const again = await say({ answer_again: two.id });
  assert.equal(again.status, 201);
  const [question, answer] = again.body.data as Message[];
  assert.deepEqual(question, two);
  assert.deepEqual([answer?.content, answer?.branch], ["zwei", 1]);
  assert.deepEqual(
    (await list()).map((it) => it.id),
    [one.id, eins.id, two.id, answer?.id],
  );
  assert.deepEqual(await list("?branch=0"), before);
  // The model was told what is before the question, and the question: not its other answer.
  const asked = server.model.requests.at(-1)?.body?.messages;
  assert.deepEqual(
    asked?.map(({ content }) => content.slice(0, 4)),
    ["one ", "eins", "two "],
  );

  const versions = { ids: [zwei.id, answer?.id], branches: [0, 1] };
  const shown = await list("?versions=1");
  assert.deepEqual(shown.at(-1)?.versions, { index: 1, ...versions });
  assert.deepEqual((await list("?versions=1&branch=0")).at(-1)?.versions, {
    index: 0,
    ...versions,
  });
  assert.ok(shown.slice(0, 3).every((it) => !("versions" in it)));
  assert.ok(!("versions" in ((await list()).at(-1) ?? {})));
  assert.equal((await call(`/conversations/${id}`)).body.data.active_branch, 1);
});

test("[H21] branch_from gives a new version of a question, also of the first, and of a version", async () => {
  const { say, list, one, eins, two, zwei } = await twoTurns();
  const changed = (await say({ branch_from: one.id, content: "uno {{reply text=un}}" })).body
    .data as Message[];
  assert.deepEqual(
    changed.map(({ branch }) => branch),
    [1, 1],
  );
  assert.deepEqual(says(await list()), ["uno {{reply text=un}}", "un"]);
  assert.equal(server.model.requests.at(-1)?.body?.messages?.length, 1);

  const third = (await say({ branch_from: changed[0]?.id, content: "une {{reply text=hun}}" })).body
    .data as Message[];
  const [first] = await list("?versions=1");
  assert.deepEqual(first?.versions, {
    index: 2,
    ids: [one.id, changed[0]?.id, third[0]?.id],
    branches: [0, 1, 2],
  });
  assert.deepEqual(
    (await list("?branch=0")).map((it) => it.id),
    [one.id, eins.id, two.id, zwei.id],
  );
  // What is deleted is no version any more.
  const { call } = caller(server.url);
  for (const { id } of third) await call(`/messages/${id}`, { method: "DELETE" });
  assert.deepEqual((await list("?versions=1&branch=1"))[0]?.versions?.ids, [
    one.id,
    changed[0]?.id,
  ]);
});

test("[H21] parent says what a message follows: it begins a branch only where something follows that message", async () => {
  const { say, list, id, call, eins, zwei } = await twoTurns();
  await say({ parent: zwei.id, content: "three {{reply text=drei}}" });
  assert.equal((await call(`/conversations/${id}`)).body.data.active_branch, undefined);
  assert.equal((await list()).length, 6);
  await say({ parent: eins.id, content: "zwo {{reply text=deux}}" });
  assert.equal((await call(`/conversations/${id}`)).body.data.active_branch, 1);
  assert.deepEqual(says(await list()).slice(1), ["eins", "zwo {{reply text=deux}}", "deux"]);
});

test("[H21] the first event of a stream says the branch of its reply, also on going on", async () => {
  const { open, path, one, two } = await twoTurns();
  const events = await allEvents(await open(`${path}/stream`, { body: { answer_again: two.id } }));
  assert.deepEqual([events[0]?.data.id, events[0]?.data.branch], [two.id, undefined]);
  assert.deepEqual([events[0]?.branch, events.at(-2)?.data.branch], [1, 1]);
  const again = await allEvents(await open(`${path}/stream`));
  assert.deepEqual([again[0]?.data.id, again[0]?.branch], [two.id, 1]);
  const onTrunk = await allEvents(
    await open(`${path}/stream`, { body: { branch: 0, content: "on {{reply text=on}}" } }),
  );
  assert.ok(!("branch" in (onTrunk[0] ?? {})));
  assert.ok(one);
});

test("[H22] a branch is continued, paged and chosen, and the latest turn's is what other wires go on with", async () => {
  const { say, list, call, id, one, eins, two } = await twoTurns();
  await say({ branch_from: two.id, content: "deux {{reply text=zwo}}" });
  const other = await say({ branch: 0, content: "three {{reply text=drei}}" });
  assert.equal(other.body.data[1].branch, undefined);
  assert.equal((await list()).length, 6);
  assert.equal((await list("?branch=1")).length, 4);
  await say({ branch: 1, content: "trois {{reply text=dry}}" });
  assert.equal((await list()).length, 6);
  assert.deepEqual(says(await list("?limit=2")), ["trois {{reply text=dry}}", "dry"]);
  const [oldest] = await list("?branch=1&limit=4");
  assert.deepEqual(
    (await list(`?branch=1&limit=2&before=${oldest?.id}`)).map((it) => it.id),
    [one.id, eins.id],
  );

  const changed = await call(`/conversations/${id}`, {
    method: "PATCH",
    body: { active_branch: 0 },
  });
  assert.equal(changed.body.data.active_branch, 0);
  assert.equal(says(await list()).at(-1), "drei");
  await say({ role: "system", content: "a note", branch: 1 });
  assert.equal(says(await list()).at(-1), "a note");

  // Wire 002 shows and continues that path.
  const address = `${server.url}/api/conversations/${id}?userId=00000000-0000-4000-8000-000000000001`;
  const { conversation } = (await (await fetch(address)).json()) as {
    conversation: { messages: { content: string }[] };
  };
  assert.deepEqual(
    conversation.messages.map(({ content }) => content.slice(0, 5)),
    ["one {", "eins", "deux ", "zwo", "trois", "dry", "a not"],
  );
});

test("[H22] replace_from deletes on every branch what was said after, and restore brings it back", async () => {
  const { say, list, path, call, one, two } = await twoTurns();
  await say({ answer_again: two.id });
  await say({ branch_from: one.id, content: "uno {{reply text=un}}" });
  const paths = () => Promise.all([0, 1, 2].map((branch) => list(`?branch=${branch}`)));
  const before = await paths();
  const replaced = await say({ replace_from: two.id, content: "zwo {{reply text=deux}}" });
  const [question] = replaced.body.data as Message[];
  assert.deepEqual(
    (await paths()).map((messages) => messages.length),
    [4, 2, 2],
  );
  const restored = await call(`${path}/restore`, { body: { replaced_by: question?.id } });
  assert.deepEqual(restored.body.data, { restored: 3 });
  assert.deepEqual(await paths(), before);
});

test("[H23] two versions are answered at once, each in its own order; a stop of one branch leaves the other", async () => {
  const { open, path, list, call, id, two } = await twoTurns();
  const stream = (body: object) => open(`${path}/stream`, { body });
  const first = eventsOf(
    await stream({ branch_from: two.id, content: "left {{reply tokens=6 hold=1}}" }),
  );
  assert.equal((await first.next()).value?.data.branch, 1);
  const waiting = await stream({ branch: 1, content: "left again {{reply text=later}}" });
  // The reply of another branch does not wait for the one that is held.
  const second = await allEvents(
    await stream({ branch_from: two.id, content: "right {{reply text=done}}" }),
  );
  assert.deepEqual(
    [second[0]?.data.branch, second.at(-2)?.data.content, second.at(-2)?.data.branch],
    [2, "done", 2],
  );
  assert.equal((await list("?branch=1")).length, 4, "both are in progress or wait");
  const watched = open(`${path}/stream?branch=1`).then(allEvents);
  const stopped = await call(`${path}/stop?branch=2`, { method: "POST" });
  assert.deepEqual(stopped.body.data, { stopped: false });
  const stoppedHere = await call(`${path}/stop?branch=1&waiting=keep`, { method: "POST" });
  assert.deepEqual(stoppedHere.body.data, { stopped: true });
  server.model.release();
  assert.equal((await watched)[0]?.data.content, "left {{reply tokens=6 hold=1}}");
  assert.equal((await allEvents(waiting)).at(-2)?.data.content, "later");
  const left = await list("?branch=1");
  assert.equal(left.at(-1)?.content, "later");
  assert.equal((await call(`/conversations/${id}`)).body.data.active_branch, 2);
});

test("[H140] two models answer one question at once, each on its branch: taken up again, stopped and failing by itself", async () => {
  const { open, call, newConversation } = caller(server.url);
  const id = await newConversation();
  const path = `/conversations/${id}/messages`;
  const list = async (branch: number): Promise<Message[]> =>
    (await call(`${path}?branch=${branch}`)).body.data;
  const first = eventsOf(
    await open(`${path}/stream`, {
      body: { content: "compare {{reply text=both hold=1}}", model: "scripted" },
    }),
  );
  const question = (await first.next()).value?.data as Message;
  const again = {
    body: { answer_again: question.id, model: "test-model" },
    headers: { "idempotency-key": randomUUID() },
  };
  const second = eventsOf(await open(`${path}/stream`, again));
  assert.equal((await second.next()).value?.branch, 1);
  // Both have begun before either ends.
  for (const events of [first, second]) assert.equal((await events.next()).value?.type, "ai_chunk");
  const asked = server.model.requests.filter(({ body }) =>
    body?.messages?.at(-1)?.content.startsWith("compare"),
  );
  assert.deepEqual(
    new Set(asked.map(({ body }) => body?.model)),
    new Set(["scripted", "test-model"]),
  );
  for (const branch of [0, 1]) assert.deepEqual(says(await list(branch)), [question.content]);

  // What a page does that was reloaded: it watches the one, and asks for the other once more.
  const watching = await open(`${path}/stream?branch=0`);
  const repeated = open(`${path}/stream`, again).then(allEvents);
  const stopped = await call(`${path}/stop?branch=1`, { method: "POST" });
  assert.deepEqual(stopped.body.data, { stopped: true });
  const right = (await repeated).at(-2);
  assert.deepEqual(
    [right?.data.status, right?.data.interrupted_by, right?.data.branch],
    ["interrupted", "stopped", 1],
  );
  server.model.release();
  const left = (await allEvents(watching)).at(-2);
  assert.deepEqual([left?.data.content, left?.data.model], ["both", "scripted"]);
  assert.equal((await list(1)).at(-1)?.id, right?.data.id);
  assert.equal((await call(`/conversations/${id}`)).body.data.active_branch, 1);

  server.model.next({ failStatus: 400 });
  const failed = await call(path, { body: { answer_again: question.id, model: "test-model" } });
  assert.equal(failed.status, 400);
  await call(`/conversations/${id}`, { method: "PATCH", body: { active_branch: 0 } });
  const others = await fetch(
    `${server.url}/conversations?user_id=${(await call(`/conversations/${id}`)).body.data.user_id}`,
    {
      headers: { authorization: "Bearer anything" },
    },
  );
  const shown = (await others.json()).find((one: { id: string }) => one.id === id);
  assert.equal(shown.messages.at(-1).content, "both");
});

test("[H24] what cannot be is refused in words, and nothing is stored", ONCE, async () => {
  const { list, call, path, id, two, zwei } = await twoTurns();
  const other = await twoTurns();
  const before = await list("?versions=1");
  const refused: [object, number, RegExp][] = [
    [{ answer_again: two.id, content: "x" }, 400, /leave content out/],
    [{ answer_again: two.id, branch: 0 }, 400, /Only one of answer_again and branch/],
    [{ branch_from: two.id, replace_from: two.id, content: "x" }, 400, /Only one of/],
    [{ branch_from: two.id }, 400, /content field is required/],
    [{}, 400, /^content field is required$/],
    [{ answer_again: zwei.id }, 400, /must be the id of a message of role user/],
    [{ branch_from: zwei.id, content: "x" }, 400, /must be the id of a message of role user/],
    [{ answer_again: other.two.id }, 404, /Message not found/],
    [{ branch_from: other.two.id, content: "x" }, 404, /Message not found/],
    [{ parent: other.zwei.id, content: "x" }, 404, /Message not found/],
    [{ parent: randomUUID(), content: "x" }, 404, /Message not found/],
    [{ branch: 1, content: "x" }, 400, /This conversation has no branch 1/],
    [{ branch: -1, content: "x" }, 400, /branch/],
    [{ branch: 7, content: "x", role: "system" }, 400, /This conversation has no branch 7/],
    [{ branch_from: two.id, content: "x", role: "system" }, 400, /Only a message of role user/],
    [{ branch_from: two.id, content: " " }, 400, /content/],
  ];
  for (const [body, status, words] of refused)
    for (const to of [path, `${path}/stream`]) {
      if (to !== path && "role" in body) continue;
      const answer = await call(to, { body });
      assert.equal(answer.status, status, JSON.stringify(body));
      assert.match(answer.body.message ?? "", words, JSON.stringify(body));
    }
  assert.equal((await call(`${path}?branch=3`)).status, 400);
  assert.equal((await call(`${path}?branch=x`)).status, 400);
  assert.equal((await call(`${path}/stop?branch=3`, { method: "POST" })).status, 400);
  const patched = await call(`/conversations/${id}`, {
    method: "PATCH",
    body: { active_branch: 2 },
  });
  assert.equal(patched.status, 400);
  assert.deepEqual(await list("?versions=1"), before);
  assert.equal((await call(`/conversations/${id}`)).body.data.active_branch, undefined);
});

test("[X9] what is somebody else's is no question, parent or branch: it answers byte for byte as what is not there", async () => {
  const { path, list, two } = await twoTurns();
  const before = await list("?versions=1");
  const user = "somebody-else";
  const { open, newConversation } = caller(server.url);
  const own = `/conversations/${await newConversation({ user })}/messages`;
  const answer = async (to: string, body: object) => {
    const response = await open(to, { body, user });
    return [response.status, await response.text()];
  };
  const asked = server.model.requests.length;
  const bodies = (id: string) => [
    { answer_again: id },
    { branch_from: id, content: "x" },
    { parent: id, content: "x" },
  ];
  const nothings = bodies(randomUUID());
  for (const [index, body] of bodies(two.id).entries())
    for (const to of [own, `${own}/stream`, path]) {
      const answered = await answer(to, body);
      assert.equal(answered[0], 404);
      assert.deepEqual(answered, await answer(to, nothings[index] ?? {}));
    }
  const theirs = await open(`${path}?branch=1&versions=1`, { user });
  const nothing = await open(`/conversations/${randomUUID()}/messages?branch=1&versions=1`, {
    user,
  });
  assert.deepEqual([theirs.status, await theirs.text()], [404, await nothing.text()]);
  assert.equal(server.model.requests.length, asked);
  assert.deepEqual(await list("?versions=1"), before);
});

test("[H21] a repeated answer_again under its Idempotency-Key makes one version, and search finds what every branch says", async () => {
  const { call, path, list, two } = await twoTurns();
  const word = `w${randomUUID().slice(0, 8)}`;
  const headers = { "idempotency-key": randomUUID() };
  const first = await call(path, { body: { answer_again: two.id }, headers });
  const again = await call(path, { body: { answer_again: two.id }, headers });
  assert.deepEqual(again.body, first.body);
  assert.equal((await list("?versions=1")).at(-1)?.versions?.ids.length, 2);
  const other = await call(path, { body: { answer_again: two.id, model: "scripted" }, headers });
  assert.equal(other.status, 409);

  await call(path, { body: { branch_from: two.id, content: `${word} {{reply text=ok}}` } });
  await call(path, { body: { branch: 0, content: "on {{reply text=on}}" } });
  const found = await call(`/search?q=${word}`);
  assert.equal(found.body.data[0].message.branch, 2);
});
