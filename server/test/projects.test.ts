// Projects through wire 004: folders for conversations, and what models are told in them.
// Backends: postgres
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { type CallOptions, caller } from "./chat-v1-client.ts";
import { png, upload } from "./file-samples.ts";
import { openSocket } from "./socket-client.ts";
import { startServer } from "./start-server.ts";
import { asking } from "./tool-steps.ts";
import { makeKey } from "./wire-client.ts";

let server: Awaited<ReturnType<typeof startServer>>;
let key: string;
before(async () => {
  server = await startServer({ environment: { MODEL_CONTEXT_TOKENS: "4000", TOOLS: "now" } });
  key = await makeKey(server, { actAs: true });
});
after(() => server[Symbol.asyncDispose]());

/** A user of their own. */
function person() {
  const user = randomUUID();
  const client = caller(server.url, key);
  const call = (path: string, options: CallOptions = {}) => client.call(path, { user, ...options });
  const make = async (path: string, body: object) => {
    const { status, body: made } = await call(path, { body });
    assert.equal(status, 201, JSON.stringify(made));
    return made.data;
  };
  return {
    user,
    call,
    project: (body: object = {}) => make("/projects", { name: "House", ...body }),
    conversation: (body: object = {}) => make("/conversations", body),
    file: async (content: Uint8Array | string, name: string): Promise<string> =>
      (await upload(server.url, content, { user, key, name })).body.data.id,
    change: (path: string, body: object) => call(path, { method: "PATCH", body }),
    listed: async (query = "") => {
      const { data, meta } = (await call(`/conversations${query}`)).body;
      return { ids: data.map(({ id }: { id: string }) => id), total: meta?.total };
    },
    /** What the model is told when that is said there. */
    told: async (conversationId: string, content = "Hello") => {
      const said = await call(`/conversations/${conversationId}/messages`, { body: { content } });
      assert.equal(said.status, 201, JSON.stringify(said.body));
      return toldLast();
    },
  };
}

const toldLast = () =>
  (server.model.requests.at(-1)?.body?.messages ?? []) as { role: string; content: unknown }[];

test("[H62] projects are made, read, listed oldest first, changed in what is given, and deleted", async () => {
  const { call, project, file, change } = person();
  assert.deepEqual((await call("/projects")).body.data, []);
  const plain = await project({ name: "House – 😀" });
  assert.deepEqual([plain.instructions, plain.files], ["", []]);
  const [text, image] = [await file("Bricks", "b.txt"), await file(png(), "a.png")];
  const made = await project({ instructions: "Metric units", file_ids: [text, image] });
  assert.deepEqual(
    made.files.map(({ id, name, read_as }: { id: string; name: string; read_as: string }) => [
      ...[id, name, read_as],
    ]),
    [
      [text, "b.txt", "text"],
      [image, "a.png", "image"],
    ],
  );
  assert.deepEqual((await call(`/projects/${made.id}`)).body.data, made);
  assert.deepEqual((await call("/projects")).body.data, [plain, made]);

  const named = await change(`/projects/${made.id}`, { name: "Garden" });
  const { updated_at } = named.body.data;
  assert.deepEqual(named.body.data, { ...made, name: "Garden", updated_at });
  const fewer = await change(`/projects/${made.id}`, { instructions: "", file_ids: [image] });
  assert.deepEqual([fewer.body.data.instructions, fewer.body.data.files], ["", [made.files[1]]]);
  assert.equal((await call(`/files/${text}`)).status, 404, "nothing has it any more");
  assert.equal((await call(`/files/${image}`, { method: "DELETE" })).status, 200);
  assert.deepEqual((await call(`/projects/${made.id}`)).body.data.files, []);

  const deleted = await call(`/projects/${made.id}`, { method: "DELETE" });
  assert.deepEqual(deleted.body.data, { id: made.id, conversations: 0 });
  for (const options of [{}, { method: "DELETE" }, { method: "PATCH", body: {} }])
    assert.equal((await call(`/projects/${made.id}`, options)).status, 404);
  assert.deepEqual((await call("/projects")).body.data, [plain]);
});

test("[H63] what cannot be kept is refused in words and changes nothing; a repeated key makes one project", async () => {
  const { call, project, file, change } = person();
  const headers = { "idempotency-key": "one-house" };
  const first = await call("/projects", { body: { name: "House" }, headers });
  const again = await call("/projects", { body: { name: "House" }, headers });
  assert.deepEqual(again.body.data, first.body.data);
  const most = "😀".repeat(4_000);
  const kept = await project({ instructions: most });
  const ids = await Promise.all(Array.from({ length: 21 }, (_, n) => file(`${n}`, `${n}.txt`)));
  for (const body of [
    { name: " " },
    { name: "a\nb" },
    { name: "n".repeat(257) },
    { name: 7 },
    { name: "n", instructions: `${most}.` },
    { name: "n", instructions: "a\0b" },
    { name: "n", file_ids: ids },
    { name: "n", file_ids: [ids[0], ids[0]] },
  ])
    for (const refused of [
      await call("/projects", { body }),
      await change(`/projects/${kept.id}`, body),
    ]) {
      assert.equal(refused.status, 400, JSON.stringify(body).slice(0, 80));
      assert.equal(refused.body.error?.code, "VALIDATION_ERROR");
    }
  const tooMany = await change(`/projects/${kept.id}`, { file_ids: ids });
  assert.equal(tooMany.body.error?.details?.field, "file_ids");
  assert.equal((await call("/projects", { body: {} })).status, 400, "a project has a name");
  assert.deepEqual((await call("/projects")).body.data, [first.body.data, kept]);
});

test("[H64] a conversation is begun in a project, moved, listed by it, and says where it is", async () => {
  const { call, project, conversation, change, listed } = person();
  const { id: house } = await project();
  const { id: garden } = await project({ name: "Garden" });
  const outside = await conversation();
  assert.equal("project_id" in outside, false);
  const inside = await conversation({ project_id: house });
  assert.equal(inside.project_id, house);
  const streamed = await caller(server.url, key).open("/conversations/stream", {
    user: outside.user_id,
    body: { content: "Hello", project_id: house },
  });
  const [begun = ""] = /"conversationId":"([^"]+)"/.exec(await streamed.text())?.slice(1) ?? [];
  assert.deepEqual(await listed(`?project_id=${house}`), { ids: [begun, inside.id], total: 2 });
  assert.deepEqual(await listed("?project_id=none"), { ids: [outside.id], total: 1 });
  assert.equal((await listed()).total, 3);

  const moved = await change(`/conversations/${inside.id}`, { project_id: garden });
  assert.deepEqual(moved.body.data, { ...inside, project_id: garden }, "its time stays");
  await change(`/conversations/${inside.id}`, { is_archived: true });
  assert.deepEqual(await listed(`?project_id=${garden}`), { ids: [], total: 0 });
  assert.deepEqual(await listed(`?project_id=${garden}&archived=1`), {
    ...{ ids: [inside.id], total: 1 },
  });
  const unset = await change(`/conversations/${inside.id}`, { project_id: "" });
  assert.deepEqual([unset.status, unset.body.error?.details?.field], [400, "project_id"]);
  const out = await change(`/conversations/${inside.id}`, { project_id: null, is_archived: false });
  assert.deepEqual(out.body.data, inside && { ...outside, ...out.body.data });
  assert.equal("project_id" in out.body.data, false);

  const action = { action: "move", ids: [outside.id, randomUUID(), begun] };
  const results = async (body: object) =>
    (await call("/conversations/actions", { body })).body.data?.results.map(
      ({ done, error }: { done: boolean; error?: { code: string } }) => done || error?.code,
    );
  assert.deepEqual(await results({ ...action, project_id: garden }), [true, "NOT_FOUND", true]);
  assert.deepEqual(await listed(`?project_id=${garden}`), { ids: [begun, outside.id], total: 2 });
  assert.deepEqual(await results({ ...action, project_id: null }), [true, "NOT_FOUND", true]);
  assert.equal((await listed("?project_id=none")).total, 3);
  assert.equal((await call("/conversations/actions", { body: action })).status, 400);
});

test("[H65] deleting a project keeps its conversations, and says how many they are", async () => {
  const { call, project, conversation, listed, told } = person();
  const { id } = await project({ instructions: "Rhyme." });
  const inside = [await conversation({ project_id: id }), await conversation({ project_id: id })];
  await told(inside[1].id);
  const deleted = await call(`/projects/${id}`, { method: "DELETE" });
  assert.deepEqual(deleted.body.data, { id, conversations: 2 });
  assert.match(deleted.body.message ?? "", /kept/);
  assert.equal((await listed("?project_id=none")).total, 2);
  assert.equal((await listed(`?project_id=${id}`)).total, 0);
  assert.equal("project_id" in (await call(`/conversations/${inside[0].id}`)).body.data, false);
  const messages = await call(`/conversations/${inside[1].id}/messages`);
  assert.equal(messages.body.data.length, 2);
  assert.deepEqual(
    (await told(inside[1].id)).map(({ role }) => role),
    ["user", "assistant", "user"],
    "the model is told nothing of it any more",
  );
});

test("[H66] the model is told a project's instructions last, after the agent's and the person's, on every wire that tells the person's", async () => {
  const { user, call, project, conversation, change, told } = person();
  await call("/profile", { method: "PUT", body: { instructions: "Metric units." } });
  const agent = await call("/agents", {
    body: { name: "Cook", instructions: "Talk like a cook." },
  });
  const made = await project({ instructions: "Rhyme – 😀" });
  const inside = await conversation({ project_id: made.id, agent_id: agent.body.data.id });
  const system = async () => String((await told(inside.id))[0]?.content);
  assert.match(
    await system(),
    /^Talk like a cook\.\n\n[^\n]+\nMetric units\.\n\n[^\n]*"House"[^\n]*\nRhyme – 😀$/,
  );
  await change(`/projects/${made.id}`, { instructions: "Briefly." });
  assert.match(await system(), /Briefly\.$/);
  const post = async (path: string, body: object) => {
    const headers = {
      authorization: `Bearer ${key}`,
      "content-type": "application/json",
      "x-user-id": user,
    };
    const answer = await fetch(`${server.url}${path}`, {
      ...{ method: "POST", headers, body: JSON.stringify(body) },
    });
    assert.equal(answer.status, 200, await answer.text());
    return JSON.stringify(toldLast());
  };
  const dialect = { message: "Hello", conversation_id: inside.id };
  assert.match(await post("/chat", dialect), /Briefly\./);
  const conv = `conv_${inside.id.replaceAll("-", "")}`;
  assert.doesNotMatch(
    await post("/v1/responses", { input: "Hello", conversation: conv }),
    /Briefly\./,
  );
  const outside = await conversation();
  assert.doesNotMatch(JSON.stringify(await told(outside.id)), /Briefly|Rhyme/);
  await change(`/conversations/${outside.id}`, { project_id: made.id });
  assert.match(JSON.stringify(await told(outside.id)), /Briefly\./);
});

test("[H66] [H67] the later steps of a reply are told what the first one was", async () => {
  const { project, conversation, file, told } = person();
  const file_ids = [await file("Seven windows", "plan.txt")];
  const { id } = await project({ instructions: "Rhyme.", file_ids });
  const inside = await conversation({ project_id: id });
  server.model.next(asking([{ name: "now" }]));
  const messages = await told(inside.id);
  assert.equal(messages.at(-1)?.role, "tool", "the second step");
  assert.match(JSON.stringify(messages[0]), /Rhyme\./);
  assert.match(JSON.stringify(messages[1]), /Seven windows/);
});

test("[H67] the model is given a project's files before the conversation, as it is given attachments, and only while they are there", async () => {
  const { call, project, conversation, file, told } = person();
  const text = await file("Seven windows", "plan.txt");
  const image = await file(png(), "front.png");
  const { id } = await project({ file_ids: [text, image] });
  const inside = await conversation({ project_id: id });
  const [first, question, ...rest] = await told(inside.id);
  assert.equal(rest.length, 0);
  assert.equal(first?.role, "user");
  assert.match(JSON.stringify(first), /\\"House\\".*File \\"plan.txt\\":.*Seven windows/);
  assert.match(JSON.stringify(first), /data:image\/png;base64,/);
  assert.equal(JSON.stringify(question).includes("Hello"), true);

  const long = await file("tree ".repeat(4_000), "long.txt");
  await call(`/projects/${id}`, { method: "PATCH", body: { file_ids: [long] } });
  const body = { content: "And this?", attachments: [await file("Two doors", "doors.txt")] };
  assert.equal(
    (await call(`/conversations/${inside.id}/messages`, { body })).status,
    201,
    "what does not fit is cut, and the message goes on",
  );
  const asked = JSON.stringify(toldLast());
  assert.match(asked, /only the beginning of the file/);
  assert.match(asked, /Two doors/, "the files of messages come first where there is not room");
  assert.doesNotMatch(asked, /Seven windows/);
  assert.ok(asked.length < 20_000, `${asked.length} characters`);
  await call(`/files/${long}`, { method: "DELETE" });
  assert.doesNotMatch(JSON.stringify(await told(inside.id)), /long\.txt|files of the project/);
});

test("[H66] [H67] by voice, the model is told a project's instructions and given its files, too", async () => {
  const { user, project, conversation, file } = person();
  const file_ids = [await file("Seven windows", "plan.txt")];
  const { id } = await project({ instructions: "Rhyme.", file_ids });
  const inside = await conversation({ project_id: id });
  const headers = { authorization: `Bearer ${key}` };
  await using socket = await openSocket(server, "/ws", { headers });
  await socket.next();
  const capabilities: string[] = [];
  socket.say({
    type: "start_conversation",
    user_id: user,
    conversation_id: inside.id,
    capabilities,
  });
  assert.equal((await socket.next()).type, "conversation_started");
  socket.say({ type: "text_input", text: "How many?" });
  assert.equal((await socket.next()).text, "Echo: How many?");
  assert.match(JSON.stringify(toldLast()[0]), /Rhyme\./);
  assert.match(JSON.stringify(toldLast()[1]), /Seven windows/);
});

test("[H68] a project of another user answers exactly as one that does not exist", async () => {
  const [owner, stranger] = [person(), person()];
  const { id } = await owner.project({ instructions: "Secret" });
  const nothing = randomUUID();
  const mine = await stranger.conversation();
  const answers = async (projectId: string) => {
    const asked: [string, CallOptions][] = [
      [`/projects/${projectId}`, {}],
      [`/projects/${projectId}`, { method: "PATCH", body: { name: "Mine" } }],
      [`/projects/${projectId}`, { method: "DELETE" }],
      ["/conversations", { body: { project_id: projectId } }],
      [`/conversations/${mine.id}`, { method: "PATCH", body: { project_id: projectId } }],
      [`/conversations?project_id=${projectId}`, {}],
      [
        "/conversations/actions",
        { body: { action: "move", ids: [mine.id], project_id: projectId } },
      ],
    ];
    const texts: string[] = [];
    for (const [path, options] of asked) {
      const { status, body } = await stranger.call(path, options);
      texts.push(`${status} ${JSON.stringify(body).replaceAll(/"req_\w+"/g, "")}`);
    }
    return texts;
  };
  assert.deepEqual(await answers(id), await answers(nothing));
  const file = await owner.file("Mine", "a.txt");
  const theirs = await stranger.call("/projects", { body: { name: "n", file_ids: [file] } });
  assert.equal(theirs.status, 404);
  assert.deepEqual((await stranger.call("/projects")).body.data, []);
  assert.equal((await owner.call(`/projects/${id}`)).body.data.name, "House");
});

test("[H69] an export of conversations says where they are, and an import that does not know the project keeps them", async () => {
  const { call, project, conversation } = person();
  const { id } = await project();
  const inside = await conversation({ project_id: id, title: "Windows" });
  await call(`/conversations/${inside.id}/messages`, { body: { content: "How many?" } });
  const exported = await call("/conversations/export", { body: { ids: [inside.id] } });
  assert.equal(exported.body.data[0].project_id, id);
  const other = person();
  const body = { conversations: exported.body.data };
  const imported = await other.call("/conversations/import", { body });
  assert.equal(imported.body.data.imported, 1, JSON.stringify(imported.body));
  assert.equal((await other.listed("?project_id=none")).total, 1);
});
