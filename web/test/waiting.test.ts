// What is said while a reply runs: it is sent at once and waits for its turn.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createClient } from "@colloquy/client";
import type { Page } from "playwright-core";
import { startServer } from "../../server/test/start-server.ts";
import { openPage, withoutBrowser } from "./browser.ts";
import { message, messages, replied, said } from "./chat-page.ts";

const skip = withoutBrowser;
let server: Awaited<ReturnType<typeof startServer>>;
before(async () => {
  server = await startServer();
});
after(() => server[Symbol.asyncDispose]());

const WAITS = "Waiting for the reply before it";

async function type(page: Page, text: string): Promise<void> {
  await message(page).focus();
  await page.keyboard.type(text);
}

/** The first words of what stands there, one under the other, and which of it waits. */
const shown = async (page: Page): Promise<string[]> =>
  (await messages(page).allInnerTexts()).map((text) => {
    const word = /\b(one|two|three|first|second|third)\b/.exec(text)?.[0] ?? "";
    return text.includes(WAITS) ? `${word}, waits` : word;
  });

const shows = async (page: Page, expected: readonly string[]): Promise<void> => {
  const limit = performance.now() + 20_000;
  while ((await shown(page)).join() !== expected.join() && performance.now() < limit)
    await page.evaluate(() => new Promise(requestAnimationFrame));
  assert.deepEqual(await shown(page), expected);
};

test("[X7] Enter while a reply runs: the messages are sent at once and wait in order, also after a reload; Stop stops the reply that runs, and the next goes on", {
  skip,
}, async () => {
  await using opened = await openPage(server.url);
  const { page } = opened;
  server.model.next(
    { text: "first reply", hold: 1 },
    { text: "second reply", hold: 1 },
    { text: "third reply" },
  );
  await message(page).waitFor();
  await type(page, "Say one");
  await page.keyboard.press("Enter");
  await said(page, "first").waitFor();
  await type(page, "Say two");
  await page.keyboard.press("Enter");
  await type(page, "Say three");
  // By hand, as on a phone, where Enter begins a line.
  await page.getByRole("button", { name: "Stop the reply" }).waitFor();
  await page.getByRole("button", { name: "Send" }).click();
  const both = ["one", "first", "two, waits", "three, waits"];
  await shows(page, both);
  const id = page.url().split("/").at(-1) ?? "";
  const list = async () => {
    const client = createClient({ baseUrl: server.url, token: "local" });
    return (await client.messages.list(id)).map(({ content }) => content);
  };
  assert.deepEqual(await list(), ["Say one", "Say two", "Say three"]);

  await page.reload();
  await shows(page, both);
  await page.getByRole("button", { name: "Stop the reply and answer the next message" }).focus();
  await page.keyboard.press("Enter");
  await shows(page, ["one", "first", "two", "second", "three, waits"]);
  await said(page, "first").getByText("Stopped").waitFor();
  server.model.release();
  await said(page, "third reply").waitFor();
  await replied(page);
  await shows(page, ["one", "first", "two", "second", "three", "third"]);
  assert.deepEqual((await list()).slice(2), [
    "Say two",
    "second reply",
    "Say three",
    "third reply",
  ]);
  assert.deepEqual(opened.problems, []);
});

test("what was said behind a reply and could not be sent stays, and is sent in order when asked to", {
  skip,
}, async () => {
  await using opened = await openPage(server.url);
  const { page } = opened;
  server.model.next(
    { text: "first reply", hold: 1 },
    { text: "second reply" },
    { text: "third reply" },
  );
  await message(page).waitFor();
  await type(page, "Say one");
  await page.keyboard.press("Enter");
  await said(page, "first").waitFor();
  // The reply goes on; only what is sent does not arrive.
  await page.route("**/messages/stream", (route) =>
    route.request().method() === "POST" ? route.abort() : route.continue(),
  );
  for (const text of ["Say two", "Say three"]) {
    await type(page, text);
    await page.keyboard.press("Enter");
  }
  await said(page, "three").getByText("Not sent.").waitFor();
  await said(page, "two").getByText("Not sent.").waitFor();
  await page.unroute("**/messages/stream");
  await said(page, "two").getByRole("button", { name: "Send again" }).focus();
  await page.keyboard.press("Enter");
  await shows(page, ["one", "first", "two, waits", "three, waits"]);
  server.model.release();
  await said(page, "third reply").waitFor();
  await replied(page);
  await shows(page, ["one", "first", "two", "second", "three", "third"]);
  assert.deepEqual(opened.problems, []);
});
