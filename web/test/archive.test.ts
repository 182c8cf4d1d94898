// Archived conversations on the page: put away and brought back, typed and clicked.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createClient } from "@colloquy/client";
import { startServer } from "../../server/test/start-server.ts";
import { violationsIn } from "./axe.ts";
import { openPage, withoutBrowser } from "./browser.ts";
import { listed, message, replied, said } from "./chat-page.ts";
import { HOSTILE } from "./hostile-markdown.ts";

const skip = withoutBrowser;
let server: Awaited<ReturnType<typeof startServer>>;
before(async () => {
  server = await startServer();
});
after(() => server[Symbol.asyncDispose]());

const client = () => createClient({ baseUrl: server.url, token: "local" });

test("a conversation is archived by keyboard, undone, found by search, brought back from its page and by a message", {
  skip,
}, async () => {
  const { id } = await client().conversations.create({ title: "Of pangolins" });
  await client().messages.add(id, { role: "system", content: "Pangolins have scales" });
  await using opened = await openPage(server.url, `c/${id}`);
  const { page } = opened;
  const archive = async () => {
    await page.getByRole("button", { name: "This conversation" }).press("Enter");
    await page.getByRole("menuitem", { name: "Archive", exact: true }).press("Enter");
    await page.getByText("“Of pangolins” archived").last().waitFor();
    await listed(page, "Of pangolins").waitFor({ state: "detached" });
  };
  await listed(page, "Of pangolins").waitFor();
  await archive();
  await page.waitForURL("**/app/");
  assert.equal((await client().conversations.get(id)).is_archived, true);
  await page.getByRole("button", { name: "Undo" }).press("Enter");
  await listed(page, "Of pangolins").press("Enter");
  await page.waitForURL(`**/c/${id}`);
  assert.equal((await client().conversations.get(id)).is_archived, undefined);

  await archive();
  await page.getByRole("searchbox", { name: "Search" }).focus();
  await page.keyboard.type("pangolins");
  await page.getByLabel("Archived", { exact: true }).waitFor();
  await page
    .getByRole("link", { name: /Of pangolins/ })
    .first()
    .press("Enter");
  await page.getByRole("heading", { level: 1 }).getByLabel("Archived").waitFor();
  assert.deepEqual(await violationsIn(page), [], "an archived conversation, found");
  await page.getByRole("button", { name: "Clear the search" }).press("Enter");

  await page.getByRole("button", { name: /settings and account/i }).press("Enter");
  await page.getByRole("menuitem", { name: "Archived conversations" }).press("Enter");
  await page.getByRole("heading", { level: 1, name: "Archived conversations" }).waitFor();
  const list = page.getByRole("list", { name: "Archived conversations" });
  await list.getByRole("listitem").first().waitFor();
  assert.equal(await list.getByRole("listitem").count(), 1);
  assert.deepEqual(await violationsIn(page), [], "the archive");
  await list.getByRole("button", { name: "Bring back “Of pangolins”" }).press("Enter");
  await page.getByText("Nothing is archived.").waitFor();
  await listed(page, "Of pangolins").press("Enter");

  await archive();
  await page.keyboard.press("Control+k");
  await page.keyboard.type("archived");
  await page.getByRole("option", { name: "Archived conversations" }).waitFor();
  await page.keyboard.press("Enter");
  await list.getByRole("link", { name: "Of pangolins" }).press("Enter");
  await page.getByRole("heading", { level: 1 }).getByLabel("Archived").waitFor();
  await message(page).focus();
  await page.keyboard.type("Do they?");
  await page.keyboard.press("Enter");
  await said(page, "Echo: Do they?").waitFor();
  await replied(page);
  await listed(page, "Of pangolins").waitFor();
  assert.equal(await page.getByRole("heading", { level: 1 }).getByLabel("Archived").count(), 0);
  assert.deepEqual(opened.problems, []);
});

test(`${HOSTILE.length} hostile titles are text in the archive, in the list, selected and taken back`, {
  skip,
}, async () => {
  const made = await Promise.all(
    HOSTILE.map((text) => client().conversations.create({ title: text.slice(0, 500) })),
  );
  const ids = made.map(({ id }) => id);
  await client().conversations.act("archive", ids);
  await using opened = await openPage(server.url, "archived");
  const { page } = opened;
  const strange: string[] = [];
  page.on("request", (request) => {
    if (!request.url().startsWith(`${server.url}/`)) strange.push(request.url());
  });
  const boxes = page.getByRole("main").getByRole("checkbox");
  await boxes.first().press("Space");
  await page.keyboard.press("Control+a");
  const count = await boxes.count();
  assert.ok(count >= HOSTILE.length);
  await page.getByRole("main").getByText(`${count} selected`).waitFor();
  await page.getByRole("main").getByRole("button", { name: "Bring back", exact: true }).click();
  await page.getByText("Nothing is archived.").waitFor();
  await page.getByRole("navigation").getByRole("checkbox").first().waitFor({ state: "attached" });
  const foreign = await page.evaluate(
    () =>
      document.querySelectorAll("#content script, #content img, nav script, nav img, iframe")
        .length,
  );
  assert.equal(foreign, 0);
  assert.equal(await page.evaluate(() => "hit" in window), false);
  assert.deepEqual(strange, []);
  assert.deepEqual(opened.problems, []);
});
