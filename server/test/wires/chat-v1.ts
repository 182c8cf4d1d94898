import assert from "node:assert/strict";
import { ColloquyError, createClient, type Reply } from "../../../client/src/index.ts";
import { allEvents, caller, eventsOf, textOf } from "../chat-v1-client.ts";
import {
  type CrashClient,
  messageWith,
  newMarker as newCrashMarker,
  postOnce,
} from "../crash-client.ts";
import { type CrossWire, replyTo, same, shown } from "../cross-wire-client.ts";
import { DOCUMENT_LOADS } from "../document-loads.ts";
import {
  acknowledge,
  checkAnswer,
  count,
  type FaultClient,
  messageOf,
  newMarker,
  post,
  replyTo as replyToMarker,
} from "../fault-client.ts";
import type { WireTests } from "../wire-tests.ts";

const chatV1 = (isStreamed: boolean): CrossWire => ({
  own: same,
  client(server, user) {
    const { open, call, newConversation } = caller(server.url);
    const say = async (id: string, content: string) => {
      const path = `/conversations/${id}/messages`;
      if (isStreamed) {
        const events = await allEvents(await open(`${path}/stream`, { body: { content }, user }));
        assert.equal(textOf(events), replyTo(content));
      } else {
        const { data } = (await call(path, { body: { content }, user })).body;
        assert.equal(data[1].content, replyTo(content));
      }
    };
    return {
      async begin(content) {
        if (isStreamed) {
          const body = { content };
          const [created] = await allEvents(await open("/conversations/stream", { body, user }));
          return created?.data.conversationId;
        }
        const id = await newConversation({ user });
        await say(id, content);
        return id;
      },
      goOn: say,
      async read(id) {
        const { status, body } = await call(`/conversations/${id}/messages`, { user });
        if (status === 200) return shown(body.data);
        assert.equal(status, 404);
        return null;
      },
      list: async () =>
        (await call("/conversations?limit=100", { user })).body.data.map(
          (one: { id: string }) => one.id,
        ),
      remove: async (id) =>
        (await call(`/conversations/${id}`, { method: "DELETE", user })).status === 200,
    };
  },
});

const chatV1Fault: FaultClient = async (load, userId) => {
  const headers = { authorization: "Bearer local", "x-user-id": userId };
  const created = await post(load, "chat-v1", "/v1/chat/conversations", {}, headers, false);
  if (!created) return;
  const marker = newMarker();
  const path = `/v1/chat/conversations/${created.data.id}/messages`;
  const answer = await post(load, "chat-v1", path, { content: messageOf(marker) }, headers);
  if (!answer) return;
  acknowledge(load, "chat-v1", userId, marker);
  checkAnswer(load, "chat-v1", marker, answer.data[1].content);
};

/** Streams by the SDK, which goes on elsewhere by itself; a second device watches. */
const chatV1StreamFault: FaultClient = async (load, userId) => {
  const { url: baseUrl, notes } = load;
  const retry = { streamRetries: 40, requestRetries: 20, baseDelayMs: 100, maxDelayMs: 1000 };
  const client = createClient({ baseUrl, token: "local", userId, retry });
  const marker = newMarker();
  const follow = async (reply: Reply, what: string) => {
    notes.streams += 1;
    let text = "";
    let ending: string | null = null;
    try {
      for await (const event of reply) {
        if (event.type === "ai_chunk") text += event.data;
        if (event.type === "error") ending = `error ${event.data.code}`;
        if (event.type !== "ai_complete") continue;
        ending = event.data.status;
        checkAnswer(load, what, marker, event.data.content);
        if (ending === "complete" && text !== replyToMarker(marker))
          notes.wrong.push(`${what}: ${marker} is complete, and was heard as ${text}`);
      }
    } catch (error) {
      ending = error instanceof ColloquyError ? `given up: ${error.code}` : `thrown: ${error}`;
    }
    checkAnswer(load, what, marker, text);
    count(notes.endings, ending ?? "without a word");
    if (ending === null || !/^(?:complete|interrupted|error)/.test(ending))
      notes.wrong.push(`${what}: ${marker} ended ${ending}`);
  };
  let reply: Reply;
  try {
    reply = await client.conversations.start({ content: messageOf(marker) });
  } catch (error) {
    if (!(error instanceof ColloquyError)) throw error;
    return count(notes.refusals, `chat-v1 stream ${error.code}`);
  }
  acknowledge(load, "chat-v1 stream", userId, marker);
  const watching = client.messages
    .watch(reply.conversationId)
    .then((watched) => watched && follow(watched, "chat-v1 watch"))
    .catch((error) => count(notes.refusals, `chat-v1 watch ${error.code}`));
  await follow(reply, "chat-v1 stream");
  await watching;
};

const bearer = { authorization: "Bearer anything" };

const chatV1Crash: CrashClient = async (url, acknowledge, signal) => {
  const created = (await (
    await postOnce(url, "/v1/chat/conversations", {}, signal, bearer)
  ).json()) as { data: { id: string } };
  const marker = newCrashMarker();
  const response = await postOnce(
    url,
    `/v1/chat/conversations/${created.data.id}/messages`,
    { content: messageWith(marker) },
    signal,
    bearer,
  );
  if (response.status === 201 && (await response.json())) acknowledge(marker, "chat-v1");
};

const chatV1StreamCrash: CrashClient = async (url, acknowledge, signal) => {
  const marker = newCrashMarker();
  const response = await postOnce(
    url,
    "/v1/chat/conversations/stream",
    { content: messageWith(marker) },
    signal,
    bearer,
  );
  for await (const event of eventsOf(response))
    if (event.type === "conversation_created") acknowledge(marker, "chat-v1 stream");
};

const LATER_VERSIONS = 4;

/** Versions of a question, which are answered beside each other, and new answers to them. */
const chatV1VersionsCrash: CrashClient = async (url, acknowledge, signal) => {
  const send = (path: string, body: object) =>
    postOnce(url, `/v1/chat/conversations${path}`, body, signal, bearer);
  const created = (await (await send("", {})).json()) as { data: { id: string } };
  const path = `/${created.data.id}/messages`;
  const say = async (place: object): Promise<string | null> => {
    const marker = newCrashMarker();
    const response = await send(path, { content: messageWith(marker), ...place });
    if (response.status !== 201) return null;
    const { data } = (await response.json()) as { data: { id: string }[] };
    // The load runs once a version was acknowledged, and not only what it is a version of.
    acknowledge(marker, "branch_from" in place ? "chat-v1 versions" : "chat-v1 originals");
    return data[0]?.id ?? null;
  };
  const question = await say({});
  if (question === null) return;
  await Promise.all(
    Array.from({ length: LATER_VERSIONS }, async () => {
      const version = await say({ branch_from: question });
      if (version !== null) await send(path, { answer_again: version });
      if (version !== null) await say({ parent: version });
    }),
  );
};

export const tests: WireTests = {
  crossWire: { "004": chatV1(false), "004, streamed": chatV1(true) },
  faultLoad: {
    "chat-v1": chatV1Fault,
    "chat-v1 stream": chatV1StreamFault,
    ...DOCUMENT_LOADS.fault,
  },
  crashLoad: {
    "chat-v1": chatV1Crash,
    "chat-v1 stream": chatV1StreamCrash,
    "chat-v1 versions": chatV1VersionsCrash,
    ...DOCUMENT_LOADS.crash,
  },
};
