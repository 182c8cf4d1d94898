// The settings page: how one likes the page, what every model is told, who is in.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createClient } from "@colloquy/client";
import type { Page } from "playwright-core";
import { startServer } from "../../server/test/start-server.ts";
import { violationsIn } from "./axe.ts";
import { openPage, withoutBrowser } from "./browser.ts";
import { message, replied, said, send } from "./chat-page.ts";

const skip = withoutBrowser;
let server: Awaited<ReturnType<typeof startServer>>;
before(async () => {
  server = await startServer();
});
after(() => server[Symbol.asyncDispose]());

const client = () => createClient({ baseUrl: server.url, token: "anything" });

/** Presses Tab until what has the focus is called that. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press("Tab");
    const focused = page.locator(":focus");
    if ((await focused.count()) === 0) continue;
    const words = await focused.evaluate(
      (element) =>
        `${element.getAttribute("aria-label") ?? ""} ${element.textContent} ${
          document.getElementById(element.getAttribute("aria-labelledby") ?? "")?.textContent ?? ""
        } ${element.id && (document.querySelector(`label[for="${element.id}"]`)?.textContent ?? "")}`,
    );
    if (words.includes(name)) return;
  }
  assert.fail(`nothing called ${name} gets the focus`);
}

const isTooWide = (page: Page): Promise<boolean> =>
  page.evaluate(() => document.documentElement.scrollWidth > innerWidth);

test("instructions are typed, kept as one types, told to the model, switched off, and there after a reload", {
  skip,
}, async () => {
  await using opened = await openPage(server.url);
  const { page } = opened;
  await message(page).waitFor();
  await page.keyboard.press("Control+k");
  await page.keyboard.type("Your instructions");
  await page.getByRole("option", { name: "Your instructions", exact: true }).waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Your instructions" }).waitFor();
  await page.getByRole("textbox", { name: "What every model should know" }).waitFor();
  await tabTo(page, "What every model should know");
  await page.keyboard.type("Metric units. Nothing else.");
  await page.getByText("Saved", { exact: true }).waitFor();
  assert.equal((await client().profile.get()).instructions, "Metric units. Nothing else.");
  assert.deepEqual(await violationsIn(page), [], "saved");

  await page.getByRole("button", { name: "Close settings" }).press("Enter");
  await send(page, "How far is it?");
  await replied(page);
  await said(page, "Echo: How far is it?").waitFor();
  const toldLast = () => JSON.stringify(server.model.requests.at(-1)?.body?.messages);
  assert.match(toldLast(), /Metric units\. Nothing else\./);

  await page.goto(`${server.url}/app/settings/instructions`);
  const field = page.getByRole("textbox", { name: "What every model should know" });
  await field.waitFor();
  assert.equal(await field.inputValue(), "Metric units. Nothing else.");
  await tabTo(page, "Use them");
  await page.keyboard.press("Space");
  await page.getByText("Saved", { exact: true }).waitFor();
  assert.equal((await client().profile.get()).uses_instructions, false);
  await page.getByRole("link", { name: "New conversation" }).click();
  await send(page, "And back?");
  await replied(page);
  assert.doesNotMatch(toldLast(), /Metric units/);
  await client().profile.replace({ instructions: "" });
  assert.deepEqual(opened.problems, []);
});

test("what is typed just before the page is left is kept, what is too long is told and not sent, what fails stays", {
  skip,
}, async () => {
  await using opened = await openPage(server.url, "settings/instructions");
  const { page } = opened;
  const field = page.getByRole("textbox", { name: "What every model should know" });
  await field.click();
  await page.keyboard.insertText("😀".repeat(4_000));
  await page.getByText(/4,?000 of 4,000 characters/).waitFor();
  await page.keyboard.type("ab");
  await page.getByText("2 characters too many. Not saved.").waitFor();
  assert.deepEqual(await violationsIn(page), [], "too long");
  await page.keyboard.press("Control+a");

  await page.route("**/v1/chat/profile", (route) =>
    route.request().method() === "PUT" ? route.abort() : route.continue(),
  );
  await page.keyboard.type("Kept");
  const problem = page.getByRole("alert").filter({ hasText: "Your instructions were not saved." });
  await problem.waitFor();
  assert.equal(await field.inputValue(), "Kept");
  assert.deepEqual(await violationsIn(page), [], "not saved");
  await page.unrouteAll();
  await problem.getByRole("button").click();
  await page.getByText("Saved", { exact: true }).waitFor();

  await field.click();
  await page.keyboard.press("End");
  const put = page.waitForResponse((answer) => answer.request().method() === "PUT");
  await page.keyboard.type(" at once");
  await page.getByRole("link", { name: "New conversation" }).click();
  assert.equal((await put).status(), 200);
  assert.equal((await client().profile.get()).instructions, "Kept at once");
  await client().profile.replace({ instructions: "" });
});

test("the settings are a page of their own: by keyboard, with an address for each section, back where one was", {
  skip,
}, async () => {
  await using opened = await openPage(server.url, "agents");
  const { page } = opened;
  await page.getByRole("heading", { name: "Agents" }).waitFor();
  await page.getByRole("button", { name: /settings and account/i }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("menuitem", { name: "Settings" }).waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "General" }).waitFor();
  await tabTo(page, "Dark");
  await page.keyboard.press("Enter");
  assert.equal(await page.locator("html").getAttribute("data-theme"), "dark");
  await page.getByRole("button", { name: "System" }).press("Space");
  for (const [link, path] of [
    ["Voice", "voice"],
    ["Account", "account"],
    ["Your instructions", "instructions"],
    ["Memory", "memory"],
    ["General", ""],
  ] as const) {
    await tabTo(page, link);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: link }).waitFor();
    assert.equal(new URL(page.url()).pathname, `/app/settings${path && `/${path}`}`);
    assert.deepEqual(await violationsIn(page), [], link);
  }
  await page.getByRole("button", { name: "Close settings" }).press("Enter");
  await page.getByRole("heading", { name: "Agents" }).waitFor();
  assert.deepEqual(opened.problems, []);
});

test("the settings fit a page of 320 pixels, also in German, and nothing stands on something else", {
  skip,
}, async () => {
  await using opened = await openPage(server.url, "settings", {
    locale: "de-DE",
    viewport: { width: 320, height: 640 },
  });
  const { page } = opened;
  for (const [path, heading] of [
    ["settings", "Allgemein"],
    ["settings/instructions", "Deine Hinweise"],
    ["settings/memory", "Gedächtnis"],
    ["settings/voice", "Sprechen"],
    ["settings/account", "Konto"],
  ] as const) {
    await page.goto(`${server.url}/app/${path}`);
    await page.getByRole("heading", { name: heading }).waitFor();
    assert.equal(await isTooWide(page), false, path);
    assert.deepEqual(await violationsIn(page), [], path);
  }
});
