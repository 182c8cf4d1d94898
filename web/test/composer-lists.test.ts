// What the field completes: prompts of one's own behind "/", agents behind "@"; and where prompts are kept.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { createClient } from "@colloquy/client";
import type { Locator, Page } from "playwright-core";
import { startServer } from "../../server/test/start-server.ts";
import { violationsIn } from "./axe.ts";
import { openPage, withoutBrowser } from "./browser.ts";
import { message, replied, said } from "./chat-page.ts";

const skip = withoutBrowser;
let server: Awaited<ReturnType<typeof startServer>>;
before(async () => {
  server = await startServer();
});
after(() => server[Symbol.asyncDispose]());

const client = () => createClient({ baseUrl: server.url, token: "anything" });

beforeEach(async () => {
  for (const { id } of await client().prompts.list()) await client().prompts.delete(id);
  for (const { id } of await client().agents.list()) await client().agents.delete(id);
});

/** The name of the option that Enter would take, as a screen reader is told of it. */
const activeOption = (page: Page): Promise<string> =>
  message(page).evaluate((field) => {
    const id = field.getAttribute("aria-activedescendant");
    return (
      (id &&
        document.getElementById(id)?.firstElementChild?.nextSibling?.firstChild?.textContent) ||
      ""
    );
  });

const selected = (page: Page): Promise<string> =>
  message(page).evaluate((field) =>
    field instanceof HTMLTextAreaElement
      ? field.value.slice(field.selectionStart, field.selectionEnd)
      : "",
  );

const list = (page: Page, name: string): Locator => page.getByRole("listbox", { name });

test("a slash in the empty field leads to one's prompts; Tab goes through what is to be filled in", {
  skip,
}, async () => {
  await client().prompts.create({ name: "Translate", text: "Into {{language}}:" });
  await client().prompts.create({ name: "Trip", text: "{{days}} days in {{city}}, by train" });
  await using opened = await openPage(server.url);
  const { page } = opened;
  await message(page).click();
  await page.keyboard.type("/");
  await list(page, "Prompts").getByRole("option").nth(2).waitFor();
  assert.equal(await activeOption(page), "Translate");
  assert.deepEqual(await violationsIn(page), [], "open");
  await page.keyboard.press("ArrowDown");
  assert.equal(await activeOption(page), "Trip");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.type("tri");
  await list(page, "Prompts").getByRole("option").nth(1).waitFor({ state: "detached" });
  assert.equal(await activeOption(page), "Trip");
  await page.keyboard.press("Enter");
  await list(page, "Prompts").waitFor({ state: "detached" });
  assert.equal(await message(page).inputValue(), "{{days}} days in {{city}}, by train");

  assert.equal(await selected(page), "{{days}}");
  await page.getByText("Fill in the selected word.").waitFor();
  assert.deepEqual(await violationsIn(page), [], "filling in");
  await page.keyboard.type("Three");
  await page.keyboard.press("Tab");
  assert.equal(await selected(page), "{{city}}");
  await page.keyboard.press("Enter");
  assert.equal(await selected(page), "{{city}}", "nothing is sent with a gap in it unasked");
  await page.keyboard.type("Lisbon");
  await page.getByText("Fill in the selected word.").waitFor({ state: "detached" });
  await page.keyboard.press("Enter");
  await said(page, "Echo: Three days in Lisbon, by train").waitFor();
  await replied(page);
  assert.deepEqual(opened.problems, []);
});

test("gaps are gone back to, left as they are by Escape, and Tab leaves the field where there is none", {
  skip,
}, async () => {
  await client().prompts.create({ name: "Two", text: "{{one}} and {{two}}" });
  await using opened = await openPage(server.url);
  const { page } = opened;
  await message(page).click();
  await page.keyboard.type("/");
  await list(page, "Prompts").getByRole("option", { name: "Two" }).click();
  await page.keyboard.press("Tab");
  assert.equal(await selected(page), "{{two}}");
  await page.keyboard.press("Shift+Tab");
  assert.equal(await selected(page), "{{one}}");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  assert.equal(await message(page).evaluate((field) => field === document.activeElement), false);
  await message(page).focus();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Enter");
  await said(page, "Echo: {{one}} and {{two}}").waitFor();
  await replied(page);
});

test("what is no slash at the beginning, what fits no prompt, and what Escape closed is sent as it was typed", {
  skip,
}, async () => {
  await client().prompts.create({ name: "Trip", text: "A trip" });
  await using opened = await openPage(server.url);
  const { page } = opened;
  await message(page).click();
  for (const [keys, text] of [
    [["1/2 of it"], "1/2 of it"],
    [["/etc/hosts"], "/etc/hosts"],
    [["/zebra"], "/zebra"],
    [["/", "Escape"], "/"],
  ] as const) {
    for (const key of keys)
      if (key === "Escape") {
        await list(page, "Prompts").waitFor();
        await page.keyboard.press(key);
      } else await page.keyboard.type(key);
    await list(page, "Prompts").waitFor({ state: "detached" });
    await page.keyboard.press("Enter");
    await said(page, `Echo: ${text}`).last().waitFor();
    await replied(page);
  }
});

test("prompts are made, changed and deleted on a page that the empty list and the palette lead to", {
  skip,
}, async () => {
  await using opened = await openPage(server.url);
  const { page } = opened;
  await message(page).click();
  await page.keyboard.type("/");
  await list(page, "Prompts").getByText("There are no prompts yet.").waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Prompts" }).waitFor();
  assert.deepEqual(await violationsIn(page), [], "empty");
  await page.getByRole("button", { name: "New prompt" }).press("Enter");
  await page.getByRole("dialog", { name: "New prompt" }).waitFor();
  await page.keyboard.type("Walk");
  await page.keyboard.press("Tab");
  await page.keyboard.type("A walk in {{city}}");
  assert.deepEqual(await violationsIn(page), [], "new");
  await page.getByRole("button", { name: "Save" }).press("Enter");
  await page.getByRole("heading", { name: "Walk" }).waitFor();
  assert.equal((await client().prompts.list())[0]?.text, "A walk in {{city}}");

  await page.getByRole("button", { name: "Edit Walk" }).press("Enter");
  await page.getByRole("dialog", { name: "Edit Walk" }).waitFor();
  await page.keyboard.type(" far");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  const [changed] = await client().prompts.list();
  assert.match(changed?.name ?? "", /far/);

  await page.getByRole("button", { name: "Close settings" }).press("Enter");
  await message(page).waitFor();
  assert.equal(await message(page).inputValue(), "", "the slash is gone");
  await page.keyboard.press("Control+k");
  await page.keyboard.type("Prompts");
  await page.getByRole("option", { name: "Prompts", exact: true }).waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: `Delete ${changed?.name}` }).press("Enter");
  await page.getByRole("dialog").waitFor();
  assert.deepEqual(await violationsIn(page), [], "delete");
  await page.getByRole("button", { name: "Delete", exact: true }).press("Enter");
  await page.getByText("There are no prompts yet.").waitFor();
  assert.deepEqual(await client().prompts.list(), []);
  assert.deepEqual(opened.problems, []);
});

test("an at sign chooses an agent, a chip shows it, and the reply follows it until it is left", {
  skip,
}, async () => {
  await client().agents.create({ name: "Cook", instructions: "Talk like a cook." });
  await client().agents.create({ name: "Pilot", instructions: "Talk like a pilot." });
  await using opened = await openPage(server.url);
  const { page } = opened;
  await page.getByRole("button", { name: "Pilot" }).waitFor();
  await message(page).click();
  await page.keyboard.type("mail a@b.example or ask @");
  await list(page, "Agents").waitFor();
  assert.deepEqual(await violationsIn(page), [], "open");
  await page.keyboard.type("pil");
  await list(page, "Agents").getByRole("option").nth(1).waitFor({ state: "detached" });
  assert.equal(await activeOption(page), "Pilot");
  await page.keyboard.press("Tab");
  assert.equal(await message(page).inputValue(), "mail a@b.example or ask ");
  await page.getByRole("button", { name: "Without Pilot" }).waitFor();
  assert.deepEqual(await violationsIn(page), [], "chip");
  await page.keyboard.type("the way");
  await page.keyboard.press("Enter");
  await said(page, "Echo: mail a@b.example or ask the way").waitFor();
  await replied(page);
  const told = () => JSON.stringify(server.model.requests.at(-1)?.body?.messages);
  assert.match(told(), /Talk like a pilot\./);

  const update = page.waitForResponse((answer) => answer.request().method() === "PATCH");
  await page.getByRole("button", { name: "Without Pilot" }).click();
  assert.equal((await update).status(), 200);
  await message(page).click();
  await page.keyboard.type("And now?");
  await page.keyboard.press("Enter");
  await said(page, "Echo: And now?").waitFor();
  await replied(page);
  assert.doesNotMatch(told(), /Talk like a pilot\./);
  assert.deepEqual(opened.problems, []);
});

test("list, chip and page fit a phone of 320 pixels, from right to left, with targets of 44 pixels", {
  skip,
}, async () => {
  await client().prompts.create({ name: "A long name of a prompt ".repeat(6), text: "{{word}}" });
  await client().agents.create({
    name: "The agent with the longest name of all",
    instructions: "x",
  });
  const phone = { locale: "ar", viewport: { width: 320, height: 640 }, hasTouch: true };
  await using opened = await openPage(server.url, "", phone);
  const { page } = opened;
  const isTooWide = () => page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  const field = page.locator("[data-composer]");
  await field.tap();
  for (const sign of ["@", "/"]) {
    await page.keyboard.type(sign);
    const option = page.getByRole("option").first();
    await option.waitFor();
    assert.ok(((await option.boundingBox())?.height ?? 0) >= 44, sign);
    assert.equal(await isTooWide(), false, sign);
    await option.tap();
  }
  const leave = page.locator("[data-composer] ~ div span button").nth(1);
  const box = await leave.boundingBox();
  assert.ok(box && box.width >= 44 && box.height >= 44, JSON.stringify(box));
  assert.equal(await isTooWide(), false, "chip");
  await page.goto(`${server.url}/app/settings/prompts`);
  await page.getByRole("button", { name: /^تعديل/ }).waitFor();
  assert.equal(await isTooWide(), false, "page");
  assert.deepEqual(await violationsIn(page), []);
});
