// Archived conversations on the page: put away and brought back, typed and clicked.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createClient } from "@colloquy/client";
import { startServer } from "../../server/test/start-server.ts";
import { violationsIn } from "./axe.ts";
import { openPage, withoutBrowser } from "./browser.ts";
import { listed, message, replied, said } from "./chat-page.ts";

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
    await page.getByText("“Of pangolins” archived").waitFor();
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
  await page.getByRole("link", { name: /Of pangolins/ }).first().press("Enter");
  await page.getByRole("heading", { level: 1 }).getByLabel("Archived").waitFor();
  assert.deepEqual(await violationsIn(page), [], "an archived conversation, found");
  await page.getByRole("button", { name: "Clear the search" }).press("Enter");

  await page.getByRole("button", { name: /settings and account/i }).press("Enter");
  await page.getByRole("menuitem", { name: "Archived conversations" }).press("Enter");
  await page.getByRole("heading", { level: 1, name: "Archived conversations" }).waitFor();
  const list = page.getByRole("list", { name: "Archived conversations" });
  assert.equal(await list.getByRole("listitem").count(), 1);
  assert.deepEqual(await violationsIn(page), [], "the archive");
  await list.getByRole("button", { name: "Bring back “Of pangolins”" }).press("Enter");
  await page.getByText("Nothing is archived.").waitFor();
  await listed(page, "Of pangolins").press("Enter");

  await archive();
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox").waitFor();
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
