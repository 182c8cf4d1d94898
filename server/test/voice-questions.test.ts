// Calls of tools that somebody is asked about in a conversation by voice.
// Backends: replicas
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { caller } from "./chat-v1-client.ts";
import { eventually } from "./cli-runner.ts";
import { inTime, openSocket } from "./socket-client.ts";
import { ONCE, startServer } from "./start-server.ts";
import { answering, asking, watchedTool } from "./tool-steps.ts";
import { makeKey, type Server } from "./wire-client.ts";

let server: Server;
let key: string;
let users = 0;
let user: string;
let calls: ReturnType<typeof caller>;
const look = watchedTool("look");
const send = watchedTool("send", {
  ...{ source: "mail", isRepeatable: false, effect: "writes", asks: true },
});

// biome-ignore lint/suspicious/noExplicitAny: a test says by its assertions what it expects
type Shown = any;

before(async () => {
  server = await startServer({ tools: [look.tool, send.tool] });
  key = await makeKey(server, { actAs: true });
  calls = caller(server.url, key);
});
after(() => server?.[Symbol.asyncDispose]());
beforeEach(() => {
  server.model.forget();
  send.forget();
  user = `00000000-0000-4000-a000-${String(++users).padStart(12, "0")}`;
});

const decide = (question: Shown, decision: string) =>
  calls.call(`/messages/${question.message_id}/calls/${question.call_id}/decision`, {
    body: { decision, arguments_sha256: question.arguments_sha256 },
    user,
  });
const open = async (): Promise<Shown> => (await calls.call("/questions", { user })).body;
const offered = () =>
  ((server.model.requests[0]?.body?.tools ?? []) as Shown[]).map((tool) => tool.function.name);

describe("[S12] questions of a conversation by voice", () => {
  const WAITING = "Bevor ich weitermache, brauche ich deine Entscheidung auf dem Bildschirm.";
  const begin = async (capabilities: readonly string[], more: object = {}) => {
    const talk = await openSocket(server, "/ws", { protocols: ["colloquy", `bearer.${key}`] });
    await talk.next();
    talk.say({ type: "start_conversation", user_id: user, capabilities, ...more });
    const { conversation_id: conversation } = await talk.next();
    const segments = async (isLast: (segment: Shown) => boolean): Promise<Shown[]> => {
      const all: Shown[] = [];
      do all.push(await inTime(talk.next(), "the next sentence"));
      while (!isLast(all.at(-1)));
      return all;
    };
    return Object.assign(talk, { conversation, segments });
  };
  const told = (segments: readonly Shown[]) =>
    segments.map(({ text, waiting = false }) => [text, waiting]);
  const whole = async (conversation: string): Promise<Shown> => {
    const list = async () =>
      (await calls.call(`/conversations/${conversation}/messages`, { user })).body.data;
    await eventually(async () => (await list()).length === 2);
    return (await list())[1];
  };

  test("[S12] a reply that waits says so once, and is spoken on when its question is decided on the screen", async () => {
    await using talk = await begin(["segments", "interrupt", "questions"], { language: "de-AT" });
    server.model.next(asking([{ name: "send" }], { words: "I will send it." }), answering("Sent."));
    talk.say({ type: "text_input", text: "Send it" });
    assert.deepEqual(told(await talk.segments(({ waiting }) => waiting)), [
      ["I will send it.", false],
      [WAITING, true],
    ]);
    const [question] = (await open()).data;
    await decide(question, "allow");
    assert.deepEqual(told(await talk.segments(({ final }) => final)), [
      ["Sent.", false],
      ["", false],
    ]);
    const { content, status } = await whole(talk.conversation);
    assert.deepEqual([content, status], ["I will send it.\n\nSent.", "complete"]);
    assert.equal(send.inputs.length, 1);
  });

  test("[S12] silence while it waits leaves the question open, and a new message ends the reply", async () => {
    // No language, although every object has a field of that name.
    const language = "constructor";
    await using talk = await begin(["segments", "interrupt", "questions"], { language });
    server.model.next(asking([{ name: "send" }]), answering("Sent."));
    talk.say({ type: "text_input", text: "Send it" });
    const [notice] = await talk.segments(({ waiting }) => waiting);
    assert.equal(notice.text, "Before I go on, I need your decision on the screen.");
    talk.say({ type: "interrupt" });
    await talk.segments(({ type }) => type === "interrupted");
    const [question] = (await open()).data;
    await decide(question, "allow");
    assert.equal((await whole(talk.conversation)).content, "Sent.");
    server.model.next(asking([{ name: "send" }]));
    talk.say({ type: "text_input", text: "Send it again" });
    await talk.segments(({ waiting }) => waiting);
    talk.say({ type: "text_input", text: "Or not" });
    const rest = await talk.segments(({ final }) => final);
    assert.equal(rest.findLast(({ text }) => text)?.text, "Echo: Or not");
    assert.deepEqual([(await open()).data, send.inputs.length], [[], 1]);
  });

  test(
    "[S12] a client that does not say that it has a screen is not offered tools that ask",
    ONCE,
    async () => {
      for (const capabilities of [["segments", "interrupt"], ["questions"]]) {
        server.model.forget();
        await using talk = await begin(capabilities);
        talk.say({ type: "text_input", text: "Send it" });
        await talk.segments(({ text }) => text !== "");
        assert.deepEqual(offered(), ["look"]);
      }
    },
  );
});
