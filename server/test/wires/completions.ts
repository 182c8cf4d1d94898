import assert from "node:assert/strict";
import { readStream } from "../completions-client.ts";
import {
  type CrashClient,
  messageWith,
  newMarker as newCrashMarker,
  postOnce,
} from "../crash-client.ts";
import { type CrossWire, replyTo, type Said, shown } from "../cross-wire-client.ts";
import {
  acknowledge,
  checkAnswer,
  type FaultClient,
  messageOf,
  newMarker,
  post,
} from "../fault-client.ts";
import { send } from "../wire-client.ts";
import type { WireTests } from "../wire-tests.ts";

const PATH = "/v1/chat/completions";
const bodyOf = (said: readonly Said[]) => ({
  model: "scripted",
  messages: said.map(([role, content]) => ({ role, content })),
});

/** A client of this wire has the history itself: here it is what wire 004 shows. */
const completions = (isStreamed: boolean): CrossWire => ({
  own: (id) => `conv_${id.replaceAll("-", "")}`,
  client(server, user) {
    const headers = { authorization: "Bearer local", "x-user-id": user };
    const uuidOf = (id: string) =>
      id.replace(/^conv_(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
    const historyOf = async (id: string): Promise<readonly Said[] | null> => {
      const path = `/v1/chat/conversations/${uuidOf(id)}/messages`;
      const { status, body } = await send(server, "GET", path, undefined, headers);
      return status === 200 ? shown(body.data).said : null;
    };
    const say = async (name: string, said: readonly Said[]) => {
      const body = { ...bodyOf(said), stream: isStreamed };
      const answer = await send(server, "POST", PATH, body, {
        ...headers,
        "x-conversation-id": name,
      });
      assert.equal(answer.status, 200, answer.text);
      const { chunks, isDone } = isStreamed
        ? readStream(answer.text)
        : { chunks: [], isDone: false };
      assert.equal(isDone, isStreamed);
      const text = isStreamed
        ? chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join("")
        : answer.body.choices[0].message.content;
      assert.equal(text, replyTo(said.at(-1)?.[1] ?? ""));
      return answer.headers.get("x-conversation-id") ?? assert.fail();
    };
    return {
      begin: (text) => say(crypto.randomUUID(), [["user", text]]),
      async goOn(id, text) {
        const history = (await historyOf(id)) ?? [];
        assert.equal(await say(id, [...history, ["user", text]]), id);
      },
      async read(id) {
        const said = await historyOf(id);
        if (said) return { said };
        const body = bodyOf([["user", "Is anybody there?"]]);
        const answer = await send(server, "POST", PATH, body, {
          ...headers,
          "x-conversation-id": id,
        });
        assert.equal(answer.status, 404, answer.text);
        return null;
      },
      list: null,
      remove: null,
    };
  },
});

const completionsFault: FaultClient = async (load, userId) => {
  const marker = newMarker();
  const headers = {
    authorization: "Bearer local",
    "x-user-id": userId,
    "x-conversation-id": marker,
  };
  const body = bodyOf([["user", messageOf(marker)]]);
  const answer = await post(load, "completions", PATH, body, headers);
  if (!answer) return;
  acknowledge(load, "completions", userId, marker);
  checkAnswer(load, "completions", marker, answer.choices[0].message.content);
};

const completionsCrash: CrashClient = async (url, acknowledge, signal) => {
  const marker = newCrashMarker();
  const response = await postOnce(url, PATH, bodyOf([["user", messageWith(marker)]]), signal, {
    authorization: "Bearer local",
    "x-conversation-id": marker,
  });
  if (response.ok && (await response.json())) acknowledge(marker, "completions");
};

export const tests: WireTests = {
  crossWire: { completions: completions(false), "completions, streamed": completions(true) },
  faultLoad: { completions: completionsFault },
  crashLoad: { completions: completionsCrash },
};
