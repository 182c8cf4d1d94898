// Messages that are sent through two replicas: which is answered first, whatever Redis does.
// Runs: waiting
// Campaign: PAIRS middle=50 in 20 s, full=500 in 200 s
import assert from "node:assert/strict";
import { test } from "node:test";
import { allEvents, caller } from "./chat-v1-client.ts";
import { skipWithoutReplicas } from "./replicas.ts";
import { sharedRedisUrl } from "./services.ts";
import { startServer } from "./start-server.ts";
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

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

const HINDRANCES: readonly (readonly [what: string, hinder: (redis: TcpProxy) => unknown])[] = [
  ["answers late", (redis) => redis.delay(300)],
  ["answers after seconds", (redis) => redis.delay(1500)],
  ["hangs", (redis) => redis.stall()],
  ["is away", (redis) => redis.close()],
];

for (const [what, hinder] of HINDRANCES)
  test(`[X7] [R4] while Redis ${what}, messages through two replicas are answered one after the other, and the model is asked once for each`, {
    skip: skipWithoutReplicas(),
  }, async () => {
    const redisUrl = await sharedRedisUrl();
    await using redis = await startTcpProxy(Number(new URL(redisUrl).port));
    await using server = await startServer({
      backend: "replicas",
      environment: { REDIS_URL: redis.through(redisUrl) },
    });
    const [here, there] = server.replicaUrls.map((url) => caller(url)) as [
      ReturnType<typeof caller>,
      ReturnType<typeof caller>,
    ];
    const converse = async (number: number) => {
      const id = await here.newConversation();
      const send = ({ open }: typeof here, content: string) =>
        open(`/conversations/${id}/messages/stream`, { body: { content } });
      const asked = server.model.requests.length;
      const first = await send(here, `first ${number} {{reply text=one hold=0}}`);
      await server.model.held(number + 1);
      const second = await send(there, `second ${number} {{reply text=two}}`);
      const third = await send(there, `third ${number} {{reply text=three}}`);
      assert.equal(server.model.requests.length, asked + 1, "the others wait");
      server.model.release();
      await Promise.all([first, second, third].map(allEvents));
      const stored: Stored[] = (await here.call(`/conversations/${id}/messages`)).body.data;
      assert.deepEqual(
        stored.map(({ content }) => content.split(" ")[0]),
        ["first", "one", "second", "two", "third", "three"],
      );
      assert.equal(server.model.requests.length, asked + 3, "nobody is asked in vain");
    };
    await converse(0);
    await hinder(redis);
    // The first meets it before it is known, the second when it is.
    for (const number of [1, 2]) await converse(number);
    redis.resume();
  });
