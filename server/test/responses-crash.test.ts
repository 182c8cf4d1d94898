// A server that is killed in the middle of a response, and what is told of the response afterwards.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "./free-port.ts";
import { startModelServer } from "./model-server.ts";
import {
  all,
  checkEvents,
  type Event,
  responsesClient,
  textOf,
  wordsOf,
} from "./responses-client.ts";
import { startProcess } from "./server-process.ts";

const directory = await mkdtemp(join(tmpdir(), "colloquy-test-"));
after(() => rm(directory, { recursive: true, force: true }));

test("[OR2] [OR11] [OR13] a response that a crash cut off is failed with what was said, and its replay begins as it was shown", async () => {
  await using model = await startModelServer();
  const environment = {
    PORT: String(await freePort()),
    HOST: "127.0.0.1",
    DATA_DIR: directory,
    OPENAI_BASE_URL: model.url,
    MODEL: "scripted",
    LOG_LEVEL: "error",
  };
  const shown: Event[] = [];
  let id = "";
  const user = "ada";
  {
    await using server = await startProcess(environment);
    const { stream } = responsesClient(server, user);
    const words = Array.from({ length: 40 }, (_, index) => `word${index}`).join(" ");
    const input = `{{reply text=${JSON.stringify(words)} gapMs=2 hold=30}}`;
    await assert.rejects(async () => {
      for await (const event of stream({ input })) {
        shown.push(event);
        id ||= event.response?.id;
        if (!textOf(shown).includes("word29")) continue;
        while (!isCheckpointed()) await sleep(20);
        await server.kill();
      }
    });
  }
  await using next = await startProcess(environment);
  const { get, replay, create } = responsesClient(next, user);
  const { body } = await get(id);
  assert.deepEqual([body.status, body.error.code], ["failed", "server_error"]);
  assert.equal(body.output[0].status, "incomplete");
  assert.ok(wordsOf(body).length > 0 && textOf(shown).startsWith(wordsOf(body)));
  const events = await all(replay(id));
  checkEvents(events);
  const common = events.findIndex(({ type }) => type.endsWith(".done"));
  assert.deepEqual(events.slice(0, common), shown.slice(0, common));
  assert.deepEqual(events.at(-2)?.response, body);
  const again = await create({ input: "{{reply text=on}}", previous_response_id: id });
  assert.equal(wordsOf(again.body), "on");
});

/** Whether some of the reply is on the disk. */
function isCheckpointed(): boolean {
  using database = new DatabaseSync(join(directory, "colloquy.db"), { readOnly: true });
  return database.prepare("SELECT 1 FROM reply_pieces LIMIT 1").get() !== undefined;
}
