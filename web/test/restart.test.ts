// The server is killed in the middle of a reply and comes back.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { freePort } from "../../server/test/free-port.ts";
import { startModelServer } from "../../server/test/model-server.ts";
import { startProcess } from "../../server/test/server-process.ts";
import { openPage, withoutBrowser } from "./browser.ts";
import { message, messages, replied, said } from "./chat-page.ts";

test("a reply that a crash of the server cut off is called so, not stopped, and can be asked for again", {
  skip: withoutBrowser,
}, async () => {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "colloquy-restart-"));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const model = stack.use(await startModelServer());
  const settings = {
    PORT: String(await freePort()),
    HOST: "127.0.0.1",
    DATA_DIR: directory,
    RATE_LIMITS: "off",
    LOG_LEVEL: "error",
    OPENAI_BASE_URL: model.url,
    MODEL: "scripted",
    OLLAMA_BASE_URL: "http://127.0.0.1:9",
  };
  const first = await startProcess(settings);
  stack.defer(() => first.kill().catch(() => {}));
  const opened = stack.use(await openPage(first.url));
  const { page } = opened;
  model.next({ text: "half of it and more", hold: 2 });
  await message(page).waitFor();
  await page.keyboard.type("Tell me");
  await page.keyboard.press("Enter");
  await said(page, "half").waitFor();
  await first.kill();
  stack.use(await startProcess(settings));
  const told = page.getByText(/^The server restarted (during|before)/);
  await told.waitFor({ timeout: 60_000 });
  assert.equal(await page.getByText("Stopped").count(), 0);
  await page.reload();
  await told.waitFor();
  assert.equal(await page.getByText("Stopped").count(), 0);

  model.next({ text: "All of it, this time." });
  await page.getByRole("alert").getByRole("button", { name: "Answer again" }).focus();
  await page.keyboard.press("Enter");
  await said(page, "All of it, this time.").waitFor();
  await replied(page);
  assert.equal(await messages(page).count(), 2);
  assert.equal(await told.count(), 0);
});
