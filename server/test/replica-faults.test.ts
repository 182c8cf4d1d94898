// The fault run. Under load through every wire, parts of the installation are
// killed, restarted, emptied, cut off and stalled.
// Runs: waiting
// Takes: 30 s
// Campaign: FAULTS middle=20 in 400 s, full=100 in 2000 s
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { BRANCH_SPAN } from "../src/domain/branches.ts";
import {
  type Documents,
  lossesOfDocuments,
  pathOfBytes,
  SELECT_FILES,
  SELECT_STRAY_LINKS,
  wrongFiles,
} from "./documents.ts";
import { type Acknowledged, markerIn, replyTo } from "./fault-client.ts";
import { FAULT_LOADS, startFaultLoad } from "./fault-load.ts";
import { type Replicas, skipWithoutReplicas, startReplicas } from "./replicas.ts";

const FAULTS = Number(process.env.FAULTS ?? 1);
/** Only the kinds with that in their name. */
const ONLY = process.env.FAULTS_ONLY ?? "";
const CLIENTS_PER_WIRE = 2;
const BACK_MS = 30_000;
const UNFINISHED_MS = 15_000;
const STALL_MS = 700;

type Fault = (replicas: Replicas, round: number) => Promise<void>;

const stalled = async (connections: { stall(): void; resume(): void }) => {
  connections.stall();
  await sleep(STALL_MS);
  connections.resume();
};
const one = <Item>(items: readonly Item[], round: number): Item => items[round % items.length]!;

const FAULT_KINDS: Readonly<Record<string, Fault>> = {
  "kill -9 of a replica": async ({ replicas }, round) => {
    await one(replicas, round).kill();
    await one(replicas, round).start();
  },
  "restart of PostgreSQL": async ({ postgres }, round) => {
    await postgres.stop(round % 2 ? "immediate" : "fast");
    await postgres.start();
  },
  "kill of Redis": async ({ redis }) => {
    await redis.kill();
    await sleep(200);
    await redis.start();
  },
  "flush of Redis": async ({ redis }) => {
    await redis.command("FLUSHALL");
  },
  "Redis cut off": async ({ redisConnections }) => redisConnections.cut(),
  "Redis stalled": ({ redisConnections }) => stalled(redisConnections),
  "PostgreSQL cut off": async ({ postgresConnections }) => postgresConnections.cut(),
  "PostgreSQL stalled": ({ postgresConnections }) => stalled(postgresConnections),
  "clients cut off": async ({ replicas }, round) => one(replicas, round).connections.cut(),
  "clients stalled": ({ replicas }, round) => stalled(one(replicas, round).connections),
};

type Row = {
  readonly owner_id: string;
  readonly conversation_id: string;
  readonly sequence: string;
  readonly role: string;
  readonly status: string;
  readonly content: string;
};

async function withDatabase<Result>(url: string, work: (client: Client) => Promise<Result>) {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** What the database and the folder of files hold, against what the clients were told. */
async function lossesIn(
  client: Client,
  folder: string,
  acknowledged: ReadonlyMap<string, Acknowledged>,
  documents: Documents,
) {
  const { rows } = await client.query<Row>(
    "SELECT owner_id, conversation_id, sequence, role, status, content FROM messages",
  );
  const times = new Map<string, number>();
  const places = new Map<string, string>();
  /** The markers of each conversation's questions. */
  const asked = new Set<string>();
  const unfinished: string[] = [];
  const wrongUser: string[] = [];
  const wrongReply: string[] = [];
  const askedIn = ({ owner_id, conversation_id }: Row, marker: string) =>
    `${owner_id} ${conversation_id} ${marker}`;
  const placeOf = ({ owner_id, conversation_id }: Row, sequence: number) =>
    `${owner_id} ${conversation_id} ${sequence}`;
  for (const row of rows) {
    if (row.status === "streaming") unfinished.push(row.content);
    if (row.role !== "user") continue;
    const marker = markerIn(row.content) ?? "";
    times.set(marker, (times.get(marker) ?? 0) + 1);
    places.set(placeOf(row, Number(row.sequence)), marker);
    asked.add(askedIn(row, marker));
    const user = acknowledged.get(marker)?.userId;
    if (user !== undefined && user !== row.owner_id) wrongUser.push(marker);
  }
  for (const row of rows) {
    if (row.role !== "assistant") continue;
    const sequence = Number(row.sequence);
    // A further answer begins a branch: its question is on another one.
    const own = sequence % BRANCH_SPAN === 0 ? (markerIn(row.content) ?? "") : "";
    const question =
      places.get(placeOf(row, sequence - 1)) ?? (asked.has(askedIn(row, own)) ? own : "");
    const isWhole = row.status !== "complete" || row.content === replyTo(question);
    if (!isWhole || !replyTo(question).startsWith(row.content)) wrongReply.push(question);
  }
  const files = await client.query(SELECT_FILES);
  const strayLinks = await client.query(SELECT_STRAY_LINKS);
  return {
    stored: times.size,
    losses: {
      lost: [...acknowledged]
        .filter(([marker]) => !times.has(marker))
        .map(([marker, { wire }]) => `${marker} by ${wire}`),
      doubled: [...times].filter(([, count]) => count > 1).map(([marker]) => marker),
      unfinished,
      wrongUser,
      wrongReply,
      ...(await wrongFiles(folder, files.rows, documents)),
      strayLinks: strayLinks.rows,
    },
  };
}

const NONE = {
  ...{ lost: [], doubled: [], unfinished: [], wrongUser: [], wrongReply: [] },
  ...{ withoutBytes: [], foreign: [], strayLinks: [] },
};
const percentile = (values: readonly number[], part: number) =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))] ??
  0;
const listed = (counts: ReadonlyMap<string, number>) =>
  [...counts].map(([name, count]) => `${name}: ${count}`).join(", ");

test(`[R7] ${FAULTS} faults of each kind under load through all wires: no acknowledged message, version or file is lost or doubled, no reply is stuck, nobody gets another's answer, every stream ends in words`, {
  skip: skipWithoutReplicas(),
  timeout: 60 * 60_000,
}, async (context) => {
  const directory = await mkdtemp(join(tmpdir(), "colloquy-faults-"));
  await using opened = new AsyncDisposableStack();
  opened.defer(() => rm(directory, { recursive: true, force: true }));
  const replicas = opened.use(
    await startReplicas({ environment: { DATA_DIR: directory, FILES_SHARED: "true" } }),
  );
  const folder = join(directory, "files");
  const load = startFaultLoad(replicas, { clientsPerWire: CLIENTS_PER_WIRE });
  const { notes } = load;
  /** Resolves when so many more messages were acknowledged. */
  const goesOn = async (what: string, more: number) => {
    const target = notes.acknowledged.size + more;
    const giveUpAt = performance.now() + BACK_MS;
    while (notes.acknowledged.size < target) {
      assert.ok(performance.now() < giveUpAt, `nothing is acknowledged after ${what}`);
      await sleep(5);
    }
  };
  await goesOn("the start", 20);
  const backMs = new Map<string, number[]>(Object.keys(FAULT_KINDS).map((what) => [what, []]));
  for (let round = 0; round < FAULTS; round++)
    for (const [what, fault] of Object.entries(FAULT_KINDS)) {
      if (!what.includes(ONLY)) continue;
      await fault(replicas, round);
      const overAt = performance.now();
      await goesOn(what, 1);
      backMs.get(what)?.push(performance.now() - overAt);
      await goesOn(what, 10);
    }
  await load.stop();
  await withDatabase(replicas.administratorUrl, async (client) => {
    const giveUpAt = performance.now() + UNFINISHED_MS;
    const { documents } = notes;
    const search = () => lossesIn(client, folder, notes.acknowledged, documents);
    let found = await search();
    // A replica that was killed last leaves replies that another ends.
    while (found.losses.unfinished.length > 0 && performance.now() < giveUpAt) {
      await sleep(500);
      found = await search();
    }
    context.diagnostic(
      `${notes.acknowledged.size} acknowledged, ${found.stored} stored, ${notes.streams} streams, ${documents.files.size} files, ${documents.turns.length} turns of parts`,
    );
    for (const [what, times] of backMs)
      if (times.length > 0)
        context.diagnostic(
          `${times.length} × ${what}: the next message after ${Math.round(percentile(times, 0.5))} ms (half), ${Math.round(Math.max(...times))} ms (all)`,
        );
    context.diagnostic(`endings of streams: ${listed(notes.endings)}`);
    context.diagnostic(`refused or broken off, in words: ${listed(notes.refusals)}`);
    assert.deepEqual(notes.wrong, []);
    assert.deepEqual(found.losses, NONE);
    assert.deepEqual(await lossesOfDocuments(replicas.url, documents), []);
    for (const wire of Object.keys(FAULT_LOADS))
      assert.ok(
        [...notes.acknowledged.values()].some((message) => message.wire === wire),
        `nothing was acknowledged by ${wire}`,
      );

    // The check finds what is lost and doubled: it can fail.
    const [lost, doubled] = [...notes.acknowledged.keys()];
    await client.query("DELETE FROM messages WHERE split_part(content, ' ', 1) = $1", [lost]);
    await client.query(
      `INSERT INTO messages (tenant_id, owner_id, id, conversation_id, sequence, role, status, created_at, content)
       SELECT tenant_id, 'somebody', 'copy', conversation_id, sequence, role, 'streaming', created_at, content
       FROM messages WHERE role = 'user' AND split_part(content, ' ', 1) = $1`,
      [doubled],
    );
    const [[file, { sha256 }] = assert.fail()] = documents.files;
    await rm(pathOfBytes(folder, sha256));
    await client.query("DELETE FROM branches");
    const { losses } = await search();
    assert.ok(
      losses.lost.some((line) => line.startsWith(`${lost} `)) && losses.doubled.includes(doubled!),
    );
    assert.equal(losses.unfinished.length, 1);
    assert.deepEqual(losses.wrongUser, [doubled]);
    assert.deepEqual(losses.withoutBytes, [file]);
    const lostDocuments = await lossesOfDocuments(replicas.url, documents);
    for (const what of [`file ${file}`, "on branch 1 of"])
      assert.ok(
        lostDocuments.some((line) => line.includes(what)),
        what,
      );
  });
});
