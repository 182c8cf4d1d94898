// A temporary conversation on the page: begun by keyboard, said to be one, in no list, and an ordinary one after it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
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

test("a temporary conversation is begun by keyboard, says what it is, is in no list, and the next one is an ordinary one", {
  skip,
}, async () => {
  await using opened = await openPage(server.url);
  const { page } = opened;
  await message(page).waitFor();
  const toggle = page.getByRole("button", { name: "Temporary conversation" });
  await toggle.focus();
  await page.keyboard.press("Space");
  await page.getByText("Not listed and not searchable. It is deleted after 1 day.").waitFor();
  assert.equal(await toggle.getAttribute("aria-pressed"), "true");
  assert.equal(await page.getByRole("button", { name: "Speak" }).count(), 1);
  assert.deepEqual(await violationsIn(page), [], "the beginning");

  await message(page).focus();
  await page.keyboard.type("Between us alone");
  await page.keyboard.press("Enter");
  await said(page, "Echo: Between us alone").waitFor();
  await replied(page);
  await page.getByText(/^Temporary: not searchable\. It is deleted on \w+/).waitFor();
  assert.deepEqual(await violationsIn(page), [], "a temporary conversation");
  await page.getByRole("button", { name: "This conversation" }).press("Enter");
  await page.getByRole("menuitem", { name: "Rename" }).waitFor();
  assert.equal(await page.getByRole("menuitem", { name: "Pin" }).count(), 0);
  await page.keyboard.press("Escape");

  await page.reload();
  await said(page, "Echo: Between us alone").waitFor();
  await page.getByRole("link", { name: "New conversation" }).press("Enter");
  assert.equal(await toggle.getAttribute("aria-pressed"), "false");
  await message(page).focus();
  await page.keyboard.type("For everybody to see");
  await page.keyboard.press("Enter");
  await listed(page, "For everybody to see").waitFor();
  assert.equal(await listed(page, "Between us alone").count(), 0);
  assert.deepEqual(opened.problems, []);
});

test("on a page of 320 pixels in German a temporary conversation fits", { skip }, async () => {
  await using opened = await openPage(server.url, "", {
    locale: "de-DE",
    viewport: { width: 320, height: 640 },
  });
  const { page } = opened;
  await page.getByRole("button", { name: "Temporäres Gespräch" }).press("Enter");
  await page.getByText(/Aufbewahrt wird es 1 Tag\./).waitFor();
  const isTooWide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  assert.equal(isTooWide, false);
  assert.deepEqual(await violationsIn(page), []);
});
