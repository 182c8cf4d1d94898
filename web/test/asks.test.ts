// A tool that asks before it is used, on the page: the question with its exact arguments, decided by keyboard, also after
// a reload, and texts of a model that try to look like something else.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { startServer } from "../../server/test/start-server.ts";
import { answering, asking, watchedTool } from "../../server/test/tool-steps.ts";
import { violationsIn } from "./axe.ts";
import { openPage, withoutBrowser } from "./browser.ts";
import { message, replied, said } from "./chat-page.ts";

const skip = withoutBrowser;
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
