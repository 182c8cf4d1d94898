// What the log says of pages that were refused: an operator is to find the origin there, and not the same line a
// thousand times.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { freePort } from "./free-port.ts";
import { startProcess } from "./server-process.ts";
import { refusedSocket } from "./socket-client.ts";

const MAX_TOLD = 100;

test("[X13] a refused origin is logged once, by request or socket, and a hundred of them at most", async () => {
  const directory = await mkdtemp(join(tmpdir(), "colloquy-origins-"));
  try {
    const port = await freePort();
    await using server = await startProcess({
      PORT: String(port),
      DATA_DIR: directory,
      OLLAMA_BASE_URL: "http://127.0.0.1:9",
      RATE_LIMITS: "off",
      LOG_LEVEL: "warn",
    });
    const refuse = async (origin: string) => {
      const answer = await fetch(`${server.url}/conversations?user_id=ann`, {
        headers: { origin },
      });
      assert.equal(answer.status, 403, origin);
      assert.ok((await answer.text()).includes(origin));
    };
    const refuseSocket = async (origin: string) =>
      assert.equal((await refusedSocket({ port }, "/ws", { origin })).status, 403);
    for (const origin of ["https://one.example", "https://two.example"]) {
      await refuse(origin);
      await refuseSocket(origin);
      await refuse(origin);
    }
    await refuseSocket("https://three.example");
    await refuseSocket("https://three.example");
    for (let number = 0; number < MAX_TOLD; number++)
      await refuse(`https://${number}.many.example`);
    const log = await server.terminateForLog();
    const told = (origin: string) =>
      log.split("\n").filter((line) => line.includes(`"origin":"${origin}"`));
    for (const name of ["one", "two", "three"]) {
      const lines = told(`https://${name}.example`);
      assert.equal(lines.length, 1, log);
      assert.match(lines[0] ?? "", /CORS_ORIGINS/);
    }
    const many = (number: number) => told(`https://${number}.many.example`).length;
    assert.deepEqual([many(MAX_TOLD - 4), many(MAX_TOLD - 3)], [1, 0]);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
