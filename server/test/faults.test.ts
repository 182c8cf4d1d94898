// Everything that goes wrong with a model, at the start and in the middle, and how each wire tells it.
// Backends: replicas
// Takes: 15 s
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { allEvents, caller, type StreamEvent, textOf } from "./chat-v1-client.ts";
import { CLIENT_WAYS, type Told, type Way, withoutEnd } from "./fault-ways.ts";
import { lastUserMessage, type ReplyScript } from "./model-script.ts";
import { openSocket } from "./socket-client.ts";
import { BACKEND, startServer } from "./start-server.ts";
import { type Server, send } from "./wire-client.ts";

/** Characters of one to four bytes, and some that are several characters. */
const TEXT = "Grüße 👩‍👩‍👧‍👦, 漢字 e\u0301 \ufeff— “done”.";
const FIRST_TWO = "Grüße 👩‍👩‍👧‍👦, ";
const MAX_AT_ONCE = 16;

const chatPost: Way = async (server, user) => ({
  ...withoutEnd,
  async say(message) {
    const { status, body } = await send(server, "POST", "/chat", { message, user_id: user });
    if (status === 200) {
      assert.deepEqual(Object.keys(body), ["response", "conversation_id"]);
      return { error: null, text: body.response };
    }
    assert.equal(status, 502);
    assert.deepEqual(Object.keys(body), ["detail", "text_so_far"]);
    return { error: body.detail, text: null };
  },
});

const chatSocket =
  (stream: boolean): Way =>
  async (server, user) => {
    const socket = await openSocket(server, `/ws?user_id=${user}`);
    return {
      [Symbol.asyncDispose]: () => socket[Symbol.asyncDispose](),
      async say(content) {
        socket.say({ type: "message", content, stream });
        let shown = "";
        let last = await socket.next();
        for (; last.type === "chunk"; last = await socket.next()) {
          assert.ok(stream);
          shown += last.content;
        }
        if (last.type === "response") {
          assert.deepEqual(Object.keys(last), ["type", "content", "conversation_id"]);
          if (stream) assert.equal(shown, last.content);
          return { error: null, text: last.content };
        }
        const { retry_after: _, ...rest } = last;
        assert.deepEqual(Object.keys(rest), ["type", "content", "text_so_far"]);
        assert.equal(last.type, "error");
        if (stream) assert.equal(last.text_so_far, shown);
        return { error: last.content, text: stream ? shown : null };
      },
    };
  };

const dialogix: Way = async (server, user) => ({
  ...withoutEnd,
  async say(message) {
    const body = { message, conversation_id: "session-1704459600000-ab12" };
    const headers = { "x-user-id": user };
    const answer = await send(server, "POST", "/api/v1/chat/completions", body, headers);
    if (answer.status === 200) {
      assert.deepEqual(Object.keys(answer.body), [
        "message",
        "messageId",
        "conversation_id",
        "conversationId",
      ]);
      return { error: null, text: answer.body.message };
    }
    assert.equal(answer.status, 502);
    assert.deepEqual(Object.keys(answer.body), ["error", "details", "text_so_far"]);
    assert.equal(answer.body.error, "The model failed");
    return { error: answer.body.details, text: null };
  },
});

const chatV1Sync: Way = async (server, user) => {
  const { call, newConversation } = caller(server.url);
  const id = await newConversation({ user });
  return {
    ...withoutEnd,
    async say(content) {
      const path = `/conversations/${id}/messages`;
      const { status, body } = await call(path, { body: { content }, user });
      if (status === 201) {
        assert.equal(body.data.length, 2);
        assert.equal(body.data[1].status, "complete");
        return { error: null, text: body.data[1].content };
      }
      assert.equal(status, 502);
      const { message, ...rest } = body;
      assert.deepEqual(rest, { success: false, error: { code: "MODEL_FAILED" } });
      return { error: message ?? "", text: null };
    },
  };
};

function toldBy(events: readonly StreamEvent[]): Told {
  const [ending, done] = events.slice(-2);
  assert.equal(done?.type, "DONE");
  for (const event of events.slice(1, -2)) assert.equal(event.type, "ai_chunk");
  const text = textOf(events);
  if (ending?.type === "ai_complete") {
    assert.equal(ending.data.content, text);
    assert.equal(ending.data.status, "complete");
    return { error: null, text };
  }
  assert.equal(ending?.type, "error");
  const { retry_after: _, ...told } = ending?.data ?? {};
  assert.deepEqual(Object.keys(told), ["code", "message"]);
  assert.equal(ending?.data.code, "MODEL_FAILED");
  return { error: ending?.data.message, text };
}

const chatV1Stream =
  (isCombined: boolean): Way =>
  async (server, user) => {
    const { open, newConversation } = caller(server.url);
    let id = isCombined ? null : await newConversation({ user });
    return {
      ...withoutEnd,
      async say(content) {
        const path = id === null ? "/conversations/stream" : `/conversations/${id}/messages/stream`;
        const response = await open(path, { body: { content }, user });
        assert.equal(response.status, 200);
        const events = await allEvents(response);
        const type = id === null ? "conversation_created" : "user_message";
        assert.equal(events[0]?.type, type);
        const question = id === null ? events[0]?.data.userMessage : events[0]?.data;
        assert.equal(question.content, content);
        id ??= events[0]?.data.conversationId ?? "";
        return toldBy(events);
      },
    };
  };

const voice: Way = async (server, user) => {
  const socket = await openSocket(server, "/ws");
  await socket.next();
  socket.say({ type: "start_conversation", user_id: user });
  assert.equal((await socket.next()).type, "conversation_started");
  return {
    [Symbol.asyncDispose]: () => socket[Symbol.asyncDispose](),
    async say(text) {
      socket.say({ type: "text_input", text });
      const first = await socket.next();
      const isError = first.type === "error";
      if (isError) {
        const { type, message, code, ...rest } = first;
        assert.equal(code, "MODEL_FAILED");
        // Where the provider has said when it can be asked again.
        if ("retry_after" in rest) assert.ok(rest.retry_after > 0);
        else assert.deepEqual(rest, {});
        assert.deepEqual([type, typeof message], ["error", "string"]);
      }
      const answer = isError ? await socket.next() : first;
      const fields = ["type", "text", "audio_data", ...(isError ? ["status"] : [])];
      assert.deepEqual(Object.keys(answer), fields);
      assert.equal(answer.type, "ai_response");
      if (!isError) return { error: null, text: answer.text };
      return { error: first.message, text: answer.text === first.message ? "" : answer.text };
    },
  };
};

const WAYS: Readonly<Record<string, Way>> = {
  "[C1] POST /chat": chatPost,
  "[C5] /ws?user_id=": chatSocket(false),
  "[C5] /ws?user_id=, streamed": chatSocket(true),
  "[D2] completions": dialogix,
  "[H5] messages": chatV1Sync,
  "[H6] messages/stream": chatV1Stream(false),
  "[H7] conversations/stream": chatV1Stream(true),
  "[S9] voice, typed": voice,
};

/** What the wires of the field's own clients are tried with: each kind of ending, at each place. */
const TRIED_WITH_CLIENTS = [
  "429, always",
  "500 twice",
  "a cut at the start",
  "a cut in the middle",
  "garbage in the middle",
  "an error object in the middle",
  "the finish reason error",
  "no finish reason",
  "a byte a write",
];

type Ending = {
  /** What the error says; null: there is none. */
  readonly error: RegExp | null;
  /** What is kept of the reply. */
  readonly kept: string;
  /** How often the model is asked. */
  readonly requests: number;
  readonly leastMs?: number;
  readonly mostMs?: number;
};

const whole = (requests = 1): Ending => ({ error: null, kept: TEXT, requests });
const failed = (error: RegExp, kept: string, requests: number): Ending => ({
  error,
  kept,
  requests,
});
const LIMITED = /receiving too many requests$/;
const FAILED = /^The model provider openai failed$/;
const STALLED = /stopped answering$/;
const CUT = /closed the connection$|broke off its reply$/;
const GARBAGE = /sent something that is not a reply$/;

/** What a directive in the message can ask for. */
const FAULTS: Readonly<Record<string, readonly [directive: string, Ending]>> = {
  "429, always": ["failStatus=429", failed(LIMITED, "", 3)],
  "429 that lasts a minute": ["failStatus=429 retryAfter=60", failed(LIMITED, "", 1)],
  "429 once": ["failStatus=429 failTimes=1", whole(2)],
  "429 for a second": ["failStatus=429 retryAfter=1 failTimes=1", { ...whole(2), leastMs: 1000 }],
  "500, always": ["failStatus=500", failed(FAILED, "", 3)],
  "500 twice": ["failStatus=500 failTimes=2", whole(3)],
  "a cut before the head": ["cut=head", failed(CUT, "", 3)],
  "a cut at the start": ["cut=0", failed(CUT, "", 3)],
  "a cut at the start, once": ["cut=0 failTimes=1", whole(2)],
  "a cut in the middle": ["cut=2", failed(CUT, FIRST_TWO, 1)],
  "a cut after the finish reason": ["cut=end noDone", whole()],
  "garbage at the start": ["garbage=0", failed(GARBAGE, "", 1)],
  "garbage in the middle": ["garbage=2", failed(GARBAGE, FIRST_TWO, 1)],
  "an error object at the start": ["error=0", failed(FAILED, "", 3)],
  "an error object in the middle": ["error=2", failed(FAILED, FIRST_TWO, 1)],
  "an error in a choice, in the middle": ["error=2 errorIn=choice", failed(FAILED, FIRST_TWO, 1)],
  "an error event in the middle": ["error=2 errorIn=event", failed(FAILED, FIRST_TWO, 1)],
  "the finish reason error": ["finishReason=error", failed(FAILED, TEXT, 1)],
  "no finish reason": ["finishReason=null", failed(CUT, TEXT, 1)],
  "no finish reason, no [DONE]": ["finishReason=null noDone", failed(CUT, TEXT, 1)],
  "no [DONE]": ["noDone", whole()],
  "no end": ["noEnd", whole()],
  CRLF: ["crlf", whole()],
  "comments at the start": ["waitComments=3 gapMs=20", whole()],
  "comments in the middle": ["comments gapMs=5", whole()],
  "a byte a write": ["split=1", whole()],
  "three bytes a write, CRLF, comments, no [DONE]": ["split=3 crlf comments noDone", whole()],
  "plain JSON": ["json", whole()],
};

/** Given up after a second without a byte; a busy machine may take some more. */
const stalled = (kept: string): Ending => ({
  ...failed(STALLED, kept, 1),
  leastMs: 900,
  mostMs: 20_000,
});
const STALLS: typeof FAULTS = {
  "a stall before the head": ["stall=head", stalled("")],
  "a stall at the start": ["stall=0", stalled("")],
  "a stall in the middle": ["stall=2", stalled(FIRST_TWO)],
};

/** What only a script can ask for. */
const SCRIPTED: Readonly<Record<string, readonly [ReplyScript, Ending]>> = {
  "a limit inside the stream, at the start": [
    { text: TEXT, error: 0, errorBody: { code: 429 } },
    failed(LIMITED, "", 3),
  ],
  "a limit inside the stream, in the middle": [
    { text: TEXT, error: 2, errorBody: { code: "rate_limit_exceeded" } },
    failed(LIMITED, FIRST_TWO, 1),
  ],
  "a web page": [{ raw: ["<html>", "busy"], contentType: "text/html" }, failed(GARBAGE, "", 1)],
  "nothing at all": [{ raw: [] }, failed(CUT, "", 3)],
};

/**
 * How a provider says what is wrong is read by the server that asked it. On replicas it is repeated how it ends: before or
 * after the first word, whole after it was tried again, with all the text and no end, by a stall.
 */
const ON_REPLICAS = new Set([
  "429, always",
  "500 twice",
  "a cut in the middle",
  "no finish reason",
  "plain JSON",
  "a stall in the middle",
]);

/** One fault on one way: first the message that meets it, then another. */
function cell(
  server: Server,
  way: Way,
  { error, kept, requests, leastMs = 0, mostMs = Infinity }: Ending,
) {
  const user = crypto.randomUUID();
  const { call } = caller(server.url);
  const stored = async () => {
    const { data: conversations } = (await call("/conversations", { user })).body;
    if (exchange.length === 0 && conversations.length === 0) return [];
    assert.equal(conversations.length, 1);
    const { data } = (await call(`/conversations/${conversations[0].id}/messages`, { user })).body;
    return data.map(({ role, content, status }: Record<string, string>) => [role, content, status]);
  };
  const asked = (text: string) =>
    server.model.requests.filter(({ body }) => body && lastUserMessage(body) === text);
  const opening = way(server, user);
  let exchange: readonly unknown[] = [];
  let first = "";
  return {
    async meet(directive: string | null) {
      // The user's name makes the script this message's own, so that its faults are counted apart.
      const script = `of=${user} ${directive} text=${JSON.stringify(TEXT)}`;
      first = directive ? `${user} {{reply ${script}}}` : user;
      const { say, leavesNothing = false } = await opening;
      const sentAtMs = performance.now();
      const told = await say(first);
      const tookMs = performance.now() - sentAtMs;
      assert.ok(tookMs >= leastMs, "Retry-After was not waited for");
      assert.ok(tookMs <= mostMs, `it took ${tookMs} ms`);
      if (error) assert.match(told.error ?? "no error", error);
      else assert.equal(told.error, null);
      if (told.text !== null) assert.equal(told.text, kept);
      assert.equal(asked(first).length, requests, "requests to the model");
      exchange =
        error && kept === "" && leavesNothing
          ? []
          : [
              ["user", first, "complete"],
              ["assistant", kept, error ? "failed" : "complete"],
            ];
      assert.deepEqual(await stored(), exchange);
    },
    async goOn() {
      await using talk = await opening;
      const next = `${user} And now? {{reply text="All is well."}}`;
      assert.deepEqual(await talk.say(next), { error: null, text: "All is well." });
      assert.deepEqual(await stored(), [
        ...exchange,
        ["user", next, "complete"],
        ["assistant", "All is well.", "complete"],
      ]);
      const [request] = asked(next);
      const isRemembered = request?.body?.messages?.some(({ content }) => content === first);
      assert.equal(isRemembered, exchange.length > 0);
    },
  };
}

const waysFor = (fault: string): Readonly<Record<string, Way>> =>
  TRIED_WITH_CLIENTS.includes(fault) ? { ...WAYS, ...CLIENT_WAYS } : WAYS;

function describeFaults(name: string, faults: typeof FAULTS, environment: Record<string, string>) {
  describe(name, { concurrency: MAX_AT_ONCE }, () => {
    let server: Server;
    before(async () => {
      server = await startServer({ environment: { LOG_LEVEL: "silent", ...environment } });
    });
    after(() => server[Symbol.asyncDispose]());
    const chosen = Object.entries(faults).filter(
      ([fault]) => BACKEND === "sqlite" || ON_REPLICAS.has(fault),
    );
    for (const [fault, [directive, ending]] of chosen)
      for (const [wire, way] of Object.entries(waysFor(fault)))
        test(`${wire}: ${fault}`, async () => {
          const { meet, goOn } = cell(server, way, ending);
          await meet(directive);
          await goOn();
        });
  });
}

describeFaults("faults", FAULTS, {});
describeFaults("stalls", STALLS, { MODEL_IDLE_SECONDS: "1" });

describe("faults that need a script", {
  skip: BACKEND !== "sqlite" && "told by one server",
}, () => {
  let server: Server;
  before(async () => {
    server = await startServer({ environment: { LOG_LEVEL: "silent" } });
  });
  after(() => server[Symbol.asyncDispose]());
  for (const [fault, [script, ending]] of Object.entries(SCRIPTED))
    test(`[C1] [C5] [D2] [H5] [H6] [H7] [S9] ${fault}`, async () => {
      server.model.forget();
      const cells = Object.values(WAYS).map((way) => cell(server, way, ending));
      const expected = cells.length * ending.requests;
      server.model.next(...Array.from({ length: expected }, () => script));
      await Promise.all(cells.map(({ meet }) => meet(null)));
      assert.equal(server.model.requests.length, expected);
      await Promise.all(cells.map(({ goOn }) => goOn()));
    });
});
