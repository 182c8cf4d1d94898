// A speech engine that only the operator can mend: users are told in their words, the log names the setting.
// Runs: waiting
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { encodeWav } from "../src/domain/audio/wav.ts";
import { freePort } from "./free-port.ts";
import { startProcess } from "./server-process.ts";
import { startSpeechServer } from "./speech-server.ts";
import { send } from "./wire-client.ts";

const SETTINGS = /[ST]T[TS]_|127\.0\.0\.1|HTTP/;

test("speech that cannot be understood is told to users without settings and addresses, and to the operator with them", async () => {
  await using opened = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "colloquy-speech-"));
  opened.defer(() => rm(directory, { recursive: true, force: true }));
  const engine = opened.use(await startSpeechServer());
  const server = opened.use(
    await startProcess({
      PORT: String(await freePort()),
      HOST: "127.0.0.1",
      DATA_DIR: directory,
      OLLAMA_BASE_URL: "http://127.0.0.1:9",
      STT_BASE_URL: engine.baseUrl,
      STT_API_KEY: "wrong",
    }),
  );
  const form = new FormData();
  const wav = encodeWav(new Int16Array(16_000).fill(9_000), 16_000);
  form.set("file", new Blob([wav as BlobPart]), "sound.wav");
  form.set("model", "whisper-1");
  const answer = await fetch(`${server.url}/v1/audio/transcriptions`, {
    method: "POST",
    headers: { authorization: "Bearer anything" },
    body: form,
  });
  const told = await answer.text();
  assert.equal(answer.status, 503, told);
  assert.match(told, /Speech cannot be understood now.*whoever runs this server/);
  assert.doesNotMatch(told, SETTINGS);
  const health = await send(server, "GET", "/health");
  assert.match(JSON.stringify(health.body.problems), /Speech cannot be understood now/);
  assert.doesNotMatch(JSON.stringify(health.body.problems), SETTINGS);
  const log = await server.terminateForLog();
  const lines = log.split("\n").filter((line) => line.includes("a speech engine does not work"));
  assert.equal(lines.length, 1, "once a minute");
  assert.match(lines[0] ?? "", /refused its key: check STT_API_KEY/);
});
