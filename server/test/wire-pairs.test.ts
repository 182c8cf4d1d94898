// A reply that is begun in any wire is watched, taken up again, stopped and read in every other one.
// Backends: replicas
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import type { TurnObserver } from "../src/ports/observer.ts";
import { eventsOf } from "./chat-v1-client.ts";
import { responsesClient } from "./responses-client.ts";
import { startServer } from "./start-server.ts";
import { type Server, send } from "./wire-client.ts";
import { BEGINNINGS, headersOf, named, type Told } from "./wire-pairs-begin.ts";
import { findWires, merged } from "./wire-tests.ts";

const FOUND = await findWires();
const READERS = Object.entries(merged(FOUND, ({ crossWire }) => crossWire)).filter(
  ([name]) => !name.startsWith("the socket"),
);

type Running = { readonly conversationId: string; readonly replyId: string };
/** What a watcher has, and how it goes on from there. */
type Watched = Told & { readonly last: string };
/**
 * Watches a running reply from where `before` broke off (null: from its start). With `until` it breaks off when it has
 * been told that much. Resolves once the stream is open.
 */
type Watch = (
  server: Server,
  user: string,
  running: Running,
  before: Watched | null,
  until?: string,
) => Promise<{ readonly whole: Promise<Watched> }>;

const chatV1: Watch = async (server, user, { conversationId }, before, until) => {
  const gone = new AbortController();
  const path = `/v1/chat/conversations/${conversationId}/messages/stream`;
  const headers = { ...headersOf(user), ...(before && { "last-event-id": before.last }) };
  const response = await fetch(server.url + path, { headers, signal: gone.signal });
  const follow = async () => {
    let { text, last } = before ?? { text: "", last: "" };
    let isWhole = false;
    for await (const { id, type, data } of eventsOf(response)) {
      if (type === "ai_chunk") text += data;
      if (type === "ai_complete") isWhole = data.status === "complete";
      last = id || last;
      if (text === until) break;
    }
    gone.abort();
    return { text, isWhole, last };
  };
  return { whole: follow() };
};

const responses: Watch = async (server, user, { replyId }, before, until) => {
  const gone = new AbortController();
  const { replay } = responsesClient(server, user);
  const query = before ? `&starting_after=${before.last}` : "";
  const follow = async () => {
    let { text, last } = before ?? { text: "", last: "" };
    let isWhole = false;
    for await (const event of replay(named("resp_", replyId), query, gone.signal)) {
      if (event.type === "response.output_text.delta") text += event.delta;
      if (event.type === "response.completed") isWhole = true;
      if (event.type !== "[DONE]") last = String(event.sequence_number);
      if (text === until) break;
    }
    gone.abort();
    return { text, isWhole, last };
  };
  return { whole: follow() };
};

/** This wire tells a page that comes back all of it. */
const ui: Watch = async (server, user, { conversationId }, _before, until) => {
  const gone = new AbortController();
  const path = `/api/chat/${conversationId}/stream`;
  const response = await fetch(server.url + path, {
    headers: headersOf(user),
    signal: gone.signal,
  });
  assert.equal(response.status, 200);
  const follow = async () => {
    let text = "";
    let isWhole = false;
    for await (const { type, data } of chunksIn(response)) {
      if (type === "text-delta") text += data;
      if (type === "finish") isWhole = true;
      if (text === until) break;
    }
    gone.abort();
    return { text, isWhole, last: "" };
  };
  return { whole: follow() };
};

async function* chunksIn(response: Response): AsyncGenerator<{ type: string; data: string }> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of response.body ?? []) {
    rest += decoder.decode(bytes, { stream: true });
    const frames = rest.split("\n\n");
    rest = frames.pop() ?? "";
    for (const frame of frames)
      if (frame.startsWith("data: {")) {
        const { type, delta } = JSON.parse(frame.slice("data: ".length));
        yield { type, data: delta };
      }
  }
}

const WATCHES: Readonly<Record<string, Watch>> = { "chat-v1": chatV1, responses, ui };

type Stop = (
  server: Server,
  user: string,
  running: Running,
) => Promise<{ readonly status: number }>;

const STOPS: Readonly<Record<string, Stop>> = {
  "chat-v1": (server, user, { conversationId }) =>
    send(
      server,
      "POST",
      `/v1/chat/conversations/${conversationId}/messages/stop`,
      undefined,
      headersOf(user),
    ),
  ui: (server, user, { conversationId }) =>
    send(server, "DELETE", `/api/chat/${conversationId}/stream`, undefined, headersOf(user)),
  responses: (server, user, { replyId }) =>
    send(
      server,
      "POST",
      `/v1/responses/${named("resp_", replyId)}/cancel`,
      undefined,
      headersOf(user),
    ),
};
/** That wire stops only what was begun in its background, as its reference says. */
const canStop = (stopper: string, beginner: string) =>
  stopper !== "responses" || beginner === "responses, in the background";

const WORDS = ["alpha ", "bravo ", "charlie ", "delta"];
const scripted = (hold: number) => `{{reply text="${WORDS.join("")}" hold=${hold}}} Go`;

/** The next reply of which a first word was said: it is stored by then. */
let saying = Promise.withResolvers<Running>();
const observer: TurnObserver = {
  begin: ({ replyId, conversationId }) => ({
    asked() {},
    firstToken: () => saying.resolve({ replyId, conversationId: conversationId ?? assert.fail() }),
    ended() {},
  }),
};
let server: Server;
before(async () => {
  server = await startServer({ observers: [observer] });
});
after(() => server[Symbol.asyncDispose]());

for (const [beginner, begin] of Object.entries(BEGINNINGS))
  test(`[X6] [X12] begun in ${beginner}, a reply is watched, taken up again, stopped and read in every wire, each as the same`, async () => {
    const user = randomUUID();
    const said: [role: string, content: string][] = [];

    /** Begins a reply, and has all wires watch what is said of it so far. */
    async function start(conversationId: string | null, hold: number) {
      const question = scripted(hold);
      const history = said.map(([role, content]) => ({ role, content }));
      saying = Promise.withResolvers();
      const told = begin({ server, user, conversationId, history }, question);
      told.catch(saying.reject);
      const running = await saying.promise;
      assert.equal(running.conversationId, conversationId ?? running.conversationId);
      const soFar = WORDS.slice(0, hold).join("");
      const watched = await Promise.all(
        Object.entries(WATCHES).map(async ([name, watch]) => {
          const before = await (await watch(server, user, running, null, soFar)).whole;
          assert.equal(before.text, soFar, `watched in ${name}`);
          return { name, ...(await watch(server, user, running, before)) };
        }),
      );
      return {
        running,
        async ends(expected: Told) {
          for (const { name, whole } of watched) {
            const { text, isWhole } = await whole;
            assert.deepEqual({ text, isWhole }, expected, `watched in ${name}`);
          }
          assert.deepEqual(await told, expected, `told in ${beginner}`);
          said.push(["user", question], ["assistant", expected.text]);
          for (const [name, { client, own }] of READERS) {
            const found = await client(server, user).read(own(running.conversationId));
            assert.deepEqual(found?.said, said, `read in ${name}`);
          }
        },
      };
    }

    const first = await start(null, 2);
    server.model.release();
    await first.ends({ text: WORDS.join(""), isWhole: true });
    const { conversationId } = first.running;
    for (const [stopper, stop] of Object.entries(STOPS)) {
      if (!canStop(stopper, beginner)) continue;
      const { running, ends } = await start(conversationId, 1);
      assert.equal((await stop(server, user, running)).status, 200, `stopped in ${stopper}`);
      await ends({ text: "alpha ", isWhole: false });
    }
  });

test("every wire that answers is in this test", () => {
  const wires = Object.keys(FOUND).filter((name) => name !== "conversations");
  const begun = new Set(Object.keys(BEGINNINGS).map((name) => name.split(",")[0]));
  assert.deepEqual([...begun].sort(), wires.sort());
});
