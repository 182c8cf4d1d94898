// How fast the page is there, and how fast it takes what is typed.
// Runs: alone
import assert from "node:assert/strict";
import { test } from "node:test";
import { startServer } from "../../server/test/start-server.ts";
import { openPage, withoutBrowser } from "./browser.ts";
import { message, replied, said, send } from "./chat-page.ts";

const skip = withoutBrowser;
const MAX_SCRIPT_BYTES = 200 * 1024;
const FIRST_PAINT_MS = 1_000;
const TYPING_MS = 50;

test("the first load asks for at most 200 KB of compressed JavaScript and paints within a second", {
  skip,
}, async () => {
  await using server = await startServer();
  await using opened = await openPage(server.url);
  const { page } = opened;
  await message(page).waitFor();
  await page.waitForLoadState("networkidle");
  const { scripts, paintMs } = await page.evaluate(() => ({
    scripts: performance
      .getEntriesByType("resource")
      .filter(({ name }) => /\.js(?:\?|$)/.test(name))
      .map((entry) => (entry as PerformanceResourceTiming).encodedBodySize),
    paintMs: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Infinity,
  }));
  const bytes = scripts.reduce((sum, size) => sum + size, 0);
  console.log(
    `    ${scripts.length} scripts, ${(bytes / 1024).toFixed(0)} KB; first contentful paint after ${paintMs.toFixed(0)} ms`,
  );
  assert.ok(scripts.length > 0 && scripts.every((size) => size > 0));
  assert.ok(bytes <= MAX_SCRIPT_BYTES);
  assert.ok(paintMs < FIRST_PAINT_MS);
});

test("what is typed while a reply streams is shown within 50 ms (the middle of 40 keys)", {
  skip,
}, async () => {
  await using server = await startServer();
  await using opened = await openPage(server.url);
  const { page } = opened;
  const words = Array.from({ length: 4_000 }, (_, index) => `word${index}`).join(" ");
  server.model.next({ text: words, gapMs: 4 });
  await send(page, "Say much");
  await said(page, "word20").waitFor();
  await page.evaluate(() => {
    const times: number[] = [];
    Object.assign(window, { typingTimes: times });
    document.addEventListener("keydown", ({ timeStamp }) =>
      requestAnimationFrame(() => setTimeout(() => times.push(performance.now() - timeStamp))),
    );
  });
  await message(page).pressSequentially("forty letters while the words come along", { delay: 30 });
  await page.getByRole("button", { name: "Stop the reply" }).waitFor();
  const times = await page.evaluate(
    () => (window as unknown as { typingTimes: number[] }).typingTimes,
  );
  times.sort((one, other) => one - other);
  const at = (share: number) => times[Math.floor(times.length * share)] ?? Infinity;
  console.log(`    key to paint: p50 ${at(0.5).toFixed(0)} ms, p95 ${at(0.95).toFixed(0)} ms`);
  assert.ok(times.length >= 35);
  assert.ok(at(0.5) < TYPING_MS);
  await page.keyboard.press("Escape");
  await replied(page);
  assert.deepEqual(opened.problems, []);
});
