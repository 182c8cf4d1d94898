// The parts of the page that people look for: the list by days, the one field for everything, code, a first sight.
// Takes: 20 s
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Page } from "playwright-core";
import { eventually } from "../../server/test/cli-runner.ts";
import { startServer } from "../../server/test/start-server.ts";
import { violationsIn } from "./axe.ts";
import { NEW_PROFILE, openPage, withoutBrowser } from "./browser.ts";
import { message, messages, replied, said } from "./chat-page.ts";
import { seed } from "./seed.ts";

const skip = withoutBrowser;
const DAY_MS = 24 * 3_600_000;
const NOW = new Date(2026, 5, 20, 12);
const DAYS_AGO = [
  [0, "Today"],
  [1, "Yesterday"],
  [4, "Last 7 days"],
  [20, "Last 30 days"],
  [60, "April"],
  [400, "May 2025"],
] as const;

let server: Awaited<ReturnType<typeof startServer>>;
before(async () => {
  server = await startServer();
  await seed(
    server.url,
    DAYS_AGO.map(([days, name]) => {
      const at = NOW.getTime() - days * DAY_MS;
      return {
        id: name,
        title: `About ${name}`,
        createdAt: at,
        updatedAt: at,
        messages: [{ id: "q", role: "user", content: `Words of ${name}`, timestamp: at }],
      };
    }),
  );
});
after(() => server[Symbol.asyncDispose]());

/** By how much something is wider than the view. */
const overflowOf = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - innerWidth);

test("the list has a heading for today, yesterday, the last days and each month", {
  skip,
}, async () => {
  await using opened = await openPage(server.url, "", NEW_PROFILE);
  const { page } = opened;
  await page.clock.setFixedTime(NOW);
  await page.reload();
  const list = page.getByRole("navigation");
  await list.getByRole("link", { name: "About Today" }).waitFor();
  const texts = await list
    .locator("h2, a[data-id]")
    .evaluateAll((elements) =>
      elements
        .sort((one, other) => one.getBoundingClientRect().top - other.getBoundingClientRect().top)
        .map(({ textContent }) => textContent),
    );
  assert.deepEqual(
    texts,
    DAYS_AGO.flatMap(([, name]) => [name, `About ${name}`]),
  );
});

test("Ctrl+K finds conversations, what was said, actions and pages by keyboard, and loses no letter that is typed at once", {
  skip,
}, async () => {
  await using opened = await openPage(server.url);
  const { page } = opened;
  const palette = page.getByRole("dialog", { name: "Find anything" });
  await message(page).waitFor();
  await page.getByRole("link", { name: "About Yesterday" }).waitFor();
  await page.keyboard.press("Control+k");
  await page.keyboard.type("about yesterday");
  await palette.getByRole("option", { name: "About Yesterday", exact: true }).waitFor();
  assert.equal(await palette.getByRole("combobox").inputValue(), "about yesterday");
  assert.equal(await message(page).inputValue(), "");
  assert.deepEqual(await violationsIn(page), []);
  await page.keyboard.press("Enter");
  await said(page, "Words of Yesterday").waitFor();
  assert.equal(await palette.count(), 0);

  await page.keyboard.press("Control+k");
  await page.keyboard.type("words of april");
  const hit = palette.getByRole("group", { name: "In what was said" }).getByRole("option").first();
  await hit.locator("mark").first().waitFor();
  await hit.click();
  await said(page, "Words of April").waitFor();

  await page.keyboard.press("Control+k");
  await page.keyboard.type("keyboard shortcuts");
  await palette.getByRole("option", { name: /Keyboard shortcuts/ }).waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });

  await page.keyboard.press("Control+k");
  await page.keyboard.type("a letter to my aunt");
  await palette.getByRole("option", { name: /New conversation about/ }).click();
  await page.getByText("What would you like to talk through?").waitFor();
  assert.equal(await message(page).inputValue(), "a letter to my aunt");
  assert.deepEqual(opened.problems, []);
});

test("the head of a long code block stays in view; it copies, wraps, collapses and saves what is in it", {
  skip,
}, async () => {
  await using opened = await openPage(server.url, "", {
    permissions: ["clipboard-read", "clipboard-write"],
    viewport: { width: 900, height: 600 },
  });
  const { page } = opened;
  const code = Array.from({ length: 80 }, (_, line) => `line_${line} = ${line}`).join("\n");
  server.model.next({ text: `\`\`\`python\n${code}\n\`\`\`` });
  await message(page).fill("Write much code");
  await message(page).press("Enter");
  await replied(page);
  const block = messages(page).locator("figure");
  await block.getByText("line_79", { exact: false }).first().waitFor();
  const copy = block.getByRole("button", { name: "Copy the code" });
  await block.locator("pre").evaluate((pre) => {
    const scroller = pre.closest("section[aria-label='Messages']");
    scroller?.scrollBy(0, pre.getBoundingClientRect().top + 700 - 300);
  });
  await page.waitForFunction(() => {
    const figure = document.querySelector("article figure");
    return figure !== null && figure.getBoundingClientRect().top < 0;
  });
  const box = await copy.boundingBox();
  assert.ok(box && box.y > 0 && box.y < 200, `the head is at ${box?.y}`);
  await copy.click();
  await eventually(
    async () => (await page.evaluate(() => navigator.clipboard.readText())) === code,
    20_000,
  );

  const wrap = block.getByRole("button", { name: "Wrap lines" });
  await wrap.click();
  assert.equal(await wrap.getAttribute("aria-pressed"), "true");
  const [saved] = await Promise.all([
    page.waitForEvent("download"),
    block.getByRole("button", { name: "Download the code" }).click(),
  ]);
  assert.equal(saved.suggestedFilename(), "code.py");

  const heightOf = () => block.evaluate((figure) => figure.getBoundingClientRect().height);
  const whole = await heightOf();
  await block.getByRole("button", { name: "Collapse the code" }).click();
  await eventually(async () => (await heightOf()) < whole / 3);
  await block.getByRole("button", { name: "Show all of the code" }).click();
  await eventually(async () => (await heightOf()) === whole);
  assert.deepEqual(opened.problems, []);
});

test("the question stays in a line under the header while its answer grows, and leads back to it", {
  skip,
}, async () => {
  await using opened = await openPage(server.url, "", { viewport: { width: 900, height: 600 } });
  const { page } = opened;
  const lines = Array.from({ length: 60 }, (_, line) => `Line ${line} of the answer.`).join("\n\n");
  server.model.next({ text: lines, hold: 40 });
  await message(page).fill("Which question is this?");
  await message(page).press("Enter");
  const pinned = page.getByRole("button", { name: "Which question is this?", exact: true });
  await pinned.click();
  await pinned.waitFor({ state: "detached" });
  await messages(page).first().getByText("Which question is this?").waitFor();
  server.model.release();
  await replied(page);
  assert.deepEqual(opened.problems, []);
});

test("a first sight offers things to begin with, which fill the field and send nothing", {
  skip,
}, async () => {
  await using opened = await openPage(server.url);
  const { page } = opened;
  const asked = server.model.requests.length;
  await page.getByRole("heading", { name: /^Good (?:morning|afternoon|evening)$/ }).waitFor();
  await page.getByRole("button", { name: "Plan a few days away" }).press("Enter");
  await page.keyboard.type("Kyoto");
  assert.equal(await message(page).inputValue(), "Plan four days in Kyoto");
  assert.equal(server.model.requests.length, asked);
  assert.deepEqual(opened.problems, []);
});

for (const size of [
  { width: 320, height: 640 },
  { width: 390, height: 844 },
])
  test(`at ${size.width} pixels nothing is cut, a new conversation is in the header, a menu is a sheet, and axe finds nothing`, {
    skip,
  }, async () => {
    await using opened = await openPage(server.url, "", {
      viewport: size,
      hasTouch: true,
      isMobile: true,
    });
    const { page } = opened;
    await page.getByRole("heading", { name: /^Good/ }).waitFor();
    assert.ok((await overflowOf(page)) <= 0);
    assert.deepEqual(await violationsIn(page), []);
    server.model.next({
      text: "| A | B |\n| --- | --- |\n| 1 | 2 |\n\n```js\nlet a = 'a line that is longer than the page is wide';\n```",
    });
    await message(page).fill("A table and code");
    await page.getByRole("button", { name: "Send" }).click();
    await replied(page);
    await messages(page).locator("figure").waitFor();
    assert.ok((await overflowOf(page)) <= 0);
    await page.getByRole("button", { name: "This conversation" }).click();
    const menu = page.getByRole("menu");
    await menu.waitFor();
    await page.waitForFunction(
      () => document.querySelector("[role=menu]")?.getAnimations().length === 0,
    );
    const sheet = await menu.boundingBox();
    assert.deepEqual([sheet?.x, sheet?.width], [0, size.width]);
    assert.equal(Math.round((sheet?.y ?? 0) + (sheet?.height ?? 0)), size.height);
    for (const item of await menu.getByRole("menuitem").all())
      assert.ok(((await item.boundingBox())?.height ?? 0) >= 44);
    assert.deepEqual(await violationsIn(page), []);
    await page.keyboard.press("Escape");
    await page.getByRole("link", { name: "New conversation" }).click();
    await page.getByRole("heading", { name: /^Good/ }).waitFor();
    assert.deepEqual(opened.problems, []);
  });
