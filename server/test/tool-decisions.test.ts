// Two decisions about one call at the same time, many times, on every kind of store: one of them counts.
// Runs: waiting
// Campaign: DECISIONS middle=200 in 30 s, full=1000 in 120 s
import assert from "node:assert/strict";
import { test } from "node:test";
import { allEvents, caller } from "./chat-v1-client.ts";
import { skipWithoutPostgres } from "./postgres-server.ts";
import { type Backend, startServer } from "./start-server.ts";
import { answering, asking, watchedTool } from "./tool-steps.ts";
import { makeKey } from "./wire-client.ts";

const DECISIONS = Number(process.env.DECISIONS ?? 8);
const CALLS_A_REPLY = 8;
const BACKENDS: readonly { readonly name: string; readonly backend: Backend }[] = [
  { name: "SQLite", backend: "sqlite" },
  // Where a few are enough, two servers on PostgreSQL stand for one.
  ...(DECISIONS > CALLS_A_REPLY ? [{ name: "PostgreSQL", backend: "postgres" } as const] : []),
  { name: "two replicas", backend: "replicas" },
];

// biome-ignore lint/suspicious/noExplicitAny: a test says by its assertions what it expects
type Shown = any;

for (const { name, backend } of BACKENDS)
  test(`[H51] of two decisions at once one counts, on ${name}, and what it says is done`, {
    skip: backend !== "sqlite" && skipWithoutPostgres(),
  }, async (t) => {
    const send = watchedTool("send", { isRepeatable: false, effect: "writes", asks: true });
    await using server = await startServer({ backend, tools: [send.tool] });
    const key = await makeKey(server, { actAs: true });
    const { open, call, newConversation } = caller(server.url, key);
    const doors = [...server.replicaUrls, ...server.replicaUrls].map((url) => caller(url, key));
    let allowed = 0;
    for (let decided = 0; decided < DECISIONS; decided += CALLS_A_REPLY) {
      const user = crypto.randomUUID();
      const calls = Array.from({ length: CALLS_A_REPLY }, (_, n) => ({
        name: "send",
        given: { n },
      }));
      server.model.next(asking(calls), answering("Done."));
      const conversation = await newConversation({ user, body: {} });
      const path = `/conversations/${conversation}/messages`;
      const sent: Shown = await call(path, { body: { content: "All", steps: true }, user });
      const { id, questions } = sent.body.data[1];
      assert.equal(questions.length, CALLS_A_REPLY);
      const outcomes: string[] = await Promise.all(
        questions.map(async ({ call_id, arguments_sha256 }: Shown, place: number) => {
          const ways = place % 2 ? ["allow", "decline"] : ["decline", "allow"];
          const answers = await Promise.all(
            ways.map((decision, door) =>
              doors[door]?.call(`/messages/${id}/calls/${call_id}/decision`, {
                body: { decision, arguments_sha256 },
                user,
              }),
            ),
          );
          const statuses = answers.map((answer) => answer?.status);
          assert.deepEqual(statuses.toSorted(), [200, 409]);
          return ways[statuses.indexOf(200)] === "allow" ? "ok" : "declined";
        }),
      );
      const rest = await open(`${path}/stream?parts=1`, {
        headers: { "last-event-id": `${id}:p0` },
        user,
      });
      const reply: Shown = (await allEvents(rest)).find(({ type }) => type === "ai_complete")?.data;
      const results = reply.parts.filter(({ type }: Shown) => type === "tool_result");
      for (const [place, { call_id }] of questions.entries()) {
        const result = results.find((one: Shown) => one.call_id === call_id);
        assert.equal(result.outcome, outcomes[place]);
      }
      allowed += outcomes.filter((outcome) => outcome === "ok").length;
      assert.equal(send.inputs.length, allowed, "what was allowed is made once");
    }
    t.diagnostic(`${DECISIONS} pairs of decisions, ${allowed} calls allowed and made`);
  });
