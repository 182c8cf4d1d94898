// Messages that are sent at once through two replicas: which is answered first.
// Runs: waiting
// Campaign: PAIRS middle=50 in 20 s, full=500 in 200 s
import assert from "node:assert/strict";
import { test } from "node:test";
import { caller } from "./chat-v1-client.ts";
import { skipWithoutReplicas } from "./replicas.ts";
import { startServer } from "./start-server.ts";

const PAIRS = Number(process.env.PAIRS ?? 10);
const AT_ONCE = 10;

type Stored = { readonly role: string; readonly content: string };

const askedWith = (bodies: readonly (string | undefined)[][], content: string) =>
  bodies.findLast((texts) => texts.at(-1) === content) ?? [];

test(`[X7] ${PAIRS} pairs of messages sent at once through two replicas: the second stored is answered with the answer to the first`, {
  skip: skipWithoutReplicas(),
}, async () => {
  await using server = await startServer({
    backend: "replicas",
    environment: { DATABASE_TIMEOUT_SECONDS: "60" },
  });
  const callers = server.replicaUrls.map((url) => caller(url));
  const [here, there] = callers as [(typeof callers)[0], (typeof callers)[0]];
  const pair = async (number: number) => {
    const id = await here.newConversation();
    const sent = await Promise.all(
      [here, there].map(({ call }, side) =>
        call(`/conversations/${id}/messages`, {
          body: { content: `${number}/${side} {{reply text="answer-${number}/${side}" gapMs=1}}` },
        }),
      ),
    );
    assert.deepEqual(
      sent.map(({ status }) => status),
      [201, 201],
    );
    const stored: Stored[] = (await here.call(`/conversations/${id}/messages`)).body.data;
    assert.deepEqual(
      stored.map(({ role }) => role),
      ["user", "assistant", "user", "assistant"],
    );
    return stored.map(({ content }) => content);
  };
  const pairs: string[][] = [];
  for (let done = 0; done < PAIRS; done += AT_ONCE)
    pairs.push(
      ...(await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => pair(done + index)))),
    );
  const bodies = server.model.requests.map(({ body }) =>
    (body?.messages ?? []).map(({ content }) => content),
  );
  const unaware = pairs.filter(
    ([question = "", answer = "", later = ""]) =>
      !askedWith(bodies, later).includes(answer) || !askedWith(bodies, later).includes(question),
  );
  assert.equal(unaware.length, 0, `the first of them: ${unaware[0]}`);
});
