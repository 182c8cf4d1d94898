// Talking, as a person does it: a real Chromium, a real server, a scripted model.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Request } from "playwright-core";
import { startServer } from "../../server/test/start-server.ts";
import { openPage, withoutBrowser } from "./browser.ts";
import { listed, message, messages, replied, said, send } from "./chat-page.ts";

const skip = withoutBrowser;
let server: Awaited<ReturnType<typeof startServer>>;
before(async () => {
  server = await startServer();
});
after(() => server[Symbol.asyncDispose]());

test("a message is answered word by word, is listed, and has an address", { skip }, async () => {
  await using opened = await openPage(server.url);
  const { page } = opened;
  server.model.next({ text: "The **Moon** pulls, mostly.", hold: 2 });
  await send(page, "Why are there tides?");
  await said(page, "The Moon").waitFor();
  assert.equal(await messages(page).count(), 2);
  await page.getByRole("button", { name: "Stop the reply" }).waitFor();
  server.model.release();
  await replied(page);
  await said(page, "The Moon pulls, mostly.").waitFor();
  assert.equal(await page.locator("strong", { hasText: "Moon" }).count(), 1);
  assert.match(page.url(), /\/app\/c\/[0-9a-f-]{36}$/);
  await listed(page, "Why are there tides?").waitFor();
  assert.equal(await page.title(), "Why are there tides? · Colloquy");
  assert.ok(await message(page).evaluate((field) => field === document.activeElement));
  assert.deepEqual(opened.problems, []);
});

test("a page that is loaded anew in the middle of a reply goes on with it", { skip }, async () => {
  await using opened = await openPage(server.url);
  const { page } = opened;
  server.model.next({ text: "One two three four five", hold: 3 });
  await send(page, "Count");
  await said(page, "One two three").waitFor();
  await page.reload();
  await said(page, "One two three").waitFor();
  await page.getByRole("button", { name: "Stop the reply" }).waitFor();
  server.model.release();
  await said(page, "One two three four five").waitFor();
  await replied(page);
  assert.equal(await messages(page).count(), 2);
  assert.deepEqual(opened.problems, []);
});

test("a stopped reply keeps what was said", { skip }, async () => {
  await using opened = await openPage(server.url);
  const { page } = opened;
  server.model.next({ text: "It begins and never ends", hold: 2 });
  await send(page, "Talk");
  await said(page, "It begins").waitFor();
  await page.keyboard.press("Escape");
  await said(page, "Stopped").waitFor();
  await replied(page);
  server.model.release();
  await said(page, "It begins").waitFor();
  assert.equal(await said(page, "never").count(), 0);
});

test("a reply is stopped also where that is asked for before its message is stored", {
  skip,
}, async () => {
  await using opened = await openPage(server.url);
  const { page } = opened;
  for (const place of ["without an address", "with an address"]) {
    const way = Promise.withResolvers<void>();
    const isMessage = (request: Request) =>
      request.method() === "POST" && !request.url().endsWith("/stop");
    const isOnItsWay = page.waitForRequest(isMessage);
    await page.route("**/v1/chat/**", async (route) => {
      if (isMessage(route.request())) await way.promise;
      await route.continue();
    });
    await send(page, `Stop at once ${place} {{reply stall=1}}`);
    await isOnItsWay;
    await page.getByRole("button", { name: "Stop the reply" }).click();
    way.resolve();
    await replied(page);
    await said(page, `Stop at once ${place}`).waitFor();
    assert.equal(await page.getByRole("alert").count(), 0);
    assert.equal(await said(page, "Something went wrong").count(), 0);
    await page.unroute("**/v1/chat/**");
  }
  assert.deepEqual(opened.problems, []);
});

test("keys that mean something else leave a reply that runs alone", { skip }, async () => {
  await using opened = await openPage(server.url);
  const { page } = opened;
  await send(page, "First question");
  await replied(page);
  server.model.next({ text: "It goes on and on", hold: 2 });
  await send(page, "Second question");
  await said(page, "It goes").waitFor();
  const stop = page.getByRole("button", { name: "Stop the reply" });

  await message(page).blur();
  await page.keyboard.press("r");
  const search = page.getByRole("searchbox", { name: "Search" });
  await search.fill("something");
  await search.press("Escape");
  assert.equal(await search.inputValue(), "");
  await messages(page).first().getByRole("button", { name: "Edit" }).click();
  await page.getByRole("textbox", { name: "Your message" }).press("Escape");
  await page.getByRole("button", { name: /settings and account/i }).click();
  await page.getByRole("menu").press("Escape");
  await page.getByRole("menu").waitFor({ state: "hidden" });
  assert.ok(await stop.isEnabled());
  server.model.release();
  await said(page, "It goes on and on").waitFor();
  await replied(page);
  assert.equal(await messages(page).count(), 4);
  assert.equal(await said(page, "Stopped").count(), 0);
  assert.deepEqual(opened.problems, []);
});

test("edit and resend shows the new version and what follows it; answer again keeps the question", {
  skip,
}, async () => {
  await using opened = await openPage(server.url);
  const { page } = opened;
  await send(page, "First words");
  await said(page, "Echo: First words").waitFor();
  await replied(page);
  await send(page, "Second words");
  await said(page, "Echo: Second words").waitFor();
  await replied(page);

  server.model.next({ text: "Said differently." });
  await page.getByRole("button", { name: "Answer again" }).last().click();
  await said(page, "Said differently.").waitFor();
  await replied(page);
  assert.equal(await messages(page).count(), 4);

  await message(page).press("ArrowUp");
  const edited = page.getByRole("textbox", { name: "Your message" });
  assert.equal(await edited.inputValue(), "Second words");
  await edited.press("Escape");
  await messages(page).first().hover();
  await messages(page).first().getByRole("button", { name: "Edit" }).click();
  await edited.fill("Other first words");
  await edited.press("Enter");
  await said(page, "Echo: Other first words").waitFor();
  await replied(page);
  assert.equal(await messages(page).count(), 2);
  await page.reload();
  await said(page, "Echo: Other first words").waitFor();
  assert.equal(await messages(page).count(), 2);
  assert.deepEqual(opened.problems, []);
});

test("copies a reply as Markdown, and the code of a code block alone", { skip }, async () => {
  await using opened = await openPage(server.url, "", {
    permissions: ["clipboard-read", "clipboard-write"],
  });
  const { page } = opened;
  const text = "Use *this*:\n\n```js\nconst a = 1;\n```\n\nand $x^2$.";
  server.model.next({ pieces: [text] });
  await send(page, "Show code");
  await page.locator(".hljs-keyword", { hasText: "const" }).waitFor();
  await page.locator(".katex").first().waitFor();
  const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
  await page.getByRole("button", { name: "Copy the code" }).click();
  await page.getByRole("button", { name: "Copied" }).waitFor();
  assert.equal(await clipboard(), "const a = 1;");
  await messages(page).last().getByRole("button", { name: "Copy", exact: true }).click();
  assert.equal(await clipboard(), text);
  assert.deepEqual(opened.problems, []);
});

test("what one has begun to write is there after a reload, for each conversation", {
  skip,
}, async () => {
  await using opened = await openPage(server.url);
  const { page } = opened;
  await send(page, "A conversation");
  await replied(page);
  await message(page).fill("half a thought");
  await page.getByRole("link", { name: "New conversation" }).click();
  await page.getByText("What would you like to talk through?").waitFor();
  assert.equal(await message(page).inputValue(), "");
  await message(page).fill("another thought");
  await page.reload();
  await message(page).waitFor();
  assert.equal(await message(page).inputValue(), "another thought");
  await listed(page, "A conversation").first().click();
  await said(page, "Echo: A conversation").waitFor();
  assert.equal(await message(page).inputValue(), "half a thought");
});

test("the chosen model answers, also after a reload", { skip }, async () => {
  await using opened = await openPage(server.url);
  const { page } = opened;
  await page.getByRole("combobox", { name: /^Model/ }).click();
  await page.getByRole("combobox", { name: /^Search/ }).fill("test");
  await page.keyboard.press("Enter");
  await page.getByRole("combobox", { name: "Model: test-model" }).waitFor();
  await page.reload();
  await page.getByRole("combobox", { name: "Model: test-model" }).waitFor();
  const before = server.model.requests.length;
  await send(page, "Who are you?");
  await replied(page);
  assert.equal(server.model.requests[before]?.body?.model, "test-model");
});

test("says when only the built-in model answers, with the lines that connect another", {
  skip,
}, async () => {
  await using plain = await startServer({ builtIn: true });
  await using opened = await openPage(plain.url);
  const hint = opened.page.getByRole("complementary", { name: "Connect a model" });
  await hint.getByText("OPENROUTER_API_KEY=").waitFor();
  await hint.getByRole("button", { name: "Close" }).click();
  await opened.page.reload();
  await message(opened.page).waitFor();
  assert.equal(await hint.count(), 0);
});
