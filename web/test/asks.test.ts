// A tool that asks before it is used, on the page: the question with its exact arguments, decided by keyboard, also after
// a reload, and texts of a model that try to look like something else.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { createClient } from "@colloquy/client";
import type { Page } from "playwright-core";
import { startServer } from "../../server/test/start-server.ts";
import { answering, asking, watchedTool } from "../../server/test/tool-steps.ts";
import { violationsIn } from "./axe.ts";
import { openPage, withoutBrowser } from "./browser.ts";
import { message, replied, said } from "./chat-page.ts";

const skip = withoutBrowser;
/** Long for a page that knows by itself, and before the next time that it asks the server again. */
const AT_ONCE = { timeout: 10_000 };
const HOSTILE = '{"to":"a@b.c","text":"<img src=x onerror=alert(1)>\u202Egnp.exe\u0000"}';
const send = watchedTool("send_mail", { source: "mail", effect: "writes", asks: true });
let server: Awaited<ReturnType<typeof startServer>>;
before(async () => {
  server = await startServer({ tools: [send.tool] });
});
after(() => server[Symbol.asyncDispose]());
beforeEach(() => {
  server.model.forget();
  send.forget();
});

test("[H50] a call is asked about with exactly what is sent, and made when it is allowed by keyboard", {
  skip,
}, async () => {
  await using opened = await openPage(server.url);
  const { page } = opened;
  server.model.next(asking([{ name: "send_mail", given: HOSTILE }], { words: "I can send it." }));
  await message(page).focus();
  await page.keyboard.type("Do it now");
  await page.keyboard.press("Enter");
  const card = page.getByRole("region", { name: "Use send_mail?" });
  await card.waitFor();
  const told = page.getByRole("status").filter({ hasText: "Use send_mail?" });
  await told.waitFor({ state: "attached" });
  const shown = (await card.locator("pre").textContent()) ?? "";
  assert.match(shown, /<img src=x onerror=alert\(1\)>/u);
  assert.ok(!/[\u202E\0]/u.test(shown), "what cannot be seen is shown as its code");
  assert.match(shown, /\\u\{202E\}/u);
  assert.equal(await page.locator("img[src=x]").count(), 0);
  assert.deepEqual(await violationsIn(page), []);
  assert.equal(send.inputs.length, 0);

  await page.reload();
  await card.waitFor();
  await said(page, "I can send it.").waitFor();
  server.model.next(answering("It is sent."));
  await card.getByRole("button", { name: "Allow once" }).focus();
  await page.keyboard.press("Enter");
  await said(page, "It is sent.").waitFor();
  await replied(page);
  assert.equal(await card.count(), 0);
  assert.ok(await message(page).evaluate((field) => field === document.activeElement));
  assert.equal(send.inputs.length, 1);
  assert.deepEqual(opened.problems, []);
});

test("[H52] a message ends what waits; one that is declined is told to the model; in Arabic the card fits a narrow page", {
  skip,
}, async () => {
  await using opened = await openPage(server.url, "", {
    locale: "ar",
    viewport: { width: 320, height: 640 },
  });
  const { page } = opened;
  const ask = async (words: string) => {
    await page.locator("textarea[data-composer]").focus();
    await page.keyboard.type(words);
    await page.keyboard.press("Enter");
  };
  const card = page.locator("[data-question]");
  server.model.next(asking([{ name: "send_mail", given: { n: 1 } }]));
  await ask("First");
  await card.waitFor();
  const isTooWide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  assert.equal(isTooWide, false);
  assert.deepEqual(await violationsIn(page), []);
  const second = asking([{ name: "send_mail", given: { n: 2 } }]);
  server.model.next(second, second);
  await ask("Second");
  await card.filter({ hasText: '{"n":2}' }).waitFor();
  assert.equal(await card.count(), 1);
  server.model.forget();
  server.model.next(answering("Then not."));
  await card.getByRole("button", { name: "رفض" }).press("Enter");
  await page.getByText("Then not.", { exact: true }).waitFor();
  assert.equal(send.inputs.length, 0);
  assert.deepEqual(opened.problems, []);
});

test("[H50] [H53] open questions have a number, a dot and a page of their own; what is allowed for always is listed, and revoked by keyboard", {
  skip,
}, async () => {
  const isTooWide = (page: Page) =>
    page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  await using opened = await openPage(server.url);
  const { page } = opened;
  const sidebar = page.getByRole("navigation", { name: "Conversations and pages" });
  const way = sidebar.getByRole("link", { name: /^Open questions/ });
  const dot = sidebar.getByRole("img", { name: "Waiting for your decision" });
  server.model.next(asking([{ name: "send_mail", given: { n: 3 } }]));
  await message(page).focus();
  await page.keyboard.type("For always");
  await page.keyboard.press("Enter");
  const card = page.getByRole("region", { name: "Use send_mail?" });
  await card.waitFor();
  await sidebar.getByRole("link", { name: "Open questions 1", exact: true }).waitFor(AT_ONCE);
  await dot.waitFor(AT_ONCE);

  await way.press("Enter");
  const row = page.getByRole("main").getByRole("link", { name: /Use send_mail\?.*For always/ });
  await row.waitFor();
  assert.deepEqual(await violationsIn(page), []);
  await page.reload();
  await Promise.all([row.waitFor(), dot.waitFor()]);
  {
    await using narrow = await openPage(server.url, "questions", {
      ...{ locale: "ar", viewport: { width: 390, height: 844 } },
    });
    await narrow.page.getByRole("main").getByRole("listitem").waitFor();
    assert.equal(await isTooWide(narrow.page), false);
    assert.deepEqual(await violationsIn(narrow.page), []);
    assert.deepEqual(narrow.problems, []);
  }
  await row.press("Enter");
  server.model.next(answering("It is sent."));
  await card.getByRole("button", { name: "Always allow" }).press("Enter");
  await said(page, "It is sent.").waitFor();
  await way.waitFor({ state: "detached", ...AT_ONCE });
  await dot.waitFor({ state: "detached", ...AT_ONCE });

  await page.goto(new URL("/app/settings/permissions", server.url).href);
  const revoke = page.getByRole("button", { name: "Revoke the permission for send_mail" });
  await revoke.waitFor();
  await page.getByText("In all conversations").waitFor();
  assert.deepEqual(await violationsIn(page), []);
  const desktop = page.viewportSize();
  await page.setViewportSize({ width: 390, height: 844 });
  assert.equal(await isTooWide(page), false);
  await revoke.press("Enter");
  await page.getByText("Every tool that needs permission asks each time.").waitFor();
  await page.getByText("send_mail will ask again.").waitFor();
  await revoke.waitFor({ state: "detached" });
  if (desktop) await page.setViewportSize(desktop);
  assert.deepEqual(opened.problems, []);
});

test("[H86] a call that another program makes is shown, and nobody is asked about it; its result is there after a reload", {
  skip,
}, async () => {
  const client = createClient({ baseUrl: server.url, token: "local" });
  server.model.next(asking([{ name: "look_up", given: { order: 7 } }], { words: "I look." }));
  const tools = [{ type: "function", function: { name: "look_up" } }] as const;
  const { id } = await client.conversations.create({ title: "Orders" });
  const { reply } = await client.messages.send(id, { content: "Go", steps: true, tools });
  const [call] = reply.calls ?? [];
  assert.ok(call);
  await using opened = await openPage(server.url, `c/${id}`);
  const { page } = opened;
  await said(page, "I look.").waitFor();
  const row = page.getByRole("button", { name: /look_up.*of whoever sent the message/u });
  await row.waitFor();
  assert.equal(await page.locator("[data-question]").count(), 0);
  assert.deepEqual(await violationsIn(page), []);
  server.model.next(answering("It is on its way."));
  await client.calls.answer(call, { text: "shipped" });
  await (await client.messages.watch(id))?.message();
  await page.reload();
  await said(page, "It is on its way.").waitFor();
  await row.filter({ hasText: "done" }).waitFor();
  assert.deepEqual(opened.problems, []);
});
