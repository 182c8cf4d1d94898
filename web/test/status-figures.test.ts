// Figures from /metrics, as the status page reads them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { startServer } from "../../server/test/start-server.ts";
import { makeKey } from "../../server/test/wire-client.ts";
import { pacesOf, snapshotOf, withSnapshot } from "../src/status/figures.ts";
import { bucketsOf, bucketsSince, quantile, readMetrics, sumOf } from "../src/status/prometheus.ts";

const TEXT = `# HELP a_total Things
# TYPE a_total counter
a_total{kind="x",note="a \\"b\\" \\\\ \\n{c},d"} 3
a_total{kind="y",note=""} 4.5

b 1e3
wait_bucket{le="0.1"} 10
wait_bucket{le="0.5"} 30
wait_bucket{le="+Inf"} 40
`;

test("Prometheus' text is read with its labels, whatever stands in them", () => {
  const metrics = readMetrics(TEXT);
  assert.deepEqual(metrics.get("a_total"), [
    { labels: { kind: "x", note: 'a "b" \\ \n{c},d' }, value: 3 },
    { labels: { kind: "y", note: "" }, value: 4.5 },
  ]);
  assert.equal(sumOf(metrics, "a_total"), 7.5);
  assert.equal(
    sumOf(metrics, "a_total", ({ kind }) => kind === "y"),
    4.5,
  );
  assert.equal(sumOf(metrics, "b"), 1000);
  assert.equal(sumOf(metrics, "none"), 0);
});

test("a share of the values lies below its quantile, as histogram_quantile has it", () => {
  const buckets = bucketsOf(readMetrics(TEXT), "wait");
  assert.equal(quantile(buckets, 0.25), 0.1);
  assert.equal(quantile(buckets, 0.5)?.toFixed(6), "0.300000");
  assert.equal(quantile(buckets, 0.95), 0.5, "above the last bound nothing more is known");
  assert.equal(quantile(bucketsSince(buckets, buckets), 0.5), null);
});

test("the figures of a real server, over time and over its restart", async () => {
  await using server = await startServer({
    builtIn: true,
    environment: { AUTH_ANONYMOUS: "loopback" },
  });
  const headers = { authorization: `Bearer ${await makeKey(server, { isOperator: true })}` };
  const look = async (atMs: number) =>
    snapshotOf(readMetrics(await (await fetch(`${server.url}/metrics`, { headers })).text()), atMs);
  const before = await look(0);
  for (let turn = 0; turn < 3; turn++)
    await fetch(`${server.url}/chat`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ message: "Hello", user_id: "ann" }),
    });
  const after = await look(30_000);
  assert.deepEqual(after.byWire, [{ wire: "chat", turns: 3, failed: 0 }]);
  const history = withSnapshot(withSnapshot([], before), after);
  const [pace] = pacesOf(history);
  assert.equal(pace?.turnsPerMinute, 6);
  assert.equal((pace?.failedTurns ?? 0) + (pace?.serverErrors ?? 0), 0);
  assert.ok((pace?.firstTokenP50 ?? 0) > 0);
  assert.ok(after.memoryBytes > 0 && after.startedAtMs > 0);
  const restarted = { ...before, startedAtMs: after.startedAtMs + 1000 };
  assert.deepEqual(withSnapshot(history, restarted), [restarted]);
});
