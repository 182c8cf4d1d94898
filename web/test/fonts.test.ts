// What the page is set in: its own files alone, and nothing moves when they come.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startServer } from "../../server/test/start-server.ts";
import { openPage, withoutBrowser } from "./browser.ts";
import { message, said } from "./chat-page.ts";
import { seed } from "./seed.ts";

const skip = withoutBrowser;
const MAX_FONT_BYTES = 120 * 1024;
/** Of the view, times the way: a tenth of what is called good. */
const MAX_SHIFT = 0.01;

let server: Awaited<ReturnType<typeof startServer>>;
before(async () => {
  server = await startServer();
  await seed(server.url, [
    {
      id: "prose",
      title: "Prose",
      messages: [
        { id: "q", role: "user", content: "What are tides?", timestamp: 1_700_000_000_000 },
        {
          id: "a",
          role: "assistant",
          timestamp: 1_700_000_001_000,
          content:
            "The **Moon** pulls the water on the *near* side harder.\n\n## Why two a day\n\nWhat is left is a stretch in both directions.\n\n```\nlet tide = 2;\n```",
        },
      ],
    },
  ]);
});
after(() => server[Symbol.asyncDispose]());

test("the page is readable before its fonts are there, hardly moves when they come, and they are at most 120 KB from here", {
  skip,
}, async () => {
  await using opened = await openPage(server.url);
  const { page } = opened;
  await message(page).waitFor();
  // Without any of them the system's font stands in, as wide as it is.
  const standsIn = await page.evaluate(() =>
    Promise.any(
      ["Arial", "Liberation Sans", "Helvetica Neue", "Roboto", "Noto Sans", "NotoSans-Regular"].map(
        (name) => new FontFace("any", `local("${name}")`).load(),
      ),
    ).then(
      () => true,
      () => false,
    ),
  );
  const asked: string[] = [];
  const release = Promise.withResolvers<void>();
  await page.route(/\.woff2/, async (route) => {
    asked.push(route.request().url());
    await release.promise;
    await route.continue();
  });
  await page.reload({ waitUntil: "commit" });
  await page.getByRole("link", { name: "Prose" }).click();
  await said(page, "both directions").locator("code").waitFor();
  // Whoever loads the page waits for its style, its words and its script, and moves things by that.
  await page.evaluate(() => {
    const shifts: number[] = [];
    Object.assign(window, { shifts });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries())
        shifts.push((entry as PerformanceEntry & { value: number }).value);
    }).observe({ type: "layout-shift" });
  });
  const widthOf = () =>
    page.getByText("stretch in both").evaluate((text) => {
      const range = document.createRange();
      range.selectNodeContents(text);
      return range.getBoundingClientRect().width;
    });
  const widthBefore = await widthOf();
  assert.ok(widthBefore > 100, "it is readable meanwhile");
  release.resolve();
  await page.evaluate(() => document.fonts.ready);
  const fonts = await page.evaluate(async () => {
    await Promise.all([...document.fonts].map((font) => font.load().catch(() => {})));
    return performance
      .getEntriesByType("resource")
      .filter(({ name }) => /\.woff2/.test(name))
      .map((entry) => ({
        url: entry.name,
        bytes: (entry as PerformanceResourceTiming).encodedBodySize,
      }));
  });
  const widthAfter = await widthOf();
  assert.notEqual(widthAfter, widthBefore, "the font is another now");
  const shift = await page.evaluate(() =>
    (window as unknown as { shifts: number[] }).shifts.reduce((sum, value) => sum + value, 0),
  );
  const ours = fonts.filter(({ url }) => !/KaTeX/.test(url));
  const bytes = new Map(ours.map((font) => [font.url, font.bytes]));
  const total = [...bytes.values()].reduce((sum, size) => sum + size, 0);
  console.log(
    `    ${bytes.size} fonts, ${(total / 1024).toFixed(0)} KB; shift ${shift.toFixed(4)}; a line ${((widthAfter / widthBefore - 1) * 100).toFixed(1)} % wider`,
  );
  assert.equal(bytes.size, 3);
  assert.ok(total > 0 && total <= MAX_FONT_BYTES);
  for (const url of [...asked, ...bytes.keys()]) assert.ok(url.startsWith(server.url), url);
  if (standsIn) assert.ok(shift <= MAX_SHIFT, `${shift}`);
  assert.deepEqual(opened.problems, []);
});
