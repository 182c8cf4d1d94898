// Parts of the page come when they are asked for. One that does not come leaves the rest of the page as it is.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { startServer } from "../../server/test/start-server.ts";
import { violationsIn } from "./axe.ts";
import { openPage, withoutBrowser } from "./browser.ts";
import { message, messages, replied, said, send } from "./chat-page.ts";

const skip = withoutBrowser;
const NOT_LOADED = "This part of the page could not be loaded.";

/** What a server with a newer build says of the older one's files. */
const takeAway = (page: Page, files: string) =>
  page.route(`**/assets/${files}`, (route) => route.fulfill({ status: 404 }));

async function choose(page: Page, name: string): Promise<void> {
  if (name === "Agents") return page.getByRole("link", { name }).click();
  await page.getByRole("button", { name: /settings and account/i }).click();
  await page.getByRole("menuitem", { name }).click();
}

test("a window or a page that cannot be loaded is told of; the rest stays, and so does what one writes", {
  skip,
}, async () => {
  await using server = await startServer({ builtIn: true });
  await using opened = await openPage(server.url);
  const { page } = opened;
  await message(page).fill("not sent yet");
  await page.getByRole("button", { name: /settings and account/i }).waitFor();
  await takeAway(page, "*");

  const notice = page.getByRole("status").filter({ hasText: NOT_LOADED });
  for (const name of ["Keyboard shortcuts", "Import conversations"]) {
    await choose(page, name);
    await notice.getByRole("button", { name: "Reload the page" }).waitFor();
    await notice.getByRole("button", { name: "Close" }).click();
    await notice.waitFor({ state: "hidden" });
    assert.equal(await message(page).inputValue(), "not sent yet");
  }
  await page.getByRole("button", { name: "Speak" }).click();
  await notice.getByRole("button", { name: "Close" }).click();

  for (const name of ["Agents", "Settings", "Status", "Keys"]) {
    await choose(page, name);
    await page.getByRole("alert").getByText(NOT_LOADED).waitFor();
    assert.deepEqual(await violationsIn(page), []);
    await page.getByRole("link", { name: "New conversation" }).click();
    assert.equal(await message(page).inputValue(), "not sent yet");
  }

  await choose(page, "Agents");
  const problem = page.getByRole("alert").filter({ hasText: NOT_LOADED });
  await page.unrouteAll();
  await problem.getByRole("button", { name: "Reload the page" }).click();
  await page.getByRole("heading", { name: "Agents" }).waitFor();
});

test("a reply is readable without what formats it, or its formulas", { skip }, async () => {
  await using server = await startServer();
  await using opened = await openPage(server.url);
  const { page } = opened;
  await takeAway(page, "formula*");
  server.model.next({ text: "So **it** is: $$x^2$$" });
  await send(page, "With a formula?");
  await replied(page);
  await said(page, "So it is: x^2").locator("strong", { hasText: "it" }).waitFor();

  await takeAway(page, "format*");
  await page.reload();
  await said(page, "So **it** is: $$x^2$$").waitFor();
  assert.equal(await messages(page).count(), 2);
  await page.unrouteAll();
  await page.reload();
  await said(page, "So it is:").locator("math").waitFor({ state: "attached" });
});

test("a language that cannot be loaded leaves the page in English", { skip }, async () => {
  await using server = await startServer({ builtIn: true });
  await using opened = await openPage(server.url, "none", { locale: "de-DE" });
  const { page } = opened;
  await page.getByText("Diese Seite gibt es nicht.").waitFor();
  await takeAway(page, "de-*");
  await page.goto(`${server.url}/app/`);
  await message(page).waitFor();

  await page.getByRole("button", { name: /settings and account/i }).click();
  await page.getByRole("menuitem", { name: "Settings" }).click();
  const languages = page.getByRole("combobox", { name: "Language" });
  await languages.selectOption("de");
  await page.getByText("Deutsch could not be loaded").waitFor();
  assert.equal(await languages.inputValue(), "en");
  await page.unrouteAll();
  await languages.selectOption("de");
  await page.getByRole("combobox", { name: "Sprache" }).waitFor();
});

test("where the frame of all pages cannot be shown, that is said, and not nothing", {
  skip,
}, async () => {
  await using server = await startServer({ builtIn: true });
  await using opened = await openPage(server.url);
  const { page } = opened;
  await message(page).waitFor();
  // What no server of ours says, and no part of the page expects.
  const strange = { id: "one", title: {}, is_pinned: false, updated_at: new Date().toISOString() };
  await page.route("**/v1/chat/conversations?**", (route) =>
    route.fulfill({ json: { success: true, data: [strange], meta: { total: 1, totalPages: 1 } } }),
  );
  await page.reload();
  const problem = page.getByRole("main").getByRole("alert").filter({ hasText: NOT_LOADED });
  await problem.waitFor();
  assert.deepEqual(await violationsIn(page), []);
  await page.unrouteAll();
  await problem.getByRole("button", { name: "Reload the page" }).click();
  await message(page).waitFor();
});
