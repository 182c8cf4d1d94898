import assert from "node:assert/strict";
import {
  type CrashClient,
  messageWith,
  newMarker as newCrashMarker,
  postOnce,
} from "../crash-client.ts";
import { type CrossWire, replyTo, shown } from "../cross-wire-client.ts";
import {
  acknowledge,
  checkAnswer,
  type FaultClient,
  messageOf,
  newMarker,
  post,
} from "../fault-client.ts";
import { all, type Event, responsesClient, textOf, wordsOf } from "../responses-client.ts";
import type { WireTests } from "../wire-tests.ts";

const responses = (isStreamed: boolean): CrossWire => ({
  own: (id) => `conv_${id.replaceAll("-", "")}`,
  client(server, user) {
    const { call, create, stream } = responsesClient(server, user);
    const say = async (input: string, conversation: string) => {
      const body = { input, conversation };
      const said = isStreamed
        ? textOf(await all(stream(body)))
        : wordsOf((await create(body)).body);
      assert.equal(said, replyTo(input));
    };
    return {
      async begin(text) {
        const { id } = (await call("POST", "/conversations", {})).body;
        await say(text, id);
        return id;
      },
      goOn: (id, text) => say(text, id),
      async read(id) {
        const path = `/conversations/${id}/items?order=asc&limit=100`;
        const { status, body } = await call("GET", path);
        if (status === 200)
          return shown(
            body.data.map(({ role, content }: Event) => ({ role, content: content[0].text })),
          );
        assert.equal(status, 404);
        return null;
      },
      list: null,
      remove: async (id) => (await call("DELETE", `/conversations/${id}`)).status === 200,
    };
  },
});

const responsesFault: FaultClient = async (load, userId) => {
  const headers = { authorization: "Bearer local", "x-user-id": userId };
  const marker = newMarker();
  const body = { input: messageOf(marker), conversation: `faults-${userId}` };
  const answer = await post(load, "responses", "/v1/responses", body, headers);
  if (!answer) return;
  acknowledge(load, "responses", userId, marker);
  checkAnswer(load, "responses", marker, wordsOf(answer));
};

const responsesCrash: CrashClient = async (url, acknowledge, signal) => {
  const marker = newCrashMarker();
  const response = await postOnce(
    url,
    "/v1/responses",
    { input: messageWith(marker), conversation: "crashes" },
    signal,
    { authorization: "Bearer anything" },
  );
  if (response.status === 200 && (await response.json())) acknowledge(marker, "responses");
};

export const tests: WireTests = {
  crossWire: { responses: responses(false), "responses, streamed": responses(true) },
  faultLoad: { responses: responsesFault },
  crashLoad: { responses: responsesCrash },
};
