// The page's client of wire 003 against a whole server, over connections that break.
// Runs: waiting
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { startCuttingProxy } from "../../client/test/cutting-proxy.ts";
import { startServer } from "../../server/test/start-server.ts";
import type { ServerMessage } from "../src/voice/voice-messages.ts";
import { openVoiceWire, type VoiceWireOptions, type WireState } from "../src/voice/voice-wire.ts";
import { claim } from "./people.ts";

type Event = WireState | ServerMessage;
type KindOf<Kind> = Extract<WireState, { kind: Kind }>;

/** A wire, and all that it has told. */
function open(serverUrl: string, options: Partial<VoiceWireOptions> = {}) {
  const told: Event[] = [];
  let changed = Promise.withResolvers<void>();
  const tell = (event: Event) => {
    told.push(event);
    changed.resolve();
    changed = Promise.withResolvers();
  };
  const wire = openVoiceWire({
    url: `${serverUrl.replace(/^http/, "ws")}/ws`,
    key: null,
    conversationId: null,
    whyRefused: async () => null,
    ...options,
    onState: tell,
    onMessage: tell,
  });
  async function until<E extends Event>(is: (event: Event) => event is E, from = 0): Promise<E> {
    for (;;) {
      const found = told.slice(from).find(is);
      if (found) return found;
      await changed.promise;
    }
  }
  const state = <Kind extends WireState["kind"]>(kind: Kind, from = 0): Promise<KindOf<Kind>> =>
    until((event): event is KindOf<Kind> => "kind" in event && event.kind === kind, from);
  type Answer = Extract<ServerMessage, { type: "ai_response" }>;
  const answers = (): Answer[] =>
    told.filter((event): event is Answer => "type" in event && event.type === "ai_response");
  return {
    wire,
    told,
    state,
    answers,
    answered: (from = 0) =>
      until(
        (event): event is Answer => "type" in event && event.type === "ai_response" && event.final,
        from,
      ),
    text: () =>
      answers()
        .map(({ text }) => text)
        .join(" ")
        .trim(),
    [Symbol.dispose]: () => wire.close(),
  };
}

test("typed text is answered, spoken, in a conversation that can be gone on with", async () => {
  await using server = await startServer({ builtIn: true });
  using first = open(server.url);
  first.wire.text("Hello there");
  await first.answered();
  assert.equal(first.text(), "You said: Hello there");
  assert.ok(first.answers()[0]?.audio_data);
  const { conversationId, isResumed } = await first.state("ready");
  assert.equal(isResumed, false);
  first.wire.close();
  assert.deepEqual(first.told.at(-1), { kind: "over", reason: null, unsent: [] });

  using second = open(server.url, { conversationId });
  assert.equal((await second.state("ready")).conversationId, conversationId);
  using none = open(server.url, { conversationId: "no-such-conversation" });
  assert.match((await none.state("over")).reason ?? "", /not found/i);
});

test("a connection that breaks off is restored, and the reply goes on in the same session", async () => {
  await using server = await startServer();
  await using proxy = await startCuttingProxy(server.url);
  using talk = open(proxy.url);
  await talk.state("ready");
  server.model.next({ text: "One is here. Two is here. Three is here.", hold: 6 });
  talk.wire.text("Count");
  await server.model.held();
  const from = talk.told.length;
  proxy.cut();
  assert.deepEqual(await talk.state("reconnecting", from), { kind: "reconnecting", attempt: 1 });
  const { isResumed } = await talk.state("ready", from);
  assert.equal(isResumed, true);
  server.model.release();
  await talk.answered(from);
  for (const words of ["One is here.", "Two is here.", "Three is here."])
    assert.ok(talk.text().includes(words), talk.text());
});

test("a session that is gone, with its server, becomes a new one in the same conversation", async () => {
  const directory = await mkdtemp(join(tmpdir(), "colloquy-wire-"));
  try {
    const first = await startServer({ builtIn: true, directory });
    await using proxy = await startCuttingProxy(first.url);
    using talk = open(proxy.url);
    talk.wire.text("Remember this");
    await talk.answered();
    const { conversationId } = await talk.state("ready");
    proxy.target = null;
    await first[Symbol.asyncDispose]();
    await talk.state("reconnecting");
    const from = talk.told.length;
    await using second = await startServer({ builtIn: true, directory });
    proxy.target = second.url;
    const ready = await talk.state("ready", from);
    assert.deepEqual([ready.conversationId, ready.isResumed], [conversationId, false]);
    talk.wire.text("And this");
    await talk.answered(from);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

test("a server that is only away is waited for; one that refuses this person is not", async () => {
  await using server = await startServer({ builtIn: true });
  await using proxy = await startCuttingProxy(server.url);
  proxy.target = null;
  using patient = open(proxy.url);
  await patient.state("reconnecting");
  patient.wire.text("This waits until there is a connection");
  proxy.target = server.url;
  await patient.answered();
  assert.equal(patient.text(), "You said: This waits until there is a connection");

  proxy.target = null;
  using refused = open(proxy.url, { whyRefused: async () => "This key is revoked" });
  refused.wire.text("Half a thought");
  assert.deepEqual(await refused.state("over"), {
    kind: "over",
    reason: "This key is revoked",
    unsent: ["Half a thought"],
  });
});

test("the key travels as a subprotocol; a wrong one is refused", async () => {
  await using server = await startServer({ builtIn: true });
  const key = await claim(server);
  using talk = open(server.url, { key });
  await talk.state("ready");
  using wrong = open(server.url, { key: "ck_wrong", whyRefused: async () => "unknown key" });
  assert.equal((await wrong.state("over")).reason, "unknown key");
});

test("too many connections: the server's reason is told, and it is not asked again and again", async () => {
  await using server = await startServer({
    builtIn: true,
    environment: { RATE_LIMITS: "sockets=1" },
  });
  using first = open(server.url);
  await first.state("ready");
  using second = open(server.url);
  assert.match((await second.state("over")).reason ?? "", /Too many connections: at most 1/);
});
