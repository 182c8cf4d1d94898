// The command line on PostgreSQL, and an installation that moves there and back.
// Takes: 15 s
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { eventually, type RunOptions, workFolder } from "./cli-runner.ts";
import { freePort } from "./free-port.ts";
import { skipWithoutPostgres } from "./postgres-server.ts";
import { createDatabase } from "./services.ts";
import { startServer } from "./start-server.ts";

describe("the command line on PostgreSQL", { skip: skipWithoutPostgres() }, () => {
  /** All but the first line, which says when it was written. */
  const recordsIn = async (path: string) => (await readFile(path, "utf8")).replace(/^.*\n/, "");

  test("an installation moves from SQLite to PostgreSQL and back with nothing changed", async () => {
    await using database = await createDatabase();
    await using folder = await workFolder();
    const onPostgres: RunOptions = { environment: { DATABASE_URL: database.url } };
    {
      await using server = await startServer({ backend: "sqlite", directory: folder.data });
      await useEveryWire(server.url);
    }
    for (const extra of [["--act-as"], ["--operator", "--tenant", "shop"]])
      await folder.run(["keys", "create", "--name", "key", "--user", "alice", ...extra]);

    const steps = [
      { args: ["export", "sqlite.jsonl"], options: {} },
      { args: ["import", "sqlite.jsonl"], options: onPostgres },
      { args: ["export", "postgres.jsonl"], options: onPostgres },
      {
        args: ["import", "postgres.jsonl"],
        options: { environment: { DATA_DIR: folder.file("again") } },
      },
      {
        args: ["export", "again.jsonl"],
        options: { environment: { DATA_DIR: folder.file("again") } },
      },
    ];
    for (const { args, options } of steps) {
      const { code, stderr } = await folder.run(args, options);
      assert.equal(code, 0, `${args.join(" ")}: ${stderr}`);
    }
    const before = await recordsIn(folder.file("sqlite.jsonl"));
    assert.ok(before.split("\n").length > 15, "there is something to move");
    assert.equal(await recordsIn(folder.file("postgres.jsonl")), before);
    assert.equal(await recordsIn(folder.file("again.jsonl")), before);
  });

  test("keys are made, listed and revoked there, and a running server follows", async () => {
    await using database = await createDatabase();
    await using folder = await workFolder();
    const onPostgres: RunOptions = { environment: { DATABASE_URL: database.url } };
    await using server = await startServer({
      backend: "sqlite",
      environment: { DATABASE_URL: database.url },
    });
    const { stdout, stderr } = await folder.run(["keys", "create", "--name", "laptop"], onPostgres);
    assert.match(stderr, /server is claimed now/);
    const status = async () =>
      (
        await fetch(`${server.url}/v1/chat/conversations`, {
          headers: { authorization: `Bearer ${stdout.trim()}` },
        })
      ).status;
    assert.equal(await status(), 200);
    const listed = await folder.run(["keys", "list"], onPostgres);
    const id = /ck_\S+/.exec(listed.stdout)?.[0] ?? "";
    assert.match(listed.stdout, /laptop/);
    assert.equal((await folder.run(["keys", "revoke", id], onPostgres)).code, 0);
    await eventually(async () => (await status()) === 401);
  });

  test("the doctor looks at the database, and shows no password", async () => {
    await using database = await createDatabase();
    await using folder = await workFolder();
    const examine = async (url: string) => {
      const environment = { DATABASE_URL: url, PORT: String(await freePort()) };
      const { stdout } = await folder.run(["doctor"], { environment });
      assert.ok(!stdout.includes(new URL(url).password || "no password"), stdout);
      return stdout;
    };
    const well = await examine(database.url);
    assert.match(well, /ok .*DATABASE_URL +PostgreSQL at 127\.0\.0\.1:\d+\/\S+, version \d+/);
    assert.match(well, /store +opens and answers: 0 conversations/);
    assert.match(await examine(database.administratorUrl), /warn .*superuser/);
    const nowhere = new URL(database.url);
    nowhere.port = String(await freePort());
    assert.match(await examine(String(nowhere)), /FAIL .*cannot be reached now/);
    const missing = new URL(database.url);
    missing.pathname = "/missing";
    assert.match(await examine(String(missing)), /FAIL .*does not exist: create it/);
  });

  test("a server says where it stores, and refuses in words what it cannot use", async () => {
    await using folder = await workFolder();
    await writeFile(folder.file(".env"), "DATABASE_URL=postgres://nobody@127.0.0.1:9/none\n");
    const environment = { PORT: String(await freePort()), DATABASE_TIMEOUT_SECONDS: "1" };
    const { code, stderr } = await folder.run(["serve"], { environment });
    assert.equal(code, 1);
    assert.match(stderr, /The database cannot be reached now/);
  });
});

async function useEveryWire(url: string): Promise<void> {
  const send = async (path: string, body: unknown, headers: Record<string, string> = {}) => {
    const response = await fetch(`${url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
    assert.ok(response.ok, `${path}: ${await response.clone().text()}`);
    return response.text();
  };
  const bearer = { authorization: "Bearer any" };
  await send("/chat", { message: "Hello 👩‍👩‍👧", user_id: "ann" });
  await send("/chat", { message: 'Again\u2028 "quoted" \\', user_id: "ann" });
  await send("/chat", { message: "{{error status=500}}", user_id: "bob" }).catch(() => {});
  await send("/api/v1/chat/completions", { message: "Hi", conversation_id: "session-12" });
  await send("/api/conversations", {
    userId: "00000000-0000-4000-8000-000000000001",
    title: "Moved in",
    messages: [{ role: "user", content: "old", timestamp: 1_600_000_000_123 }],
  });
  await send("/v1/chat/conversations/stream", { content: "Stream" }, bearer);
}
