// The server's tools by the Responses API, with approvals, as OpenAI's own client asks for them.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, beforeEach, test } from "node:test";
import OpenAI from "openai";
import OpenAI6 from "openai-6";
import { AppError } from "../../src/domain/errors.ts";
import { caller } from "../chat-v1-client.ts";
import { eventually } from "../cli-runner.ts";
import { inTime, openSocket } from "../socket-client.ts";
import { ONCE, startServer } from "../start-server.ts";
import { answering, asking, watchedTool } from "../tool-steps.ts";

const write = watchedTool("files__write", {
  ...{ source: "files", effect: "writes", asks: true, isRepeatable: false },
});
const read = watchedTool("files__read", { source: "files" });
const look = watchedTool("look");
const open = watchedTool("own__open", {
  ...{ source: "own", asks: true },
  run: async () => ({ text: "Who are you?", wantsSignIn: true }),
});
const server = await startServer({ tools: [write, read, look, open].map(({ tool }) => tool) });
after(() => server[Symbol.asyncDispose]());
beforeEach(() => {
  server.model.forget();
  for (const tool of [write, read, look]) tool.forget();
});
const model = "scripted";
const tools = [{ type: "mcp" as const, server_label: "files", require_approval: "never" as const }];
const settings = (user: string = randomUUID()) => ({
  baseURL: `${server.url}/v1`,
  apiKey: "local",
  maxRetries: 0,
  defaultHeaders: { "X-User-ID": user },
});
const typesOf = ({ output }: { readonly output: readonly { readonly type: string }[] }) =>
  output.map(({ type }) => type);
type Response = OpenAI.Responses.Response;
const requestsIn = ({ output }: Response) =>
  output.filter((item) => item.type === "mcp_approval_request");
const answersTo = (response: Response, approve: boolean) =>
  requestsIn(response).map(({ id }) => ({
    type: "mcp_approval_response" as const,
    approval_request_id: id,
    approve,
  }));
const offered = (place = 0) =>
  ((server.model.requests[place]?.body?.tools ?? []) as { function: { name: string } }[]).map(
    (tool) => tool.function.name,
  );
const ASKS = () =>
  server.model.next(
    asking([{ name: "files__write", given: { to: "a" } }], { words: "I will write." }),
    answering("It is written."),
  );

for (const [version, Client] of [
  [7, OpenAI],
  [6, OpenAI6 as unknown as typeof OpenAI],
] as const) {
  test(`[OR21] openai ${version}: a call is approved, made once, and the next response goes on with it`, async () => {
    const { responses } = new Client(settings());
    ASKS();
    const first = await responses.create({ model, tools, input: "Write it" });
    assert.deepEqual(offered(), ["files__write", "files__read"]);
    assert.equal(first.status, "completed");
    assert.deepEqual(typesOf(first), ["mcp_list_tools", "message", "mcp_approval_request"]);
    const [listed] = first.output;
    assert.ok(listed?.type === "mcp_list_tools");
    assert.deepEqual(
      [listed.server_label, listed.tools.map(({ name }) => name)],
      ["files", ["write", "read"]],
    );
    const [request] = requestsIn(first);
    assert.deepEqual(
      [request?.name, request?.server_label, request?.arguments],
      ["write", "files", '{"to":"a"}'],
    );
    assert.equal(write.inputs.length, 0);
    const given = { model, tools, previous_response_id: first.id, input: answersTo(first, true) };
    const next = await responses.create(given);
    assert.equal(next.id, `${first.id}_1`);
    assert.equal(next.previous_response_id, first.id);
    assert.deepEqual(typesOf(next), ["mcp_call", "message"]);
    assert.equal(next.output_text.trim(), "It is written.");
    const [call] = next.output;
    assert.ok(call?.type === "mcp_call");
    assert.deepEqual(
      [call.name, call.server_label, call.status, call.error, call.approval_request_id],
      ["write", "files", "completed", null, request?.id],
    );
    assert.match(call.output ?? "", /says/);
    assert.equal(write.inputs.length, 1);
    assert.deepEqual(offered(1), offered(), "whoever goes on with it offers the same tools");
    for (const response of [first, next])
      assert.deepEqual((await responses.retrieve(response.id)).output, response.output);
    // The same answer again begins nothing, and gives the same response; another one is too late.
    assert.deepEqual((await responses.create(given)).output, next.output);
    await assert.rejects(responses.create({ ...given, input: answersTo(first, false) }), {
      status: 409,
    });
    assert.equal(write.inputs.length, 1);
    const inputs = (await responses.inputItems.list(next.id)).data;
    assert.deepEqual(
      inputs.map(({ type }) => type),
      ["mcp_approval_response"],
    );
    const later = await responses.create({ model, input: "More", previous_response_id: next.id });
    assert.equal(later.output_text, "Echo: More");
    const told = JSON.stringify(server.model.requests.at(-1)?.body?.messages);
    for (const words of ["Write it", "I will write.", "It is written."])
      assert.ok(told.includes(words), told);
  });

  test(`[OR21] openai ${version}: streams of both responses, which a replay shows again`, async () => {
    const { responses } = new Client(settings());
    type Seen = { sequence_number: number; type: string }[];
    const streamed = async (given: Parameters<typeof responses.stream>[0]) => {
      const seen: Seen = [];
      const stream = responses.stream(given);
      stream.on("event", (event) => seen.push(event));
      const whole = (await stream.finalResponse()) as Response;
      return { whole, seen: seen.map(({ type, sequence_number: number }) => `${number} ${type}`) };
    };
    ASKS();
    const first = await streamed({ model, tools, input: "Write it" });
    const input = answersTo(first.whole, true);
    assert.equal(input.length, 1);
    const again = await streamed({ response_id: first.whole.id });
    assert.deepEqual(again, first);
    const previous_response_id = first.whole.id;
    const next = await streamed({ model, tools, previous_response_id, input });
    assert.deepEqual(typesOf(next.whole), ["mcp_call", "message"]);
    assert.deepEqual(
      next.seen.slice(2, 8).map((event) => event.replace(/^\d+ response\./, "")),
      [
        "output_item.added",
        "mcp_call.in_progress",
        "mcp_call_arguments.delta",
        "mcp_call_arguments.done",
        "mcp_call.completed",
        "output_item.done",
      ],
    );
    assert.deepEqual(await streamed({ response_id: next.whole.id }), next);
    assert.deepEqual(await streamed({ response_id: first.whole.id }), first);
  });
}

test("[OR21] openai 7: approvals one after the other, a refusal among them", async () => {
  const { responses } = new OpenAI(settings());
  const calls = [1, 2].map((n) => ({ name: "files__write", given: { n } }));
  server.model.next(asking(calls), answering("Done."));
  const first = await responses.create({ model, tools, input: "Both" });
  const [one, two] = answersTo(first, true);
  assert.ok(one && two);
  const second = await responses.create({ model, input: [one] });
  assert.deepEqual(typesOf(second), ["mcp_call", "mcp_approval_request"]);
  assert.deepEqual(answersTo(second, true), [two]);
  const third = await responses.create({ model, input: [{ ...two, approve: false }] });
  assert.equal(third.id, `${first.id}_2`);
  const [declined] = third.output;
  assert.ok(declined?.type === "mcp_call");
  assert.deepEqual([declined.status, declined.output], ["failed", null]);
  assert.match(JSON.stringify(declined.error), /mcp_tool_execution_error.*declined/);
  assert.equal(third.output_text.trim(), "Done.");
  assert.deepEqual(
    write.inputs.map((made) => made.arguments),
    [{ n: 1 }],
  );
  for (const response of [first, second, third])
    assert.deepEqual((await responses.retrieve(response.id)).output, response.output);
});

test("[OR21] openai 7: require_approval asks for what the operator does not, and never less", async () => {
  const { responses } = new OpenAI(settings());
  const reads = () => server.model.next(asking([{ name: "files__read" }]), answering("Read."));
  reads();
  const unasked = await responses.create({ model, tools, input: "Read it" });
  assert.deepEqual(typesOf(unasked), ["mcp_list_tools", "mcp_call", "message"]);
  const wishes: NonNullable<OpenAI.Responses.Tool.Mcp["require_approval"]>[] = [
    "always",
    { never: { tool_names: ["write"] } },
  ];
  for (const require_approval of wishes) {
    reads();
    const [tool] = tools;
    const strict = [{ ...tool!, require_approval }];
    const asked = await responses.create({ model, tools: strict, input: "Read it" });
    assert.deepEqual(typesOf(asked).at(-1), "mcp_approval_request");
    const whole = await responses.create({ model, input: answersTo(asked, true) });
    assert.deepEqual(typesOf(whole), ["mcp_call", "message"]);
  }
  server.model.forget();
  const [tool] = tools;
  await responses.create({ model, tools: [{ ...tool!, allowed_tools: ["read"] }], input: "x" });
  assert.deepEqual(offered(), ["files__read"]);
});

test("[OR21] openai 7: what is not offered is refused in words", async () => {
  const user = randomUUID();
  const { responses } = new OpenAI(settings(user));
  const [tool] = tools;
  assert.ok(tool);
  const of = (more: object) => ({ model, input: "x", tools, ...more });
  const own = { type: "function" as const, name: "mine", parameters: {}, strict: false };
  for (const [given, words] of [
    [{ tools: [{ ...tool, server_url: "https://tools.example/mcp" }] }, /operator alone/],
    [{ tools: [{ ...tool, server_label: "others" }] }, /names no source/],
    [{ tools: [tool, own] }, /together with tools that you run yourself/],
    [{ tools: [tool, tool] }, /the same server_label/],
    [{ store: false }, /responses that the server keeps/],
    [{ tools: [{ ...tool, require_approval: "often" }] }, /Supported values are/],
    [
      { input: [{ type: "mcp_approval_response", approval_request_id: "mcpr_1", approve: true }] },
      /waits for an answer/,
    ],
  ] as const)
    await assert.rejects(responses.create(of(given) as never), (error: Error) => {
      assert.match(error.message, words);
      return (error as { status?: number } & Error).status === 400;
    });
  assert.equal(server.model.requests.length, 0);
  ASKS();
  const first = await responses.create(of({}));
  const input = answersTo(first, true);
  const message = { role: "user" as const, content: "And more" };
  for (const [given, words] of [
    [{ input: [...input, message] }, /request of their own/],
    [{ input: [...input, ...input] }, /answered once/],
    [{ input, previous_response_id: `resp_${"0".repeat(32)}` }, /must name the response/],
    [{ previous_response_id: first.id }, /waits for approvals/],
  ] as const)
    await assert.rejects(responses.create(of(given)), words);
  await assert.rejects(
    new OpenAI(settings()).responses.create(of({ input })),
    /waits for an answer/,
  );
  assert.equal(write.inputs.length, 0);
  const whole = await responses.create(of({ input }));
  assert.equal(whole.output_text.trim(), "It is written.");
  assert.equal((await responses.retrieve(first.id)).status, "completed");
});

test("[OR21] [OR19] on the WebSocket, too", async () => {
  await using socket = await openSocket(server, "/v1/responses", {
    headers: { authorization: "Bearer local", "x-user-id": randomUUID() },
  });
  const answered = async (given: object): Promise<Response> => {
    socket.say({ type: "response.create", model, ...given });
    for (;;) {
      const event = await inTime(socket.next(), "the next event");
      assert.notEqual(event.type, "error", JSON.stringify(event));
      if (event.type === "response.completed") return event.response;
    }
  };
  ASKS();
  const first = await answered({ tools, input: "Write it" });
  const next = await answered({ previous_response_id: first.id, input: answersTo(first, true) });
  assert.deepEqual(typesOf(next), ["mcp_call", "message"]);
});

test(
  "[OR21] openai 7: answers that the store did not take are given again, and are decided about then",
  ONCE,
  async () => {
    const { responses } = new OpenAI(settings());
    ASKS();
    const first = await responses.create({ model, tools, input: "Write it" });
    const given = { model, previous_response_id: first.id, input: answersTo(first, true) };
    const { store } = server;
    const { decide } = store;
    try {
      store.decide = () => Promise.reject(new AppError("unavailable", "The database is away"));
      await assert.rejects(responses.create(given), { status: 503 });
    } finally {
      store.decide = decide;
    }
    const next = await responses.create(given);
    assert.equal(next.id, `${first.id}_1`);
    assert.deepEqual(typesOf(next), ["mcp_call", "message"]);
    assert.deepEqual((await responses.create(given)).output, next.output);
    assert.equal(write.inputs.length, 1);
  },
);

test(
  "[OR21] openai 7: answers that somebody was faster than are 409, also when they are given again",
  ONCE,
  async () => {
    const user = randomUUID();
    const { responses } = new OpenAI(settings(user));
    ASKS();
    const first = await responses.create({ model, tools, input: "Write it" });
    const given = { model, previous_response_id: first.id, input: answersTo(first, true) };
    const { store } = server;
    const { updateTurnRecord } = store;
    const { call } = caller(server.url, "local");
    try {
      store.updateTurnRecord = async (...record) => {
        store.updateTurnRecord = updateTurnRecord;
        const [question] = (await call("/questions", { user })).body.data;
        const path = `/messages/${question.message_id}/calls/${question.call_id}/decision`;
        const { arguments_sha256 } = question;
        await call(path, { body: { decision: "decline", arguments_sha256 }, user });
        return updateTurnRecord(...record);
      };
      await assert.rejects(responses.create(given), { status: 409 });
    } finally {
      store.updateTurnRecord = updateTurnRecord;
    }
    await assert.rejects(responses.create(given), { status: 409 });
    await eventually(
      async () => (await responses.retrieve(first.id)).output_text !== "I will write.",
    );
    const whole = await responses.retrieve(first.id);
    assert.deepEqual(typesOf(whole), ["mcp_list_tools", "message", "mcp_call", "message"]);
    assert.equal(write.inputs.length, 0);
  },
);

test("[OR21] openai 7: a call whose user has to sign in first is asked about again, and approving it again is 409", async () => {
  const { responses } = new OpenAI(settings());
  server.model.next(asking([{ name: "own__open" }]), answering("Not opened."));
  const own = [{ ...tools[0]!, server_label: "own" }];
  const first = await responses.create({ model, tools: own, input: "Open it" });
  const approving = { model, input: answersTo(first, true) };
  const next = await responses.create({ ...approving, previous_response_id: first.id });
  assert.deepEqual([next.id, typesOf(next)], [`${first.id}_1`, ["mcp_approval_request"]]);
  assert.deepEqual(answersTo(next, true), approving.input);
  for (const named of [{}, { previous_response_id: next.id }])
    await assert.rejects(responses.create({ ...approving, ...named }), {
      status: 409,
      message: /as soon as its user has signed in to "own"/u,
    });
  const again = await responses.create({ ...approving, previous_response_id: first.id });
  assert.deepEqual([again.id, again.output], [next.id, next.output], "the same answer again");
  const last = await responses.create({ model, input: answersTo(next, false) });
  assert.deepEqual([last.id, typesOf(last)], [`${first.id}_2`, ["mcp_call", "message"]]);
});

test("[OR21] openai 7: what is said after a running response waits for it, and is refused where that waits for approvals", async () => {
  const user = randomUUID();
  const { responses } = new OpenAI(settings(user));
  server.model.next(
    { ...asking([{ name: "files__write" }]), hold: "head" },
    answering("It is written."),
  );
  const begun = await responses.create({ model, tools, input: "Write it", background: true });
  await server.model.held(1);
  const later = responses.create({ model, input: "More", previous_response_id: begun.id });
  const refused = assert.rejects(later, /waits for approvals/u);
  // By the time this one has come back, the other one waits for the first.
  await responses.create({ model, input: "Hi" });
  server.model.release();
  await refused;
  const first = await responses.retrieve(begun.id);
  const next = await responses.create({ model, input: answersTo(first, true) });
  assert.deepEqual(typesOf(next), ["mcp_call", "message"]);
});

test(
  "[OR21] openai 7: a response says what it asks for also where the questions cannot be read",
  ONCE,
  async () => {
    const { responses } = new OpenAI(settings());
    ASKS();
    const first = await responses.create({ model, tools, input: "Write it" });
    const { store } = server;
    const { questionsOf } = store;
    try {
      store.questionsOf = () => Promise.reject(new AppError("unavailable", "The database is away"));
      assert.deepEqual(requestsIn(await responses.retrieve(first.id)), requestsIn(first));
    } finally {
      store.questionsOf = questionsOf;
    }
  },
);
