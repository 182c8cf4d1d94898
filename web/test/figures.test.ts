// How fast the page is there, and how fast it takes what is typed.
// Runs: alone
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { before, test } from "node:test";
import type { Page } from "playwright-core";
import { startServer } from "../../server/test/start-server.ts";
import { NEW_PROFILE, openPage, wholeBrowser, withoutBrowser } from "./browser.ts";
import { message, replied, said, send } from "./chat-page.ts";

const skip = withoutBrowser;
const MAX_SCRIPT_BYTES = 200 * 1024;
const FIRST_PAINT_MS = 1_000;
const TYPING_MS = 50;
/** On a machine that is busy with something else: so many times what a page of one word needs just then. */
const MAX_EMPTY_PAINTS = 15;
/** The best of so many loads, each by a browser that has nothing of the page. */
const LOADS = 3;
/** The same for a key: so many times what it needs while nothing streams. */
const MAX_QUIET_KEYS = 3;

const paintMs = (page: Page): Promise<number> =>
  page.evaluate(
    () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Infinity,
  );

before(async () => {
  if (!skip) await wholeBrowser();
});

/** When a page of one word is painted: what browser and machine need by themselves. */
async function emptyPaintMs(): Promise<number> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><p>Word</p>");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const { port } = server.address() as AddressInfo;
    await using opened = await openPage(`http://127.0.0.1:${port}`, "", NEW_PROFILE);
    const painted = () => performance.getEntriesByName("first-contentful-paint").length > 0;
    await opened.page.waitForFunction(painted);
    return await paintMs(opened.page);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** From each key to the paint after it, ascending. */
async function keyTimes(page: Page, text: string): Promise<number[]> {
  await page.evaluate(() => {
    const times: number[] = [];
    const noted = "typingTimes" in window;
    Object.assign(window, { typingTimes: times });
    if (noted) return;
    document.addEventListener("keydown", ({ timeStamp }) =>
      requestAnimationFrame(() =>
        setTimeout(() => {
          const { typingTimes } = window as unknown as { typingTimes: number[] };
          typingTimes.push(performance.now() - timeStamp);
        }),
      ),
    );
  });
  await message(page).pressSequentially(text, { delay: 30 });
  const times = await page.evaluate(
    () => (window as unknown as { typingTimes: number[] }).typingTimes,
  );
  return times.sort((one, other) => one - other);
}

test("the first load asks for at most 200 KB of compressed JavaScript and paints within a second", {
  skip,
}, async () => {
  await using server = await startServer();
  await using opened = await openPage(server.url, "", NEW_PROFILE);
  const { page } = opened;
  await message(page).waitFor();
  await page.waitForLoadState("networkidle");
  const scripts = await page.evaluate(() =>
    performance
      .getEntriesByType("resource")
      .filter(({ name }) => /\.js(?:\?|$)/.test(name))
      .map((entry) => (entry as PerformanceResourceTiming).encodedBodySize),
  );
  const paints = [await paintMs(page)];
  const emptyPaints: number[] = [];
  for (let load = 1; load <= LOADS; load++) {
    emptyPaints.push(await emptyPaintMs());
    if (load === LOADS) break;
    await using again = await openPage(server.url, "", NEW_PROFILE);
    await message(again.page).waitFor();
    paints.push(await paintMs(again.page));
  }
  const ms = Math.min(...paints);
  const emptyMs = Math.max(...emptyPaints);
  const bytes = scripts.reduce((sum, size) => sum + size, 0);
  console.log(
    `    ${scripts.length} scripts, ${(bytes / 1024).toFixed(0)} KB; first contentful paint after ${ms.toFixed(0)} ms, of a page of one word ${emptyMs.toFixed(0)} ms`,
  );
  assert.ok(scripts.length > 0 && scripts.every((size) => size > 0));
  assert.ok(bytes <= MAX_SCRIPT_BYTES);
  assert.ok(ms < Math.max(FIRST_PAINT_MS, MAX_EMPTY_PAINTS * emptyMs));
});

test("what is typed while a reply streams is shown within 50 ms (the middle of 40 keys)", {
  skip,
}, async () => {
  await using server = await startServer();
  await using opened = await openPage(server.url, "", NEW_PROFILE);
  const { page } = opened;
  await message(page).waitFor();
  const quiet = await keyTimes(page, "twenty keys in quiet");
  await message(page).clear();
  const words = Array.from({ length: 4_000 }, (_, index) => `word${index}`).join(" ");
  server.model.next({ text: words, gapMs: 4 });
  await send(page, "Say much");
  await said(page, "word20").waitFor();
  const times = await keyTimes(page, "forty letters while the words come along");
  await page.getByRole("button", { name: "Stop the reply" }).waitFor();
  await page.keyboard.press("Escape");
  await replied(page);
  await message(page).clear();
  const quietAgain = await keyTimes(page, "twenty keys in quiet");
  const at = (share: number, of = times) => of[Math.floor(of.length * share)] ?? Infinity;
  console.log(
    `    key to paint: p50 ${at(0.5).toFixed(0)} ms, p95 ${at(0.95).toFixed(0)} ms, in quiet p50 ${at(0.5, quiet).toFixed(0)} ms`,
  );
  assert.ok(times.length >= 35);
  const quietMs = Math.max(at(0.5, quiet), at(0.5, quietAgain));
  assert.ok(at(0.5) < Math.max(TYPING_MS, MAX_QUIET_KEYS * quietMs));
  assert.deepEqual(opened.problems, []);
});
