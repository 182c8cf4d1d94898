// What a search shows: the hits of each conversation together, and how many there are.
import assert from "node:assert/strict";
import { test } from "node:test";
import { startServer } from "../../server/test/start-server.ts";
import { violationsIn } from "./axe.ts";
import { openPage, withoutBrowser } from "./browser.ts";

test("hits are grouped by conversation and counted truly, without signs of Markdown, by keyboard", {
  skip: withoutBrowser,
}, async () => {
  await using server = await startServer();
  const userId = "00000000-0000-4000-8000-000000000001";
  const store = async (title: string, contents: readonly string[]) => {
    const messages = contents.map((content) => ({ role: "user", content }));
    const answer = await fetch(`${server.url}/api/conversations`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ userId, title, messages }),
    });
    assert.equal(answer.status, 201);
  };
  await store(
    "Many",
    Array.from({ length: 40 }, (_, place) => `**lantern** \`${place}\``),
  );
  await store("One", ["# A lantern alone"]);
  await using opened = await openPage(server.url);
  const { page } = opened;
  await page.getByRole("searchbox", { name: "Search" }).waitFor();
  await page.getByRole("searchbox", { name: "Search" }).focus();
  await page.keyboard.type("lantern");
  const results = page.locator("[data-results]");
  await page.getByText("41 results in 2 conversations").waitFor();
  const many = results.locator("> li", { hasText: "Many" });
  await many.getByText("40 results").waitFor();
  assert.doesNotMatch((await results.textContent()) ?? "", /[*`#]/);
  assert.deepEqual(await violationsIn(page), []);
  await page.getByRole("button", { name: "More results" }).click();
  await page.getByRole("button", { name: "More results" }).waitFor({ state: "detached" });
  assert.equal(await results.locator("> li").count(), 2);
  assert.equal(await results.getByRole("link").count(), 41);
  await page.getByRole("searchbox", { name: "Search" }).focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  assert.ok(
    await results
      .getByRole("link")
      .nth(1)
      .evaluate((it) => it === document.activeElement),
  );
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/c\//);
  assert.deepEqual(opened.problems, []);
});

test("[H91] while much is still being made searchable, the hits so far are shown with a line that says so, and it goes by itself", {
  skip: withoutBrowser,
}, async () => {
  await using server = await startServer();
  const userId = "00000000-0000-4000-8000-000000000001";
  await using opened = await openPage(server.url);
  const { page } = opened;
  const field = page.getByRole("searchbox", { name: "Search" });
  await field.waitFor();
  const content = `pebble ${"on the beach ".repeat(7_600)}`;
  const messages = Array.from({ length: 60 }, () => ({ role: "user", content }));
  const ids: string[] = [];
  const store = async () => {
    const stored = await fetch(`${server.url}/api/conversations`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ userId, title: "Beaches", messages }),
    });
    assert.equal(stored.status, 201);
    ids.push(((await stored.json()) as { conversation: { id: string } }).conversation.id);
  };
  await field.focus();
  let isIndexing = false;
  let sought = "";
  // A page that is slow to search may find everything indexed already: then more is stored, and searched with one word more.
  for (const words of ["pebble", " on", " the", " beach"]) {
    sought += words;
    const answered = page.waitForResponse((response) => {
      const { pathname, searchParams } = new URL(response.url());
      return pathname.endsWith("/search") && searchParams.get("q") === sought;
    });
    await page.keyboard.type(words.slice(0, -1));
    await store();
    await page.keyboard.type(words.slice(-1));
    isIndexing = (await (await answered).json()).meta.is_indexing === true;
    if (isIndexing) break;
  }
  assert.ok(isIndexing);
  const line = page.getByText("Not everything is searchable yet");
  await line.waitFor();
  for (const id of ids) {
    const query = new URLSearchParams({ userId, conversationId: id });
    const deleted = await fetch(`${server.url}/api/conversations?${query}`, { method: "DELETE" });
    assert.ok(deleted.ok);
  }
  await line.waitFor({ state: "detached" });
  await page.getByText("Nothing found").waitFor();
  assert.deepEqual(opened.problems, []);
});
