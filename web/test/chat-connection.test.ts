// The same conversation over a bad network, in two tabs and on two devices.
// Runs: waiting
// Takes: 60 s
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createClient } from "@colloquy/client";
import type { Page } from "playwright-core";
import { startCuttingProxy } from "../../client/test/cutting-proxy.ts";
import { startServer } from "../../server/test/start-server.ts";
import { NEW_PROFILE, openPage, withoutBrowser } from "./browser.ts";
import { listed, message, messages, replied, said, send } from "./chat-page.ts";

const skip = withoutBrowser;
/** Shorter than the time after which the page asks for a conversation or the list again. */
const LONGEST_TIMER_MS = 2_000;
let server: Awaited<ReturnType<typeof startServer>>;
before(async () => {
  server = await startServer();
});
after(() => server[Symbol.asyncDispose]());

test("a connection cut in the middle of a reply: a quiet notice, then it goes on by itself", {
  skip,
}, async () => {
  await using proxy = await startCuttingProxy(server.url);
  await using opened = await openPage(proxy.url);
  const { page } = opened;
  server.model.next({ text: "one two three four", hold: 2 });
  await send(page, "Count over a bad network");
  await said(page, "one two").waitFor();
  proxy.target = null;
  proxy.cut();
  await said(page, "Connection lost.").waitFor();
  proxy.target = server.url;
  server.model.release();
  await said(page, "one two three four").waitFor();
  await replied(page);
  assert.equal(await page.getByText("Connection lost.").count(), 0);
  assert.equal(await messages(page).count(), 2);
});

test("Try now: a lost connection is taken up at once, whatever the page was waiting for", {
  skip,
}, async () => {
  await using proxy = await startCuttingProxy(server.url);
  await using opened = await openPage(proxy.url);
  const { page } = opened;
  server.model.next({ text: "one two three four", hold: 2 });
  await message(page).waitFor();
  await page.keyboard.type("Count, and lose the connection");
  await page.keyboard.press("Enter");
  await said(page, "one two").waitFor();
  // From here on the page waits for ever before it tries anything by itself.
  await page.evaluate(() => {
    const wait = window.setTimeout.bind(window);
    const patient = (call: TimerHandler, delayMs = 0) =>
      wait(call, delayMs >= 1 ? 2 ** 31 - 1 : delayMs);
    Object.assign(window, { setTimeout: patient, setInterval: () => 0 });
  });
  proxy.target = null;
  proxy.cut();
  await said(page, "Connection lost.").waitFor();
  server.model.release();
  proxy.target = server.url;
  await page.getByRole("button", { name: "Try now" }).click();
  await said(page, "one two three four").waitFor();
  await replied(page);
  assert.equal(await page.getByText("Connection lost.").count(), 0);
});

test("offline and back, with the reply ended meanwhile", { skip }, async () => {
  await using opened = await openPage(server.url);
  const { page } = opened;
  server.model.next({ text: "begun and ended", hold: 1 });
  await send(page, "Go offline");
  await said(page, "begun").waitFor();
  const client = createClient({ baseUrl: server.url, token: "local" });
  const id = page.url().split("/").at(-1) ?? "";
  const watched = await client.messages.watch(id);
  await page.context().setOffline(true);
  server.model.release();
  await watched?.message();
  await page.context().setOffline(false);
  await said(page, "begun and ended").waitFor();
  await replied(page);
});

test("what could not be sent stays, and is sent once when asked to", { skip }, async () => {
  await using proxy = await startCuttingProxy(server.url);
  await using opened = await openPage(proxy.url);
  const { page } = opened;
  await message(page).waitFor();
  proxy.target = null;
  proxy.cut();
  await send(page, "Is anybody there?");
  await page.getByText("Not sent.").waitFor({ timeout: 20_000 });
  await said(page, "Is anybody there?").waitFor();
  proxy.target = server.url;
  server.model.next({ text: "Yes, here." });
  await page.getByRole("button", { name: "Send again" }).click();
  await said(page, "Yes, here.").waitFor();
  assert.equal(await messages(page).count(), 2);
});

test("what could not be sent is there after a reload, before what was written since", {
  skip,
}, async () => {
  await using proxy = await startCuttingProxy(server.url);
  await using opened = await openPage(proxy.url);
  const { page } = opened;
  await message(page).waitFor();
  proxy.target = null;
  proxy.cut();
  await send(page, "Written into the dark");
  await page.getByText("Not sent.").waitFor();
  await message(page).fill("and this since");
  const draft = () =>
    page.evaluate(
      () => Object.entries(localStorage).find(([name]) => /draft.*new$/.test(name))?.[1],
    );
  const change = (name: string) =>
    page.evaluate(
      (name) => dispatchEvent(new PageTransitionEvent(name, { persisted: true })),
      name,
    );
  for (const _ of ["left", "left once more"]) {
    await change("pagehide");
    assert.equal(await draft(), "Written into the dark\n\nand this since");
    await change("pageshow");
    assert.equal(await draft(), "and this since", "a page that comes back has the message itself");
  }
  proxy.target = server.url;
  await page.reload();
  await message(page).waitFor();
  assert.equal(await message(page).inputValue(), "Written into the dark\n\nand this since");
});

/** The page no longer asks the server by itself: what it shows from now on it has been told of. */
async function askNothing(page: Page): Promise<void> {
  await page.addInitScript((longestMs) => {
    const [wait, repeat] = [window.setTimeout.bind(window), window.setInterval.bind(window)];
    const never = 2 ** 31 - 1;
    const within = (ms: number) => (ms > longestMs ? never : ms);
    Object.assign(window, {
      setTimeout: (call: TimerHandler, ms = 0) => wait(call, within(ms)),
      setInterval: (call: TimerHandler, ms = 0) => repeat(call, within(ms)),
    });
  }, LONGEST_TIMER_MS);
  await page.reload();
}

test("two tabs show the same conversation live", { skip }, async () => {
  await using opened = await openPage(server.url, "", NEW_PROFILE);
  const { page } = opened;
  await askNothing(page);
  await send(page, "In the first tab");
  await said(page, "Echo: In the first tab").waitFor();
  const second = await page.context().newPage();
  await second.goto(page.url());
  await said(second, "Echo: In the first tab").waitFor();

  server.model.next({ text: "seen in both tabs", hold: 2 });
  await send(second, "In the second tab");
  await said(page, "In the second tab").waitFor();
  await said(page, "seen in").waitFor();
  await said(second, "seen in").waitFor();
  server.model.release();
  await said(page, "seen in both tabs").waitFor();
  await replied(page);
  assert.equal(await messages(page).count(), 4);

  await send(page, "A new conversation's title is elsewhere");
  await replied(page);
  await second.getByRole("link", { name: "New conversation" }).click();
  await send(second, "Begun in the second tab");
  await listed(page, "Begun in the second tab").waitFor();
});

test("what another device says comes by itself", { skip }, async () => {
  await using opened = await openPage(server.url);
  const { page } = opened;
  await send(page, "From this device");
  await said(page, "Echo: From this device").waitFor();
  const id = page.url().split("/").at(-1) ?? "";
  const other = createClient({ baseUrl: server.url, token: "local" });
  await other.messages.send(id, { content: "From the other device" });
  await said(page, "Echo: From the other device").waitFor({ timeout: 15_000 });
});

test("what another device says comes also after the server had trouble for a while", {
  skip,
}, async () => {
  await using opened = await openPage(server.url);
  const { page } = opened;
  await send(page, "From this device, again");
  await replied(page);
  const id = page.url().split("/").at(-1) ?? "";
  for (const [what, troubled] of [
    ["conversation", `**/conversations/${id}`],
    ["messages", `**/conversations/${id}/messages*`],
  ] as const) {
    await page.route(troubled, (route) => route.fulfill({ status: 500, body: "trouble" }));
    const other = createClient({ baseUrl: server.url, token: "local" });
    const failed = page.waitForResponse((response) => response.status() === 500);
    await other.messages.send(id, { content: `Trouble with the ${what}` });
    await failed;
    await page.unroute(troubled);
    await said(page, `Echo: Trouble with the ${what}`).waitFor();
  }
});

test("a reply that fails says why, and can be asked for again", { skip }, async () => {
  await using opened = await openPage(server.url);
  const { page } = opened;
  server.model.next({ text: "half of it", error: 1 });
  await send(page, "Fail, please");
  const alert = page.getByRole("alert");
  await alert.getByText("The answer stopped halfway.").waitFor();
  const told = (await alert.textContent()) ?? "";
  assert.ok(told.length > "The answer stopped halfway. ".length + 10, told);
  await page.reload();
  await alert.waitFor();
  assert.equal(await alert.textContent(), told, "the reason is there after a reload, too");
  server.model.next({ text: "This time it works." });
  await page.getByRole("button", { name: "Answer again" }).click();
  await said(page, "This time it works.").waitFor();
  assert.equal(await messages(page).count(), 2);
  assert.equal(await page.getByRole("alert").count(), 0);
});
