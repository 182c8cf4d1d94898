// Talking, as a person does it: a real Chromium, a real server, a scripted model.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startServer } from "../../server/test/start-server.ts";
import { openPage, withoutBrowser } from "./browser.ts";
import { listed, message, messages, replied, said, send } from "./chat-page.ts";

const skip = withoutBrowser;
let server: Awaited<ReturnType<typeof startServer>>;
before(async () => {
  server = await startServer();
});
after(() => server[Symbol.asyncDispose]());

test("a message is answered word by word, is listed, and has an address", { skip }, async () => {
  await using opened = await openPage(server.url);
  const { page } = opened;
  server.model.next({ text: "The **Moon** pulls, mostly.", hold: 2 });
  await send(page, "Why are there tides?");
  await said(page, "The Moon").waitFor();
  assert.equal(await messages(page).count(), 2);
  await page.getByRole("button", { name: "Stop the reply" }).waitFor();
  server.model.release();
  await replied(page);
  await said(page, "The Moon pulls, mostly.").waitFor();
  assert.equal(await page.locator("strong", { hasText: "Moon" }).count(), 1);
  assert.match(page.url(), /\/app\/c\/[0-9a-f-]{36}$/);
  await listed(page, "Why are there tides?").waitFor();
  assert.equal(await page.title(), "Why are there tides? · Colloquy");
  assert.ok(await message(page).evaluate((field) => field === document.activeElement));
  assert.deepEqual(opened.problems, []);
});

test("a page that is loaded anew in the middle of a reply goes on with it", { skip }, async () => {
  await using opened = await openPage(server.url);
  const { page } = opened;
  server.model.next({ text: "One two three four five", hold: 3 });
  await send(page, "Count");
  await said(page, "One two three").waitFor();
  await page.reload();
  await said(page, "One two three").waitFor();
  await page.getByRole("button", { name: "Stop the reply" }).waitFor();
  server.model.release();
  await said(page, "One two three four five").waitFor();
  await replied(page);
  assert.equal(await messages(page).count(), 2);
  assert.deepEqual(opened.problems, []);
});

test("a stopped reply keeps what was said", { skip }, async () => {
  await using opened = await openPage(server.url);
  const { page } = opened;
  server.model.next({ text: "It begins and never ends", hold: 2 });
  await send(page, "Talk");
  await said(page, "It begins").waitFor();
  await page.keyboard.press("Escape");
  await said(page, "Stopped").waitFor();
  await replied(page);
  server.model.release();
  await said(page, "It begins").waitFor();
  assert.equal(await said(page, "never").count(), 0);
});
