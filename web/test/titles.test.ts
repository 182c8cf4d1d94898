// Titles by a model, as they appear in the list, in the header and in other tabs.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startServer } from "../../server/test/start-server.ts";
import { openPage, withoutBrowser } from "./browser.ts";
import { listed, message, replied, said } from "./chat-page.ts";

const skip = withoutBrowser;
let server: Awaited<ReturnType<typeof startServer>>;
before(async () => {
  server = await startServer({ environment: { TITLE_MODEL: "small" } });
});
after(() => server[Symbol.asyncDispose]());

test("a title by the model appears in the list, the header and another tab as soon as it is there; what one writes meanwhile stays", {
  skip,
}, async () => {
  await using opened = await openPage(server.url);
  const { page, problems } = opened;
  server.model.next({ text: "Try Porto." }, { text: "Trip to Portugal", hold: 0 });
  await message(page).click();
  await page.keyboard.type("Where shall we go?");
  await page.keyboard.press("Enter");
  await said(page, "Try Porto.").waitFor();
  await replied(page);
  await server.model.held();
  await listed(page, "Where shall we go?").waitFor();
  const other = await page.context().newPage();
  await other.goto(page.url());
  await listed(other, "Where shall we go?").waitFor();
  await message(page).click();
  await page.keyboard.type("Half a sen");
  server.model.release();
  await listed(page, "Trip to Portugal").waitFor();
  await page.getByRole("heading", { name: "Trip to Portugal" }).waitFor();
  await listed(other, "Trip to Portugal").waitFor();
  assert.equal(await message(page).inputValue(), "Half a sen");
  assert.equal(await page.title(), "Trip to Portugal · Colloquy");
  assert.deepEqual(problems, []);
});

test("a title that was typed while the model thinks of one stays", { skip }, async () => {
  await using opened = await openPage(server.url);
  const { page } = opened;
  server.model.forget();
  server.model.next({ text: "Good morning to you" }, { text: "A greeting", hold: 0 });
  await message(page).click();
  await page.keyboard.type("Good morning");
  await page.keyboard.press("Enter");
  await said(page, "Good morning to you").waitFor();
  await server.model.held();
  await listed(page, "Good morning").hover();
  await page.getByRole("button", { name: /Good morning/ }).click();
  await page.getByRole("menuitem", { name: "Rename" }).click();
  await page.keyboard.press("Control+a");
  await page.keyboard.type("At dawn");
  await page.keyboard.press("Enter");
  await listed(page, "At dawn").waitFor();
  const answered = page.waitForResponse(/wait=title/);
  server.model.release();
  assert.equal((await (await answered).json()).data.title, "At dawn");
  await listed(page, "At dawn").waitFor();
});
