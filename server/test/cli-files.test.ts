// Files of users by the command line: backups have them, archives say that they do not.
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

test("an archive has the names of files and says that the files are not in it; importing says that they are gone", async () => {
  await using folder = await workFolder();
  let path: string;
  {
    await using server = await sqlite(folder.data);
    const { body } = await upload(server.url, "a text", { name: "notes.txt" });
    path = await say(server.url, [body.data.id]);
  }
  const file = folder.file("all.jsonl");
  const made = await folder.run(["export", file]);
  assert.match(made.stderr, /1 message had files: their names are in it, the files are not/);
  assert.match(readFileSync(file, "utf8"), /"attachments":\[\{[^}]*notes\.txt/);
  const other = folder.file("other");
  const taken = await folder.run(["import", file], { environment: { DATA_DIR: other } });
  assert.equal(taken.code, 0, taken.stderr);
  await using server = await sqlite(other);
  const [question] = (await caller(server.url).call(path)).body.data;
  assert.deepEqual(
    question.attachments.map((one: { name: string; is_deleted: boolean }) => [
      one.name,
      one.is_deleted,
    ]),
    [["notes.txt", true]],
  );
});
