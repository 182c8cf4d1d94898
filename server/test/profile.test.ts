// What a person keeps for all conversations, through wire 004, and which turns a model is told it in.
// Backends: postgres
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { caller } from "./chat-v1-client.ts";
import { startServer } from "./start-server.ts";

let server: Awaited<ReturnType<typeof startServer>>;
before(async () => {
  server = await startServer();
});
after(() => server[Symbol.asyncDispose]());

const METRIC = "Metric units, please – 😀";
let people = 0;

/** A user of their own, before whom the model has heard nothing. */
function person() {
  server.model.forget();
  const user = `person-${people++}`;
  const { call } = caller(server.url);
  const asked = (path: string, options: Parameters<typeof call>[1] = {}) =>
    call(path, { ...options, user });
  return {
    user,
    call: asked,
    keep: (body: object) => asked("/profile", { method: "PUT", body }),
    say: async (conversation: object = {}) => {
      const { id } = (await asked("/conversations", { body: conversation })).body.data;
      const said = await asked(`/conversations/${id}/messages`, { body: { content: "Hello" } });
      assert.equal(said.status, 201);
      return told();
    },
  };
}

/** The words of every system message that the model was told last. */
const told = (): string[] =>
  (server.model.requests.at(-1)?.body?.messages ?? [])
    .filter(({ role }) => role === "system")
    .map(({ content }) => String(content));

test("[H26] a person's instructions are kept, told to the model with every turn, switched off and deleted", async () => {
  const { call, keep, say } = person();
  const nothing = { instructions: "", uses_instructions: true, updated_at: null };
  assert.deepEqual((await call("/profile")).body.data, nothing);
  assert.deepEqual(await say(), []);

  const kept = await keep({ instructions: METRIC });
  assert.equal(kept.status, 200);
  assert.equal(kept.body.data.instructions, METRIC);
  assert.ok(Date.parse(kept.body.data.updated_at) > 0);
  assert.deepEqual((await call("/profile")).body.data, kept.body.data);
  const [system = "", ...others] = await say();
  assert.ok(system.endsWith(METRIC), system);
  assert.deepEqual(others, []);

  assert.equal((await keep({ instructions: METRIC, uses_instructions: false })).status, 200);
  assert.deepEqual(await say(), []);
  assert.equal((await call("/profile")).body.data.instructions, METRIC);

  assert.deepEqual((await keep({ instructions: " \n" })).body.data, nothing);
  assert.deepEqual(await say(), []);
});

test("[H26] they follow an agent's own, and give way to instructions that a request brings", async () => {
  const { call, keep, say, user } = person();
  await keep({ instructions: METRIC });
  const agent = await call("/agents", {
    body: { name: "Cook", instructions: "Talk like a cook." },
  });
  const [system = ""] = await say({ agent_id: agent.body.data.id });
  assert.match(system, /^Talk like a cook\.\n\n/);
  assert.ok(system.endsWith(METRIC), system);

  const post = async (path: string, body: object) => {
    const headers = {
      authorization: "Bearer anything",
      "content-type": "application/json",
      "x-user-id": user,
    };
    const init = { method: "POST", headers, body: JSON.stringify(body) };
    const answer = await fetch(`${server.url}${path}`, init);
    assert.equal(answer.status, 200, await answer.text());
    return told();
  };
  const shown = (system?: string) => ({
    id: `chat-${user}-${system}`,
    message: { id: randomUUID(), role: "user", parts: [{ type: "text", text: "Hello" }] },
    ...(system && { system }),
  });
  for (const [path, body] of [
    ["/chat", { message: "Hello" }],
    ["/api/chat", shown()],
  ] as const)
    assert.ok((await post(path, body))[0]?.endsWith(METRIC), path);
  assert.deepEqual(await post("/api/chat", shown("Rhyme.")), ["Rhyme."]);
  for (const conversation of [undefined, `named-${user}`])
    assert.deepEqual(await post("/v1/responses", { input: "Hello", conversation }), []);
});

test("[H26] they are nobody else's, at most 4,000 characters, and a refusal changes nothing", async () => {
  const { call, keep } = person();
  const most = "😀".repeat(4_000);
  assert.equal((await keep({ instructions: most })).body.data.instructions, most);
  for (const body of [
    { instructions: `${most}.` },
    { instructions: "a\0b" },
    { instructions: 7 },
    { uses_instructions: false },
  ]) {
    const refused = await keep(body);
    assert.equal(refused.status, 400, JSON.stringify(refused.body));
    assert.equal(refused.body.error?.code, "VALIDATION_ERROR");
  }
  assert.equal((await call("/profile")).body.data.instructions, most);
  assert.equal((await person().call("/profile")).body.data.instructions, "");
});
