import assert from "node:assert/strict";
import type { CrashClient } from "../../crash-client.ts";
import * as crash from "../../crash-client.ts";
import { type CrossWire, replyTo, same, shown } from "../../cross-wire-client.ts";
import * as fault from "../../fault-client.ts";
import { send } from "../../wire-client.ts";
import type { WireTests } from "../../wire-tests.ts";

const PATH = "/v1/chat/toy";

const toy: CrossWire = {
  own: same,
  client(server, user) {
    const headers = { "x-user-id": user };
    const say = async (text: string, conversation?: string): Promise<string> => {
      const { body } = await send(server, "POST", PATH, { text, conversation }, headers);
      assert.equal(body.text, replyTo(text));
      return body.conversation;
    };
    return {
      begin: (text) => say(text),
      goOn: async (id, text) => assert.equal(await say(text, id), id),
      async read(id) {
        const { status, body } = await send(server, "GET", `${PATH}/${id}`, undefined, headers);
        if (status === 200) return shown(body);
        assert.equal(status, 404);
        assert.deepEqual(Object.keys(body), ["toy"], "told in the words of the wire");
        return null;
      },
      list: null,
      remove: null,
    };
  },
};

const toyFault: fault.FaultClient = async (load, userId) => {
  const marker = fault.newMarker();
  const headers = { "x-user-id": userId };
  const answer = await fault.post(load, "toy", PATH, { text: fault.messageOf(marker) }, headers);
  if (!answer) return;
  fault.acknowledge(load, "toy", userId, marker);
  fault.checkAnswer(load, "toy", marker, answer.text);
};

const toyCrash: CrashClient = async (url, acknowledge, signal) => {
  const marker = crash.newMarker();
  const response = await crash.postOnce(url, PATH, { text: crash.messageWith(marker) }, signal);
  if (response.ok && (await response.json())) acknowledge(marker, "toy");
};

export const tests: WireTests = {
  crossWire: { toy },
  faultLoad: { toy: toyFault },
  crashLoad: { toy: toyCrash },
};
