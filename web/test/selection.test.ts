// Several conversations selected in the sidebar, by mouse, keyboard and finger, and what is done with them at once.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { createClient } from "@colloquy/client";
import type { Page } from "playwright-core";
import { startServer } from "../../server/test/start-server.ts";
import { violationsIn } from "./axe.ts";
import { openPage, withoutBrowser } from "./browser.ts";
import { listed, message } from "./chat-page.ts";

const skip = withoutBrowser;
let server: Awaited<ReturnType<typeof startServer>>;
before(async () => {
  server = await startServer();
});
after(() => server[Symbol.asyncDispose]());

const client = () => createClient({ baseUrl: server.url, token: "local" });
const bar = (page: Page) => page.getByRole("region", { name: "Selected conversations" });
const box = (page: Page, title: string) =>
  page.getByRole("checkbox", { name: `Select “${title}”` });

/** Leaves these conversations alone in the list, the first one at its top. */
async function seeded(titles: readonly string[]): Promise<string[]> {
  const old = await Array.fromAsync(client().conversations.all());
  if (old.length > 0)
    await client().conversations.act(
      "delete",
      old.map(({ id }) => id),
    );
  const ids: string[] = [];
  for (const title of titles.toReversed())
    ids.unshift((await client().conversations.create({ title })).id);
  return ids;
}

const titlesOf = async (archived: "0" | "1" = "0") =>
  (await client().conversations.list({ limit: 100, archived })).items.map(({ title }) => title);

async function eventually(check: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 30_000; !(await check()); )
    assert.ok(Date.now() < deadline, "in time");
}

test("rows are selected by their boxes, a range by Shift, and archived together with one undo", {
  skip,
}, async () => {
  await seeded(["one", "two", "three", "four", "five"]);
  await using opened = await openPage(server.url);
  const { page } = opened;
  await listed(page, "two").hover();
  await box(page, "two").click();
  await bar(page).getByText("1 selected").waitFor();
  await listed(page, "four").click({ modifiers: ["Shift"] });
  await bar(page).getByText("3 selected").waitFor();
  await listed(page, "three").click({ modifiers: ["Control"] });
  await bar(page).getByText("2 selected").waitFor();
  // While something is selected a click selects, and opens nothing.
  await listed(page, "five").click();
  await page.getByRole("status").filter({ hasText: "3 conversations selected" }).waitFor();
  assert.match(page.url(), /\/app\/$/);
  assert.deepEqual(await violationsIn(page), [], "a selection");
  await bar(page).getByRole("button", { name: "Archive" }).click();
  await page.getByText("3 conversations archived").waitFor();
  await eventually(async () => (await titlesOf("1")).length === 3);
  assert.deepEqual(await titlesOf(), ["one", "three"]);
  assert.equal(await listed(page, "four").count(), 0);
  await page.getByRole("button", { name: "Undo" }).click();
  await listed(page, "four").waitFor();
  await eventually(async () => (await titlesOf()).length === 5);
  assert.deepEqual(await titlesOf(), ["one", "two", "three", "four", "five"], "each in its place");
  assert.deepEqual(opened.problems, []);
});

test("rows are selected by keyboard: Space, Shift and an arrow, Ctrl and A, Escape; deleted, undone, exported", {
  skip,
}, async () => {
  const ids = await seeded(["ant", "bee", "cat", "dog"]);
  await using opened = await openPage(server.url);
  const { page } = opened;
  await listed(page, "bee").focus();
  await page.keyboard.press("Space");
  await bar(page).getByText("1 selected").waitFor();
  await page.keyboard.press("Shift+ArrowDown");
  await bar(page).getByText("2 selected").waitFor();
  await page.keyboard.press("Escape");
  await bar(page).waitFor({ state: "detached" });
  await listed(page, "cat").focus();
  await page.keyboard.press("Control+a");
  await bar(page).getByText("4 selected").waitFor();
  const downloading = page.waitForEvent("download");
  await bar(page).getByRole("button", { name: "Export as JSON" }).press("Enter");
  const path = await (await downloading).path();
  const { data } = JSON.parse(await readFile(path ?? "", "utf8"));
  assert.deepEqual(data.map(({ id }: { id: string }) => id).sort(), [...ids].sort());
  await bar(page).waitFor({ state: "detached" });

  await listed(page, "ant").focus();
  await page.keyboard.press("Space");
  await page.keyboard.press("Shift+ArrowDown");
  await bar(page).getByRole("button", { name: "Delete" }).press("Enter");
  await page.getByText("2 conversations deleted").waitFor();
  await listed(page, "bee").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Undo" }).press("Enter");
  await listed(page, "bee").waitFor();
  assert.equal((await titlesOf()).length, 4);
  await listed(page, "ant").focus();
  await page.keyboard.press("Space");
  await page.keyboard.press("Shift+ArrowDown");
  await bar(page).getByRole("button", { name: "Delete" }).press("Enter");
  await page.getByText("2 conversations deleted").waitFor();
  assert.deepEqual(opened.problems, []);
  // Whoever leaves does not wait for the time to undo.
  await page.close();
  await eventually(async () => (await titlesOf()).length === 2);
  assert.deepEqual(await titlesOf(), ["cat", "dog"]);
});

test("on a phone a finger that rests on a row selects it, and the targets are large enough", {
  skip,
}, async () => {
  await seeded(["<img src=x onerror=hit=1>", "tapir"]);
  await using opened = await openPage(server.url, "", {
    viewport: { width: 390, height: 844 },
    hasTouch: true,
    isMobile: true,
  });
  const { page } = opened;
  await message(page).waitFor();
  await page.getByRole("button", { name: "Open the sidebar" }).tap();
  const row = listed(page, "tapir");
  const { x = 0, y = 0 } = (await row.boundingBox()) ?? {};
  const touch = await page.context().newCDPSession(page);
  const touchPoints = [{ x: x + 30, y: y + 15 }];
  await touch.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints });
  await bar(page).getByText("1 selected").waitFor();
  await touch.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
  await bar(page).getByText("1 selected").waitFor();
  await listed(page, "<img").tap();
  await bar(page).getByText("2 selected").waitFor();
  for (const button of await bar(page).getByRole("button").all()) {
    const { width = 0, height = 0 } = (await button.boundingBox()) ?? {};
    assert.ok(
      width >= 44 && height >= 44,
      `${await button.getAttribute("aria-label")}: ${width}×${height}`,
    );
  }
  assert.deepEqual(await violationsIn(page), [], "a selection on a phone");
  await bar(page).getByRole("button", { name: "End the selection" }).tap();
  await bar(page).waitFor({ state: "detached" });
  assert.equal(await page.evaluate(() => "hit" in window), false);
  assert.deepEqual(opened.problems, []);
});

test("archived conversations are brought back together, from right to left in Arabic, too", {
  skip,
}, async () => {
  const ids = await seeded(["alpha", "beta", "gamma"]);
  await client().conversations.act("archive", ids);
  await using opened = await openPage(server.url, "archived", { locale: "ar" });
  const { page } = opened;
  const boxes = page.getByRole("main").getByRole("checkbox");
  await boxes.first().press("Space");
  await boxes.last().click({ modifiers: ["Shift"] });
  await page.getByRole("main").getByText("3 محددة").waitFor();
  assert.deepEqual(await violationsIn(page), [], "the archive in Arabic");
  await page
    .getByRole("main")
    .getByRole("button", { name: "إعادة إلى القائمة", exact: true })
    .click();
  await page.getByText("لا شيء مؤرشف.").waitFor();
  assert.deepEqual(await titlesOf(), ["alpha", "beta", "gamma"]);
  assert.deepEqual(opened.problems, []);
});
