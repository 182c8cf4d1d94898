// Backups that are made while the server runs, and what a start makes of a folder that was copied in part.
// Takes: 12 s
import assert from "node:assert/strict";
import {
  copyFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { caller } from "./chat-v1-client.ts";
import { workFolder } from "./cli-runner.ts";
import { startServer } from "./start-server.ts";

const sqlite = (directory: string) => startServer({ backend: "sqlite", directory });

test("a backup that is made under load has everything acknowledged before it, and restores", async () => {
  await using folder = await workFolder();
  const file = folder.file("backup.db");
  const restored = folder.file("restored");
  let acknowledged: string[] = [];
  let conversation = "";
  {
    await using server = await startServer({
      backend: "sqlite",
      directory: folder.data,
      environment: { RATE_LIMITS: "off" },
    });
    const { call, newConversation } = caller(server.url);
    conversation = await newConversation();
    const add = async (content: string) => {
      const { status } = await call(`/conversations/${conversation}/messages`, {
        body: { role: "system", content },
      });
      assert.equal(status, 201);
      return content;
    };
    acknowledged = await Promise.all(Array.from({ length: 20 }, (_, n) => add(`before ${n}`)));
    let isDone = false;
    const load = (async () => {
      for (let n = 0; !isDone; n++) await add(`meanwhile ${n}`);
    })();
    const made = await folder.run(["backup", file]);
    isDone = true;
    await load;
    assert.equal(made.code, 0, made.stderr);
    assert.match(made.stderr, /^Backed up .*data to .*backup\.db \(.*\)\.\n$/);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(folder.path).sort(), ["backup.db", "data"]);

    const again = await folder.run(["backup", file]);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /exists already.*--force/);
    const running = await folder.run(["restore", file]);
    assert.equal(running.code, 1);
    assert.match(running.stderr, /Another Colloquy server is using the data folder/);
  }
  const full = await folder.run(["restore", file]);
  assert.equal(full.code, 1);
  assert.match(full.stderr, /is not empty \(colloquy\.db.*nothing is overwritten/);

  const ended = await folder.run(["restore", file], { environment: { DATA_DIR: restored } });
  assert.equal(ended.code, 0, ended.stderr);
  assert.match(ended.stderr, /^Restored .*backup\.db \(.*\) to .*restored\./);
  await using server = await sqlite(restored);
  const { call } = caller(server.url);
  const contents: string[] = [];
  for (let before = ""; ; ) {
    const { body } = await call(`/conversations/${conversation}/messages?limit=100${before}`);
    contents.push(...body.data.map(({ content }: { content: string }) => content));
    if (body.data.length < 100) break;
    before = `&before=${body.data[0].id}`;
  }
  for (const content of acknowledged) assert.ok(contents.includes(content), content);
  const hits = await call("/search?q=before");
  assert.equal(hits.status, 200);
  assert.ok(hits.body.data.length > 0, "the search finds it, too");
});

test("what is no backup, or a damaged one, is refused, and nothing is left of the attempt", async () => {
  await using folder = await workFolder();
  {
    await using server = await sqlite(folder.data);
    await caller(server.url).newConversation();
  }
  const good = folder.file("good.db");
  assert.equal((await folder.run(["backup", good])).code, 0);
  const damaged = folder.file("damaged.db");
  copyFileSync(good, damaged);
  truncateSync(damaged, Math.floor(statSync(good).size / 2));
  writeFileSync(folder.file("text.db"), "Hello ".repeat(1000));
  copyFileSync(good, folder.file("copied.db"));
  writeFileSync(folder.file("copied.db-wal"), "x".repeat(5000));
  const target = folder.file("new");
  for (const [name, words] of [
    ["damaged.db", /damaged\.db (?:cannot be restored|is no SQLite)/],
    ["text.db", /is no SQLite database/],
    ["copied.db", /is no backup but a copy.*copied\.db-wal/],
    ["nothing.db", /nothing\.db does not exist/],
  ] as const) {
    const { code, stderr } = await folder.run(["restore", folder.file(name)], {
      environment: { DATA_DIR: target },
    });
    assert.equal(code, 1, name);
    assert.match(stderr, words);
  }
  const left = await folder.run(["restore", good], { environment: { DATA_DIR: target } });
  assert.equal(left.code, 0, left.stderr);
});

test("with a database of its own, backup and restore name PostgreSQL's tools", async () => {
  await using folder = await workFolder();
  const environment = { DATABASE_URL: "postgres://colloquy:secret@127.0.0.1:9/colloquy" };
  for (const command of ["backup", "restore"]) {
    const { code, stderr } = await folder.run([command, "x.db"], { environment });
    assert.equal(code, 1);
    assert.match(stderr, /pg_dump.*pg_restore/);
    assert.doesNotMatch(stderr, /secret/);
  }
});

test("a folder that was copied in part is not begun anew: the start, the doctor and backup refuse in words", async () => {
  await using folder = await workFolder();
  const database = join(folder.data, "colloquy.db");
  {
    await using server = await sqlite(folder.data);
    await caller(server.url).newConversation();
    copyFileSync(`${database}-wal`, folder.file("wal"));
  }
  const refused = async (words: RegExp) => {
    await assert.rejects(sqlite(folder.data), words);
    const doctor = await folder.run(["doctor"], { environment: { PORT: "0" } });
    assert.equal(doctor.code, 1);
    assert.match(doctor.stdout, words);
    assert.match(doctor.stdout, /→ Put the missing file back/);
    for (const args of [["backup", "x.db"], ["keys", "list"], ["export"]]) {
      const { code, stderr } = await folder.run(args);
      assert.equal(code, 1, args.join(" "));
      assert.match(stderr, words);
    }
  };
  renameSync(database, folder.file("kept"));
  copyFileSync(folder.file("wal"), `${database}-wal`);
  await refused(/has colloquy\.db-wal, and no colloquy\.db/);
  assert.deepEqual(
    readdirSync(folder.data).sort(),
    ["colloquy.db-wal", "colloquy.lock"],
    "nothing was made",
  );

  rmSync(`${database}-wal`);
  await refused(/has had a store, as its colloquy\.lock says, and has no colloquy\.db/);
  assert.deepEqual(readdirSync(folder.data), ["colloquy.lock"], "nothing was made");

  writeFileSync(database, "");
  await refused(/colloquy\.db is empty \(0 bytes\)/);

  renameSync(folder.file("kept"), database);
  await using server = await sqlite(folder.data);
  const { body } = await caller(server.url).call("/conversations");
  assert.equal(body.data.length, 1, "with the file it is all there again");
});
