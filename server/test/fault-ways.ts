// How a message is sent through the wires of the field's own clients, for the test of everything that goes wrong with a model.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { type Chunk as CompletionChunk, readStream } from "./completions-client.ts";
import { openRealtime } from "./realtime-client.ts";
import { checkEvents, responsesClient, textOf, wordsOf } from "./responses-client.ts";
import { chunksOf, textIn } from "./ui-client.ts";
import { type Server, send } from "./wire-client.ts";

/** What a wire told of one message. */
export type Told = {
  /** Null: the reply is whole. */
  readonly error: string | null;
  /** The whole reply, or what was shown of it before the error; null if this wire shows only whole ones. */
  readonly text: string | null;
};
export type Talk = AsyncDisposable & {
  say(text: string): Promise<Told>;
  /** Whether nothing is stored of a message that fails before the first word. */
  readonly leavesNothing?: true;
};

/** Begins a conversation of that user's, who has no other; checks the form of all that it is told. */
export type Way = (server: Server, user: string) => Promise<Talk>;

export const withoutEnd = { async [Symbol.asyncDispose]() {} };

const headersOf = (user: string) => ({ authorization: "Bearer local", "x-user-id": user });

/** The sentence of an answer in OpenAI's error body, with a status for its client to repeat or not. */
function refusalIn({ status, body, text }: Awaited<ReturnType<typeof send>>): string {
  assert.ok([429, 502].includes(status), text);
  assert.deepEqual(Object.keys(body.error), ["message", "type", "param", "code"]);
  return body.error.message;
}

/** A client of this wire has the history itself: here it is what wire 004 shows. */
async function historyOf(server: Server, user: string): Promise<readonly object[]> {
  const path = "/v1/chat/conversations";
  const get = (rest: string) => send(server, "GET", `${path}${rest}`, undefined, headersOf(user));
  const [conversation] = (await get("")).body.data;
  return conversation ? (await get(`/${conversation.id}/messages`)).body.data : [];
}

const completions =
  (stream: boolean): Way =>
  async (server, user) => {
    return {
      ...withoutEnd,
      leavesNothing: true,
      async say(content) {
        const messages = [...(await historyOf(server, user)), { role: "user", content }];
        const body = { model: "scripted", stream, messages };
        const headers = { ...headersOf(user), "x-conversation-id": "faults" };
        const answer = await send(server, "POST", "/v1/chat/completions", body, headers);
        if (answer.status !== 200) return { error: refusalIn(answer), text: stream ? "" : null };
        if (stream) return completionIn(answer.text);
        return { error: null, text: answer.body.choices[0].message.content };
      },
    };
  };

function completionIn(text: string): { readonly error: string | null; readonly text: string } {
  const { chunks, isDone } = readStream(text);
  const error: string | null = chunks.at(-1)?.error?.message ?? null;
  const choices = chunks.flatMap((chunk: CompletionChunk) => chunk.choices ?? []);
  const endings = choices.filter(({ finish_reason: reason }) => reason !== null);
  assert.deepEqual([isDone, endings.length], error === null ? [true, 1] : [false, 0]);
  return { error, text: choices.map(({ delta }) => delta.content ?? "").join("") };
}

const responses =
  (isStreamed: boolean): Way =>
  async (server, user) => {
    const { create } = responsesClient(server, user);
    return {
      ...withoutEnd,
      leavesNothing: true,
      async say(input) {
        const body = { input, conversation: "faults" };
        if (!isStreamed) {
          const answer = await create(body);
          if (answer.status !== 200) return { error: refusalIn(answer), text: null };
          const { status, error } = answer.body;
          assert.equal(status, error ? "failed" : "completed");
          return { error: error?.message ?? null, text: wordsOf(answer.body) };
        }
        const answer = await create({ ...body, stream: true });
        if (answer.status !== 200) return { error: refusalIn(answer), text: "" };
        return responseIn(answer.text);
      },
    };
  };

function responseIn(text: string): Told {
  const events = text
    .split("\n\n")
    .map((frame) => frame.split("\n").find((line) => line.startsWith("data: ")) ?? "")
    .filter((line) => line !== "" && line !== "data: [DONE]")
    .map((line) => JSON.parse(line.slice("data: ".length)));
  assert.ok(text.endsWith("data: [DONE]\n\n"));
  checkEvents([...events, { type: "[DONE]", sequence_number: -1 }]);
  const { type, response } = events.at(-1);
  const failure = events.find((event) => event.type === "error");
  assert.equal(type, failure ? "response.failed" : "response.completed");
  assert.equal(response.error?.message, failure?.message);
  return { error: failure?.message ?? null, text: textOf(events) };
}

const ui: Way = async (server, user) => ({
  ...withoutEnd,
  async say(text) {
    const message = { id: randomUUID(), role: "user", parts: [{ type: "text", text }] };
    const body = { id: "faults", message };
    const answer = await send(server, "POST", "/api/chat", body, headersOf(user));
    assert.equal(answer.status, 200, answer.text);
    assert.ok(answer.text.endsWith("data: [DONE]\n\n"));
    const chunks = chunksOf(answer.text);
    const { type, errorText } = chunks.at(-1) ?? assert.fail();
    assert.ok(type === "finish" || type === "error", type);
    return { error: type === "error" ? errorText : null, text: textIn(chunks) };
  },
});

const realtime: Way = async (server, user) => {
  const talk = await openRealtime(server, { query: "", headers: headersOf(user) });
  return {
    [Symbol.asyncDispose]: () => talk[Symbol.asyncDispose](),
    async say(text) {
      talk.type(text);
      const from = talk.events.length;
      talk.say({ type: "response.create", response: { output_modalities: ["text"] } });
      const { response } = await talk.next("response.done");
      const deltas = talk.events
        .slice(from)
        .filter(({ type }) => type === "response.output_text.delta");
      const { status, status_details: details } = response;
      assert.ok(status === "completed" || status === "failed", status);
      return {
        error: status === "failed" ? (details.error.message ?? "without words") : null,
        text: deltas.map(({ delta }) => delta).join(""),
      };
    },
  };
};

/** By the promise that each holds. */
export const CLIENT_WAYS: Readonly<Record<string, Way>> = {
  "[OC1] completions": completions(false),
  "[OC7] completions, streamed": completions(true),
  "[OR7] responses": responses(false),
  "[OR14] responses, streamed": responses(true),
  "[UI2] ui": ui,
  "[RT6] realtime": realtime,
};
