// Tools in a namespace, as Codex offers those of its MCP servers.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { type Event, responsesClient } from "./responses-client.ts";
import { sharedServer, type TestServer } from "./shared-server.ts";

const tool = (name: string) => ({
  type: "function",
  name,
  description: `To ${name}`,
  strict: false,
  parameters: { type: "object", properties: { q: { type: "string" } } },
});
const DOCS = {
  type: "namespace",
  name: "mcp__docs",
  description: "Documents",
  tools: [tool("search"), tool("read")],
};
const WEB = { ...DOCS, name: "mcp__web", tools: [tool("search")] };
const AGENTS = { type: "namespace", name: "multi_agent_v1", description: "Agents", tools: [] };
const PLAIN = tool("search");
const QUESTION = { type: "message", role: "user", content: [{ type: "input_text", text: "Find" }] };

type ToldTool = { readonly function: { readonly name: string } };

/** The tools that the model was offered last. */
const toolsTold = ({ model }: TestServer) =>
  (model.requests.at(-1)?.body?.tools ?? []) as readonly ToldTool[];

/** The model asks for that tool. */
const asking = (name: string) => ({
  raw: [
    ...[
      { delta: { tool_calls: [{ index: 0, id: "call_1", function: { name, arguments: "{}" } }] } },
      { delta: {}, finish_reason: "tool_calls" },
    ].map((choice) => `data: ${JSON.stringify({ choices: [{ index: 0, ...choice }] })}\n\n`),
    "data: [DONE]\n\n",
  ],
});

for (const isKept of [false, true])
  test(`[OR9] [OR11] tools of a namespace reach the model under names of their own, and a call says both names, ${isKept ? "kept" : "not kept"}`, async () => {
    const server = await sharedServer();
    const client = responsesClient(server);
    const kept: Record<string, string> = isKept ? { "session-id": randomUUID() } : {};
    const body = { model: "scripted", store: false, tools: [PLAIN, DOCS, WEB, AGENTS] };
    const toldNames = () => toolsTold(server).map(({ function: { name } }) => name);

    assert.equal((await client.create({ ...body, input: "Hello" })).status, 200);
    const names = toldNames();
    assert.equal(new Set(names).size, 4);
    for (const name of names) assert.match(name, /^[a-zA-Z0-9_-]{1,64}$/);
    const [plain = "", search = ""] = names;

    server.model.next(asking(search));
    const first = await client.create({ ...body, input: [QUESTION] }, kept);
    assert.equal(first.status, 200, first.text);
    assert.deepEqual(first.body.tools, [PLAIN, DOCS, WEB, AGENTS], "as they were offered");
    const [call] = first.body.output;
    assert.deepEqual(
      [call.type, call.name, call.namespace, call.call_id],
      ["function_call", "search", "mcp__docs", "call_1"],
    );

    const output = { type: "function_call_output", call_id: "call_1", output: "found" };
    const input = [QUESTION, call, output];
    server.model.next({ text: "Found it." });
    const second = await client.create({ ...body, input }, kept);
    assert.equal(second.status, 200, second.text);
    const told = JSON.stringify(server.model.requests.at(-1)?.body?.messages);
    assert.ok(told.includes(`"name":"${search}"`), told);

    server.model.next(asking(plain));
    const third = await client.create({ ...body, input: "Search" });
    assert.deepEqual(
      [third.body.output[0].name, "namespace" in third.body.output[0]],
      ["search", false],
    );

    const choice = { type: "function", name: "search", namespace: "mcp__web" };
    const chosen = await client.create({ ...body, input: "Search", tool_choice: choice });
    assert.equal(chosen.status, 200, chosen.text);
    assert.deepEqual(chosen.body.tool_choice, choice);
    assert.deepEqual(server.model.requests.at(-1)?.body?.tool_choice, {
      type: "function",
      function: { name: names[3] },
    });
    if (!isKept) return;
    const id = second.headers.get("x-conversation-id");
    const { data } = (await client.call("GET", `/conversations/${id}/items?order=asc`)).body;
    const stored = data.find(({ type }: Event) => type === "function_call");
    assert.deepEqual([stored.name, stored.namespace], ["search", "mcp__docs"]);
  });

test("[OR12] the events of a call of a namespace's tool say both names", async () => {
  const server = await sharedServer();
  const client = responsesClient(server);
  const asked = { model: "scripted", tools: [DOCS], input: "Find" };
  await client.create(asked);
  server.model.next(asking(toolsTold(server)[1]?.function.name ?? ""));
  const events: Event[] = [];
  for await (const event of client.stream(asked)) events.push(event);
  const told = events.flatMap(({ type, item, name, namespace }) => {
    if (type === "response.function_call_arguments.done") return [[name, namespace]];
    return item ? [[item.name, item.namespace]] : [];
  });
  assert.deepEqual(told, Array(3).fill(["read", "mcp__docs"]));
});

test("[OR9] [OX2] two tools of one name in one namespace, and a namespace without a name, are refused by their place", async () => {
  const client = responsesClient(await sharedServer());
  const refused = async (tools: readonly object[]) => {
    const { status, body } = await client.create({ model: "scripted", input: "x", tools });
    return [status, body.error.param];
  };
  assert.deepEqual(await refused([{ ...DOCS, tools: [PLAIN, PLAIN] }]), [
    400,
    "tools[0].tools[1].name",
  ]);
  assert.deepEqual(await refused([PLAIN, { ...DOCS, name: undefined }]), [400, "tools[1].name"]);
  assert.deepEqual(await refused([{ ...DOCS, tools: [{ type: "web_search" }] }]), [
    400,
    "tools[0].tools[0].type",
  ]);
  assert.deepEqual(await refused([{ ...DOCS, name: "a-__-b" }]), [400, "tools[0].tools[0].name"]);
});
