// The proxies that deploy/ describes, run for real before a real server, haproxy.cfg and nginx.conf; and the same
// programs as they are before anybody has configured them.
// Runs: waiting
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { hashOfKey } from "../src/adapters/credentials/keys/credentials.ts";
import { MAX_DOCUMENT_BYTES } from "../src/domain/file.ts";
import { caller, eventsOf } from "./chat-v1-client.ts";
import { skipWithoutHaproxy, startBareHaproxy, startHaproxy } from "./haproxy.ts";
import { recipeFor, skipWithoutNginx, startNginx, startNginxWith } from "./nginx.ts";
import { openRealtime } from "./realtime-client.ts";
import { openSocket } from "./socket-client.ts";
import { startServer } from "./start-server.ts";

const KEY = "ck_proxies";
const PROXIES = [
  {
    name: "haproxy.cfg",
    skip: skipWithoutHaproxy(),
    start: (port: number) => startHaproxy([port], { forwards: true }),
  },
  {
    name: "nginx.conf",
    skip: skipWithoutNginx(),
    start: (port: number) => startNginxWith((own) => recipeFor(own, [port])),
  },
];

let server: Awaited<ReturnType<typeof startServer>>;
before(async () => {
  server = await startServer({
    backend: "sqlite",
    environment: { TRUST_PROXY: "127.0.0.1", RATE_LIMITS: "conversations=5/m" },
  });
  await server.store.createKey({
    id: "key-of-proxies",
    prefix: KEY.slice(0, 8),
    hash: hashOfKey(KEY),
    name: "test",
    tenantId: "local",
    userId: "ann",
    actAs: false,
    isOperator: true,
    models: null,
    createdAt: new Date(),
    revokedAt: null,
  });
});
after(() => server[Symbol.asyncDispose]());

/** A proxy that collects small pieces does so for 200 ms. */
const MAX_LAG_MS = 100;
const GAP_MS = 300;
const REPLIES = 3;

const medianOf = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;

/** What the wires of the field's own clients stream, each with its answer's first and last words in it. */
const STREAMS: Readonly<
  Record<string, (content: string) => readonly [path: string, body: object]>
> = {
  completions: (content) => [
    "/v1/chat/completions",
    { model: "scripted", stream: true, messages: [{ role: "user", content }] },
  ],
  responses: (input) => ["/v1/responses", { stream: true, input }],
  ui: (text) => [
    "/api/chat",
    { id: "proxies", message: { id: "m", role: "user", parts: [{ type: "text", text }] } },
  ],
};

/** How much later each event of one reply comes through the proxy than without it, in milliseconds. */
async function lagsOf(proxyUrl: string): Promise<number[]> {
  const direct = caller(server.url, KEY);
  const proxied = caller(proxyUrl, KEY);
  const id = await direct.newConversation();
  const path = `/conversations/${id}/messages/stream`;
  const content = `{{reply tokens=6 waitComments=3 gapMs=${GAP_MS}}}`;
  const sent = await direct.open(path, { body: { content } });
  assert.equal(sent.status, 200);
  // The model is silent at first, so that this one comes before the first token.
  const watched = await proxied.open(path);
  assert.equal(watched.status, 200);
  const times = async (response: Response) => {
    const seen = new Map<string, number>();
    for await (const { id: event, type } of eventsOf(response))
      if (type === "ai_chunk") seen.set(event, performance.now());
    return seen;
  };
  const [early, late] = await Promise.all([times(sent), times(watched)]);
  return [...early].flatMap(([event, at]) => {
    const there = late.get(event);
    return there === undefined ? [] : [there - at];
  });
}

function testStreams(urlOf: () => string): void {
  for (const [wire, requestFor] of Object.entries(STREAMS))
    test(`[OX10] what ${wire} streams comes while it is said`, { timeout: 60_000 }, async () => {
      const [path, body] = requestFor('{{reply text="alpha bravo" hold=1}}');
      const response = await fetch(`${urlOf()}${path}`, {
        method: "POST",
        headers: { authorization: `Bearer ${KEY}`, "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      assert.equal(response.status, 200);
      let text = "";
      for await (const bytes of response.body ?? []) {
        text += Buffer.from(bytes).toString();
        // The model says no more before this has come.
        if (text.includes("alpha")) server.model.release();
      }
      assert.match(text, /alpha.*bravo.*\[DONE\]/s);
    });
}

function testSockets(proxyOf: () => { readonly port: number }): void {
  test("[RT1] [OR19] the sockets of realtime and of responses pass", async () => {
    const headers = { authorization: `Bearer ${KEY}` };
    await using talk = await openRealtime(proxyOf(), { query: "", headers });
    talk.type("Hello");
    talk.say({ type: "response.create", response: { output_modalities: ["text"] } });
    assert.equal((await talk.next("response.done")).response.status, "completed");
    await using socket = await openSocket(proxyOf(), "/v1/responses", { headers });
    socket.say({ type: "response.create", input: "Hello", store: false });
    for (;;) if ((await socket.next()).type === "response.completed") break;
  });
}

for (const { name, skip, start } of PROXIES)
  describe(name, { skip }, () => {
    let proxy: Awaited<ReturnType<typeof start>>;
    before(async () => {
      proxy = await start(server.port);
    });
    after(() => proxy[Symbol.asyncDispose]());

    test("each token comes as it is made, the first one too", async (context) => {
      const replies = await Promise.all(Array.from({ length: REPLIES }, () => lagsOf(proxy.url)));
      const firsts = replies.map(([first]) => first ?? Number.NaN);
      const median = medianOf(replies.flat());
      const all = replies.flat().map((lag) => lag.toFixed(0));
      context.diagnostic(`later than without the proxy by ${all.join(", ")} ms`);
      assert.ok(all.length >= 4 * REPLIES, `only ${all.length} tokens came on both ways`);
      assert.ok(median < MAX_LAG_MS, `tokens come ${median.toFixed(0)} ms late`);
      assert.ok(Math.min(...firsts) < MAX_LAG_MS, `the first tokens come ${firsts} ms late`);
    });

    test("130 addresses that a client makes up are one address to the limits", async (context) => {
      const statuses = await Promise.all(
        Array.from({ length: 130 }, async (_, index) => {
          const response = await fetch(`${proxy.url}/api/conversations?userId=none`, {
            headers: { "x-forwarded-for": `203.0.113.${index}` },
          });
          await response.arrayBuffer();
          return response.status;
        }),
      );
      const evaded = statuses.filter((status) => status !== 429).length;
      context.diagnostic(`${evaded} of 130 were not limited`);
      assert.ok(evaded <= 5, `${evaded} of 130 were not limited`);
    });

    test("a socket, a stream that resumes and a body of 3 MB pass", async () => {
      const authorization = `Bearer ${KEY}`;
      await using socket = await openSocket(proxy, "/ws?user_id=ann", {
        headers: { authorization },
      });
      socket.say({ type: "message", content: "Hello {{reply text=There}}" });
      for (;;) if (JSON.stringify(await socket.next()).includes("There")) break;

      const { call } = caller(proxy.url, KEY);
      const body = `${" ".repeat(3_000_000)}{"conversations":[]}`;
      const [through, direct] = await Promise.all(
        [call, caller(server.url, KEY).call].map((send) => send("/conversations/import", { body })),
      );
      assert.deepEqual(through?.body, direct?.body);
      assert.equal(through?.status, direct?.status);
      assert.notEqual(through?.status, 413);
    });

    testStreams(() => proxy.url);

    test("[OX9] a picture of 20 MB passes in a body of completions", async () => {
      const url = `data:image/png;base64,${"A".repeat(28 * 1024 * 1024)}`;
      const content = [{ type: "image_url", image_url: { url } }];
      const answer = await fetch(`${proxy.url}/v1/chat/completions`, {
        method: "POST",
        headers: { authorization: `Bearer ${KEY}`, "content-type": "application/json" },
        body: JSON.stringify({ model: "scripted", messages: [{ role: "user", content }] }),
      });
      assert.equal(answer.status, 200, await answer.text());
    });

    testSockets(() => proxy);

    test("the largest file passes, in a form", async () => {
      const form = new FormData();
      form.append(
        "file",
        new Blob(["a".repeat(MAX_DOCUMENT_BYTES)], { type: "text/plain" }),
        "a.txt",
      );
      const answer = await fetch(`${proxy.url}/v1/chat/files`, {
        method: "POST",
        headers: { authorization: `Bearer ${KEY}` },
        body: form,
      });
      assert.equal(answer.status, 201, await answer.text());
    });
  });

describe("nginx that is told nothing but where the server is", { skip: skipWithoutNginx() }, () => {
  let proxy: Awaited<ReturnType<typeof startNginx>>;
  before(async () => {
    proxy = await startNginx(`location / { proxy_pass http://127.0.0.1:${server.port}; }`);
  });
  after(() => proxy[Symbol.asyncDispose]());
  testStreams(() => proxy.url);
});

describe("haproxy that is told nothing but where the server is", {
  skip: skipWithoutHaproxy(),
}, () => {
  let proxy: Awaited<ReturnType<typeof startBareHaproxy>>;
  before(async () => {
    proxy = await startBareHaproxy(server.port);
  });
  after(() => proxy[Symbol.asyncDispose]());
  testStreams(() => proxy.url);
  testSockets(() => proxy);
});
