// What a request for a response may say, and what it is told where it says something else.
import assert from "node:assert/strict";
import { test } from "node:test";
import { responsesClient, wordsOf } from "./responses-client.ts";
import { sharedServer } from "./shared-server.ts";

const tool = { type: "function", name: "look", parameters: { type: "object" } };
const said = (content: unknown, role = "user") => ({ input: [{ role, content }] });

/** What is refused: the body, the field that is at fault, and the code. */
const REFUSED: readonly (readonly [body: object, param: string, code: string])[] = [
  [{}, "input", "missing_required_parameter"],
  [{ input: 3 }, "input", "invalid_type"],
  [{ input: [] }, "input", "empty_array"],
  [{ input: ["x"] }, "input[0]", "invalid_type"],
  [{ input: [{ role: "user" }] }, "input[0].content", "missing_required_parameter"],
  [{ input: [{ content: "x" }] }, "input[0].type", "missing_required_parameter"],
  [said("x", "function"), "input[0].role", "invalid_value"],
  [said([{ type: "input_text" }]), "input[0].content[0].text", "missing_required_parameter"],
  [said([{ type: "video" }]), "input[0].content[0].type", "invalid_value"],
  [said([{ type: "input_image" }]), "input[0].content[0].image_url", "missing_required_parameter"],
  [
    said([{ type: "input_image", image_url: "ftp://x/y.png" }]),
    "input[0].content[0].image_url",
    "invalid_value",
  ],
  [
    said([{ type: "input_image", image_url: "https://x/y.png" }], "system"),
    "input[0].content[0].type",
    "invalid_value",
  ],
  [
    said([{ type: "input_file", file_id: "file-1" }]),
    "input[0].content[0].file_id",
    "invalid_value",
  ],
  [{ input: [{ type: "web_search_call", id: "ws_1" }] }, "input[0].type", "invalid_value"],
  [
    { input: [{ type: "function_call_output", call_id: "call_9", output: "x" }] },
    "input[0].call_id",
    "invalid_value",
  ],
  [
    { input: [{ type: "compaction", encrypted_content: "of another" }] },
    "input[0].encrypted_content",
    "invalid_value",
  ],
  [{ input: "x", model: 3 }, "model", "invalid_type"],
  [{ input: "x", temperature: "hot" }, "temperature", "invalid_type"],
  [{ input: "x", temperature: 2.5 }, "temperature", "decimal_above_max_value"],
  [{ input: "x", top_p: -1 }, "top_p", "decimal_below_min_value"],
  [{ input: "x", max_output_tokens: 0 }, "max_output_tokens", "integer_below_min_value"],
  [{ input: "x", top_logprobs: 21 }, "top_logprobs", "integer_above_max_value"],
  [{ input: "x", stream: "yes" }, "stream", "invalid_type"],
  [{ input: "x", truncation: "middle" }, "truncation", "invalid_value"],
  [{ input: "x", metadata: { a: 1 } }, "metadata.a", "invalid_type"],
  [
    { input: "x", metadata: Object.fromEntries(Array.from({ length: 17 }, (_, key) => [key, ""])) },
    "metadata",
    "object_above_max_properties",
  ],
  [{ input: "x", include: [7] }, "include[0]", "invalid_type"],
  [{ input: "x", prompt: { id: "pmpt_1" } }, "prompt", "unsupported_value"],
  [{ input: "x", background: true, store: false }, "background", "unsupported_value"],
  [
    { input: "x", conversation: "conv_1", previous_response_id: "resp_1" },
    "previous_response_id",
    "mutually_exclusive_parameters",
  ],
  [{ input: "x", conversation: "mine", store: false }, "store", "mutually_exclusive_parameters"],
  [{ input: "x", tools: [{ type: "web_search" }] }, "tools[0].type", "unsupported_value"],
  [{ input: "x", tools: [{ type: "function" }] }, "tools[0].name", "missing_required_parameter"],
  [{ input: "x", tools: [tool, tool] }, "tools[1].name", "invalid_value"],
  [{ input: "x", tool_choice: "required" }, "tool_choice", "invalid_value"],
  [
    { input: "x", tools: [tool], tool_choice: { type: "function", name: "other" } },
    "tool_choice.name",
    "invalid_value",
  ],
  [
    { input: "x", tools: [tool], tool_choice: { type: "allowed_tools", tools: [] } },
    "tool_choice.tools",
    "empty_array",
  ],
  [
    { input: "x", text: { format: { type: "json_schema", name: "n" } } },
    "text.format.schema",
    "missing_required_parameter",
  ],
  [{ input: "x", text: { format: { type: "xml" } } }, "text.format.type", "invalid_value"],
];

test("[OR3] [OR9] [OX2] each refusal names the field and has its code, and asks no model", async () => {
  const server = await sharedServer();
  const { create } = responsesClient(server);
  for (const [body, param, code] of REFUSED) {
    const { status, body: answer, headers } = await create({ store: false, ...body });
    const of = JSON.stringify(body);
    assert.equal(status, 400, of);
    const { message, ...error } = answer.error;
    assert.deepEqual(error, { type: "invalid_request_error", param, code }, of);
    assert.ok(message.length > 10, message);
    assert.equal(headers.get("x-should-retry"), "false");
  }
  assert.equal(server.model.requests.length, 0);
});

test("[OR3] a string, messages with and without type, and parts of each kind are told to the model in order", async () => {
  const server = await sharedServer();
  const { create } = responsesClient(server);
  const png = "data:image/png;base64,iVBORw0KGgo=";
  const { status } = await create({
    store: false,
    instructions: "Be brief.",
    input: [
      { role: "system", content: "First." },
      { type: "message", role: "developer", content: [{ type: "input_text", text: "Second." }] },
      { role: "user", content: "Hello" },
      {
        type: "message",
        role: "assistant",
        id: "msg_1",
        status: "completed",
        phase: "final_answer",
        content: [{ type: "output_text", text: "Hi.", annotations: [] }],
      },
      {
        role: "user",
        content: [
          { type: "input_text", text: "Look" },
          { type: "input_image", image_url: png, detail: "low" },
          { type: "input_image", image_url: "https://example.org/a.png" },
          { type: "input_file", filename: "a.txt", file_data: "data:text/plain;base64,aGk=" },
        ],
      },
    ],
  });
  assert.equal(status, 200);
  const { body } = await server.model.requested();
  assert.deepEqual(body?.messages, [
    { role: "system", content: "Be brief." },
    { role: "system", content: "First." },
    { role: "system", content: "Second." },
    { role: "user", content: "Hello" },
    { role: "assistant", content: "Hi." },
    {
      role: "user",
      content: [
        { type: "text", text: "Look" },
        { type: "image_url", image_url: { url: png, detail: "low" } },
        { type: "image_url", image_url: { url: "https://example.org/a.png" } },
        { type: "file", file: { filename: "a.txt", file_data: "data:text/plain;base64,aGk=" } },
      ],
    },
  ]);
});

test("[OR3] calls that came at once are one message, outputs follow them, and calls without an output are left out", async () => {
  const server = await sharedServer();
  const { create } = responsesClient(server);
  const call = (id: string) => ({
    type: "function_call",
    call_id: id,
    name: "look",
    arguments: `{"at":"${id}"}`,
  });
  const { status } = await create({
    store: false,
    input: [
      { role: "user", content: "Look twice" },
      { type: "reasoning", id: "rs_1", summary: [{ type: "summary_text", text: "Hm." }] },
      call("a"),
      call("b"),
      { type: "function_call_output", call_id: "a", output: "one" },
      {
        type: "function_call_output",
        call_id: "b",
        output: [{ type: "input_text", text: "two" }],
      },
      call("c"),
      { role: "user", content: "Never mind" },
    ],
  });
  assert.equal(status, 200);
  const { body } = await server.model.requested();
  const asked = (id: string) => ({
    id,
    type: "function",
    function: { name: "look", arguments: `{"at":"${id}"}` },
  });
  assert.deepEqual(body?.messages, [
    { role: "user", content: "Look twice" },
    { role: "assistant", content: null, tool_calls: [asked("a"), asked("b")] },
    { role: "tool", tool_call_id: "a", content: "one" },
    { role: "tool", tool_call_id: "b", content: "two" },
    { role: "user", content: "Never mind" },
  ]);
});

test("[OR9] what is honoured reaches the provider, and all that was asked comes back in the response", async () => {
  const server = await sharedServer();
  const { create } = responsesClient(server);
  const schema = { type: "object", properties: { a: { type: "string" } } };
  const asked = {
    temperature: 0.5,
    top_p: 0.9,
    max_output_tokens: 99,
    presence_penalty: 1,
    frequency_penalty: -1,
    parallel_tool_calls: false,
    metadata: { a: "b" },
    user: "somebody",
    safety_identifier: "s",
    prompt_cache_key: "k",
    truncation: "auto",
    tool_choice: { type: "function", name: "look" },
    max_tool_calls: 3,
  };
  const { body: response } = await create({
    ...asked,
    store: false,
    service_tier: "flex",
    unknown_field: [1],
    input: "x",
    tools: [tool],
    reasoning: { effort: "low", summary: "auto" },
    text: { format: { type: "json_schema", name: "answer", schema }, verbosity: "low" },
  });
  for (const [name, value] of Object.entries(asked)) assert.deepEqual(response[name], value, name);
  assert.equal(response.service_tier, "default");
  assert.deepEqual(response.reasoning, { effort: "low", summary: "auto" });
  assert.deepEqual(response.tools, [{ ...tool, description: null, strict: null }]);
  assert.deepEqual(response.text, {
    format: { type: "json_schema", name: "answer", schema, description: null, strict: false },
    verbosity: "low",
  });
  const { body } = await server.model.requested();
  assert.equal(body?.temperature, 0.5);
  assert.equal(body?.top_p, 0.9);
  assert.equal(body?.presence_penalty, 1);
  assert.equal(body?.frequency_penalty, -1);
  assert.equal(body?.parallel_tool_calls, false);
  assert.equal(body?.reasoning_effort, "low");
  assert.equal(body?.verbosity, "low");
  assert.equal(body?.max_completion_tokens ?? body?.max_tokens, 99);
  assert.deepEqual(body?.tool_choice, { type: "function", function: { name: "look" } });
  assert.deepEqual(body?.response_format, {
    type: "json_schema",
    json_schema: { name: "answer", schema },
  });
});

test("[OR10] with truncation auto the oldest of what was said before is left out; instructions and the input never", async () => {
  const server = await sharedServer();
  const { call, create } = responsesClient(server);
  const long = `${"word ".repeat(15_000)}{{reply text=noted}}`;
  const first = (await create({ input: long })).body;
  const second = (
    await create({
      input: "{{reply text=kept}}",
      previous_response_id: first.id,
      truncation: "auto",
    })
  ).body;
  assert.equal(wordsOf(second), "kept");
  const { body } = server.model.requests[1] ?? {};
  assert.deepEqual(
    body?.messages?.map(({ role }) => role),
    ["assistant", "user"],
  );
  await create({ input: "{{reply text=all}}", previous_response_id: first.id, instructions: "I" });
  assert.equal(server.model.requests[2]?.body?.messages?.length, 4);
  assert.equal((await call("GET", `/responses/${second.id}`)).body.truncation, "auto");
});

test("[OR17] input tokens are estimated for all that the model would be told, and no model is asked", async () => {
  const server = await sharedServer();
  const { call } = responsesClient(server);
  const count = async (body: object): Promise<number> => {
    const answer = await call("POST", "/responses/input_tokens", { model: "scripted", ...body });
    assert.equal(answer.status, 200);
    assert.equal(answer.body.object, "response.input_tokens");
    return answer.body.input_tokens;
  };
  const short = await count({ input: "Hello" });
  assert.ok(short > 0);
  assert.ok((await count({ input: "Hello ".repeat(100) })) > short + 50);
  assert.ok((await count({ input: "Hello", instructions: "Be brief" })) > short);
  assert.ok((await count({ input: "Hello", tools: [tool] })) > short);
  assert.equal(server.model.requests.length, 0);
});
