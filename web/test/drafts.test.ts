// Nothing that was written is lost: not to what is said next, not to a new address, not to scrolling.
// Takes: 15 s
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Page, Request } from "playwright-core";
import { startServer } from "../../server/test/start-server.ts";
import { openPage, withoutBrowser } from "./browser.ts";
import { listed, message, messages, replied, said, send } from "./chat-page.ts";
import { longConversation, seed } from "./seed.ts";

const skip = withoutBrowser;
let server: Awaited<ReturnType<typeof startServer>>;
before(async () => {
  server = await startServer();
});
after(() => server[Symbol.asyncDispose]());

const WIRE = "**/v1/chat/**";

/** Holds what is posted on its way until it is let go. */
async function holdMessages(page: Page) {
  const way = Promise.withResolvers<void>();
  const isMessage = (request: Request) => request.method() === "POST";
  const isOnItsWay = page.waitForRequest(isMessage);
  await page.route(WIRE, async (route) => {
    if (isMessage(route.request())) await way.promise;
    // What the page has given up meanwhile goes nowhere.
    await route.continue().catch(() => {});
  });
  return { isOnItsWay, letGo: way.resolve };
}

/** @returns ends it */
async function refuseMessages(page: Page): Promise<() => Promise<void>> {
  await page.route(WIRE, (route) =>
    route.request().method() === "POST"
      ? route.fulfill({ status: 500, body: "trouble" })
      : route.continue(),
  );
  return () => page.unroute(WIRE);
}

test("a message that could not be sent comes back when another one is", { skip }, async () => {
  await using opened = await openPage(server.url);
  const { page } = opened;
  await message(page).waitFor();
  const end = await refuseMessages(page);
  await send(page, "Refused at first");
  await page.getByText("Not sent.").waitFor();
  await end();
  await send(page, "Said instead");
  await said(page, "Echo: Said instead").waitFor();
  await replied(page);
  assert.equal(await messages(page).count(), 2);
  assert.equal(await message(page).inputValue(), "Refused at first");
});

test("a message on its way comes back when an earlier one is answered again", {
  skip,
}, async () => {
  await using opened = await openPage(server.url);
  const { page } = opened;
  await send(page, "Asked before");
  await said(page, "Echo: Asked before").waitFor();
  await replied(page);
  const { isOnItsWay, letGo } = await holdMessages(page);
  await send(page, "Still on its way");
  await isOnItsWay;
  await message(page).fill("and written since");
  server.model.next({ text: "Another answer." });
  await page.getByRole("button", { name: "Answer again" }).click();
  letGo();
  await said(page, "Another answer.").waitFor();
  assert.equal(await message(page).inputValue(), "Still on its way\n\nand written since");
});

test("taking back what was not sent leaves what was written since", { skip }, async () => {
  await using opened = await openPage(server.url);
  const { page } = opened;
  await message(page).waitFor();
  await refuseMessages(page);
  await send(page, "To be said better");
  await page.getByText("Not sent.").waitFor();
  await message(page).fill("a thought since");
  await said(page, "To be said better").getByRole("button", { name: "Edit" }).click();
  assert.equal(await message(page).inputValue(), "To be said better\n\na thought since");
  assert.equal(await messages(page).count(), 0);
});

test("what is written while a new conversation gets its address goes with it", {
  skip,
}, async () => {
  await using opened = await openPage(server.url);
  const { page } = opened;
  await message(page).waitFor();
  const { isOnItsWay, letGo } = await holdMessages(page);
  await send(page, "Begin here");
  await isOnItsWay;
  await message(page).pressSequentially("half a tho");
  letGo();
  await page.waitForURL(/\/c\//);
  await message(page).pressSequentially("ught");
  assert.equal(await message(page).inputValue(), "half a thought");
  await replied(page);
  await page.reload();
  await said(page, "Echo: Begin here").waitFor();
  assert.equal(await message(page).inputValue(), "half a thought");
  await page.getByRole("link", { name: "New conversation" }).click();
  await page.getByText("What would you like to talk through?").waitFor();
  assert.equal(await message(page).inputValue(), "");
});

test("an edit stays as it is while one looks elsewhere in a long conversation", {
  skip,
}, async () => {
  await seed(server.url, [longConversation(300)]);
  await using opened = await openPage(server.url);
  const { page } = opened;
  await listed(page, "A long conversation").click();
  await said(page, "Reply 299").waitFor();
  await message(page).press("ArrowUp");
  const edited = page.getByRole("textbox", { name: "Your message" });
  await edited.fill("Half edited");
  await page.getByRole("region", { name: "Messages" }).hover();
  await page.mouse.wheel(0, -100_000);
  await said(page, "Reply 299").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Latest" }).click();
  await said(page, "Reply 299").waitFor();
  assert.equal(await edited.inputValue(), "Half edited");
});
