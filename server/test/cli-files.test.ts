// Files of users by the command line: backups have them, and archives.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { caller } from "./chat-v1-client.ts";
import { workFolder } from "./cli-runner.ts";
import { png, upload } from "./file-samples.ts";
import { startServer } from "./start-server.ts";

const sqlite = (directory: string) =>
  startServer({ backend: "sqlite", builtIn: true, directory, environment: {} });

/** A conversation whose question has those files; gives its path. */
async function say(url: string, attachments: readonly string[]): Promise<string> {
  const { call, newConversation } = caller(url);
  const path = `/conversations/${await newConversation()}/messages`;
  const { status, body } = await call(path, { body: { content: "Look", attachments } });
  assert.equal(status, 201, JSON.stringify(body));
  return path;
}

test("a backup that is made while the server runs has the files of users, and restoring brings them back", async () => {
  await using folder = await workFolder();
  const image = Buffer.concat([png(30, 20), Buffer.alloc(3_000_000, 5)]);
  let path: string;
  let ids: string[];
  {
    await using server = await sqlite(folder.data);
    const sent = [image, "a text", "lost"].map((content) =>
      upload(server.url, content, { name: "f.txt" }),
    );
    ids = (await Promise.all(sent)).map(({ body }) => body.data.id);
    path = await say(server.url, ids);
    const { sha256 } = (await caller(server.url).call(`/files/${ids[2]}`)).body.data;
    rmSync(join(folder.data, "files", sha256.slice(0, 2), sha256));
    const made = await folder.run(["backup", folder.file("all.db")]);
    assert.equal(made.code, 0, made.stderr);
    assert.match(made.stderr, /with 2 files of users\)\.\n1 file had no bytes/);
  }
  const restored = folder.file("restored");
  const ended = await folder.run(["restore", folder.file("all.db")], {
    environment: { DATA_DIR: restored },
  });
  assert.equal(ended.code, 0, ended.stderr);
  assert.match(ended.stderr, /with 2 files of users\) to/);
  const left = readdirSync(restored, { recursive: true }).map(String);
  assert.ok(!left.some((name) => name.endsWith("restoring")), left.join(" "));
  await using server = await sqlite(restored);
  const { open, call } = caller(server.url);
  const [question] = (await call(path)).body.data;
  assert.deepEqual(
    question.attachments.map(({ id }: { id: string }) => id),
    ids,
  );
  const content = await open(`/files/${ids[0]}/content`);
  assert.deepEqual(Buffer.from(await content.arrayBuffer()), image);
  assert.equal(await (await open(`/files/${ids[1]}/content`)).text(), "a text");
  assert.equal((await open(`/files/${ids[2]}`)).status, 404, "no row without bytes");
});

/** What the data folder of a server has, seen from outside: the texts of files, or the status where there is none. */
async function contentsOf(url: string, ids: readonly string[]): Promise<(string | number)[]> {
  const { open } = caller(url);
  return Promise.all(
    ids.map(async (id) => {
      const answer = await open(`/files/${id}/content`);
      return answer.ok ? answer.text() : answer.status;
    }),
  );
}

test("an archive has the files of users, and importing it brings them back", async () => {
  await using folder = await workFolder();
  const large = `${"a large text ".repeat(80_000)}😀`;
  let path: string;
  let ids: string[];
  {
    await using server = await sqlite(folder.data);
    const sent: string[] = [];
    for (const content of [large, "a text", "a text", "lost", "deleted"]) {
      const { body } = await upload(server.url, content, { name: `${sent.length}.txt` });
      sent.push(body.data.id);
    }
    ids = sent;
    path = await say(server.url, ids);
    const { call } = caller(server.url);
    const { sha256 } = (await call(`/files/${ids[3]}`)).body.data;
    rmSync(join(folder.data, "files", sha256.slice(0, 2), sha256));
    assert.equal((await call(`/files/${ids[4]}`, { method: "DELETE" })).status, 200);
  }
  const file = folder.file("all.jsonl");
  const [made, without, ofNobody] = await Promise.all([
    folder.run(["export", file]),
    folder.run(["export", "--without-files"]),
    folder.run(["export", "--user", "nobody"]),
  ]);
  assert.equal(made.code, 0, made.stderr);
  assert.match(made.stderr, /, 3 files,/);
  assert.match(made.stderr, /\n1 file had no bytes in DATA_DIR\/files/);
  assert.match(without.stderr, /1 message had files: their names are in it, the files are not/);
  assert.doesNotMatch(without.stdout + ofNobody.stdout, /"base64"|"sha256"/);
  const lines = readFileSync(file, "utf8").split("\n");
  assert.ok(Math.max(...lines.map(({ length }) => length)) < 600_000, "no line has a whole file");
  assert.equal(
    lines.filter((line) => line.includes('"YSB0ZXh0"')).length,
    1,
    "the same bytes once",
  );

  const other = { environment: { DATA_DIR: folder.file("other") } };
  const names = await folder.run(["import", "-"], { ...other, input: without.stdout });
  assert.equal(names.code, 0, names.stderr);
  const rehearsed = await folder.run(["import", "--dry-run", file], other);
  assert.match(rehearsed.stdout, /would be taken +3 files\n/);
  const taken = await folder.run(["import", file], other);
  assert.equal(taken.code, 0, taken.stderr);
  assert.match(taken.stdout, /taken +3 files\n +there already +1 conversation and 2 messages\n/);
  const again = await folder.run(["import", file], other);
  assert.match(again.stdout, /taken +nothing\n +there already .*, 2 messages and 3 files\n/);
  await using server = await sqlite(folder.file("other"));
  assert.deepEqual(await contentsOf(server.url, ids), [large, "a text", "a text", 404, 404]);
  const [question] = (await caller(server.url).call(path)).body.data;
  assert.deepEqual(
    question.attachments.map((one: { name: string; is_deleted: boolean }) => [
      one.name,
      one.is_deleted,
    ]),
    ids.map((_, place) => [`${place}.txt`, place > 2]),
  );
});

test("of a file whose bytes are damaged or missing in an archive only the name is taken, and that is told", async () => {
  await using folder = await workFolder();
  let path: string;
  let ids: string[];
  {
    await using server = await sqlite(folder.data);
    const sent = ["one", "two", "three"].map((content) => upload(server.url, content));
    ids = (await Promise.all(sent)).map(({ body }) => body.data.id);
    path = await say(server.url, ids);
  }
  const { stdout: whole } = await folder.run(["export"]);
  const damaged = whole
    .replace('"b25l"', '"b25m"')
    .split("\n")
    .filter((line) => !line.includes('"dHdv"'))
    .join("\n");
  const other = { environment: { DATA_DIR: folder.file("other") } };
  const { code, stdout } = await folder.run(["import", "-"], { ...other, input: damaged });
  assert.equal(code, 1);
  assert.match(stdout, /taken +1 conversation, 2 messages and 1 file\n/);
  assert.match(stdout, /refused +2 files: its bytes are not in the archive, or not whole\n/);
  const cut = await folder.run(["import", "-"], {
    environment: { DATA_DIR: folder.file("third") },
    input: whole.slice(0, whole.indexOf('"dGhyZWU="') + 20),
  });
  assert.match(cut.stderr, /the file was cut off/);
  await using server = await sqlite(folder.file("other"));
  assert.deepEqual(await contentsOf(server.url, ids), [404, 404, "three"]);
  const [question] = (await caller(server.url).call(path)).body.data;
  assert.deepEqual(
    question.attachments.map((one: { is_deleted: boolean }) => one.is_deleted),
    [true, true, false],
  );
});
