// Two models answer one question side by side: by keyboard, over a reload, on a phone, and where one of them fails.
// Takes: 15 s
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createClient } from "@colloquy/client";
import type { Page } from "playwright-core";
import { eventually } from "../../server/test/cli-runner.ts";
import { startServer } from "../../server/test/start-server.ts";
import { violationsIn } from "./axe.ts";
import { openPage, withoutBrowser } from "./browser.ts";
import { message, messages, replied, said } from "./chat-page.ts";
import { conversationOf } from "./seed.ts";

const skip = withoutBrowser;
const PHONE = { width: 390, height: 844 };
let server: Awaited<ReturnType<typeof startServer>>;
before(async () => {
  server = await startServer();
});
after(() => server[Symbol.asyncDispose]());

const answerOf = (page: Page, model: string) =>
  page.getByRole("region", { name: `Answer of ${model}` });

/** Switches the comparison on in the model picker, as a person does who uses no mouse. */
async function compareWith(page: Page, model: string): Promise<void> {
  await page.getByRole("combobox", { name: /^Model: / }).focus();
  await page.keyboard.press("Enter");
  // The field of the list has the focus.
  await page.waitForFunction(() => document.activeElement?.matches("input[role=combobox]"));
  await page.keyboard.press("Tab");
  await page.waitForFunction(() => document.activeElement?.matches("button[aria-pressed]"));
  await page.keyboard.press("Enter");
  await page.getByRole("combobox", { name: /^Compare with/ }).waitFor();
  await page.waitForFunction(() => document.activeElement?.matches("input[role=combobox]"));
  await page.keyboard.type(model.slice(0, 6));
  const option = page.getByRole("option").filter({ hasText: model });
  await option.waitFor();
  // As a person does who does not see it chosen.
  while (!(await option.evaluate((element) => element.hasAttribute("data-active-item"))))
    await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.getByText(`The next message is also answered by ${model}.`).waitFor();
  await isInField(page);
}

const isInField = (page: Page) =>
  page.waitForFunction(() => document.activeElement?.matches("[data-composer]"));

test("two models answer side by side in a new conversation, go on after a reload, and one of them is gone on with", {
  skip,
}, async () => {
  await using opened = await openPage(server.url);
  const { page, problems } = opened;
  await message(page).waitFor();
  await compareWith(page, "test-model");
  assert.deepEqual(await violationsIn(page), []);
  server.model.next(
    { model: "scripted", text: "First words and the rest of them.", hold: 2, costUsd: 0.0123 },
    { model: "test-model", text: "Second words and the rest of them.", hold: 2 },
  );
  await page.keyboard.type("Which of you?");
  await page.keyboard.press("Enter");
  const first = answerOf(page, "scripted");
  const second = answerOf(page, "test-model");
  await first.getByText("First words").waitFor();
  await second.getByText("Second words").waitFor();
  assert.equal(await page.getByText("is also answered by").count(), 0);
  const client = createClient({ baseUrl: server.url, token: "local" });
  const id = new URL(page.url()).pathname.split("/").at(-1) ?? "";
  const active = async () => (await client.conversations.get(id)).active_branch;
  // Other pages show the first answer, as this one promises.
  await eventually(async () => (await active()) === 0);
  const [left, right] = await page
    .getByRole("region", { name: /^Answer of / })
    .evaluateAll((regions) => regions.map((region) => region.getBoundingClientRect().toJSON()));
  assert.ok(left && right && left.right <= right.left + 1 && left.top === right.top);
  assert.deepEqual(await violationsIn(page), []);

  await page.reload();
  await first.getByText("First words").waitFor();
  await second.getByText("Second words").waitFor();
  server.model.release();
  await first.getByText("First words and the rest of them.").waitFor();
  await second.getByText("Second words and the rest of them.").waitFor();
  await replied(page);
  await first.getByText("7 tokens").waitFor();
  await first.getByText("$0.0123").waitFor();
  await second.getByText("Cost unknown").waitFor();
  await second.getByText(/^\d+(\.\d)? s$/).waitFor();
  await page.getByText("Unless you choose one, your next message goes on with scripted.").waitFor();

  await page.setViewportSize(PHONE);
  await second.waitFor({ state: "hidden" });
  const pick = page.getByRole("group", { name: "Which answer is shown" });
  await pick.getByRole("button", { name: "test-model" }).focus();
  await page.keyboard.press("Enter");
  await second.getByText("Second words and the rest of them.").waitFor();
  await first.waitFor({ state: "hidden" });
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  assert.deepEqual(await violationsIn(page), []);

  await second.getByRole("button", { name: "Go on with this one" }).focus();
  await page.keyboard.press("Enter");
  await said(page, "Second words and the rest of them.")
    .getByRole("group", { name: "Version 2 of 2" })
    .waitFor();
  await isInField(page);
  await page.setViewportSize({ width: 1280, height: 720 });
  assert.equal(await second.count(), 0);
  await eventually(async () => (await active()) === 1);
  await page.getByRole("button", { name: "Previous version" }).click();
  await said(page, "First words and the rest of them.").waitFor();
  await page.reload();
  await said(page, "First words and the rest of them.").waitFor();
  assert.equal(await messages(page).count(), 2);
  assert.deepEqual(problems, []);
});

test("each of the two is stopped by itself, and what is said next goes on with the first", {
  skip,
}, async () => {
  const { path, list } = await conversationOf(server.url, 2);
  await using opened = await openPage(server.url, path);
  const { page, problems } = opened;
  await said(page, "Reply 1").waitFor();
  await compareWith(page, "test-model");
  server.model.next(
    { model: "scripted", text: "One answer and its rest.", hold: 2 },
    { model: "test-model", text: "Another answer and its rest.", hold: 2 },
  );
  await page.keyboard.type("And now?");
  await page.keyboard.press("Enter");
  const first = answerOf(page, "scripted");
  const second = answerOf(page, "test-model");
  await first.getByText("One answer").waitFor();
  await second.getByText("Another answer").waitFor();
  await page.getByRole("button", { name: "Stop test-model" }).focus();
  await page.keyboard.press("Enter");
  await second.getByText("Stopped").waitFor();
  await first.getByRole("button", { name: "Stop scripted" }).waitFor();
  server.model.release();
  await first.getByText("One answer and its rest.").waitFor();
  await replied(page);
  await message(page).focus();
  await page.keyboard.type("Go on then");
  await page.keyboard.press("Enter");
  await said(page, "Echo: Go on then").waitFor();
  await replied(page);
  assert.equal(await first.count(), 0);
  const [trunk, other] = [await list(0), await list(1)];
  assert.deepEqual(
    [trunk.length, trunk.at(-1)?.content, other.length, other.at(-1)?.interrupted_by],
    [6, "Echo: Go on then", 4, "stopped"],
  );
  assert.deepEqual(problems, []);
});

test("one that fails says so in its column, and the other is not touched; Stop below the field stops both", {
  skip,
}, async () => {
  const { path, list } = await conversationOf(server.url, 2);
  await using opened = await openPage(server.url, path);
  const { page, problems } = opened;
  await said(page, "Reply 1").waitFor();
  await compareWith(page, "test-model");
  server.model.next(
    { model: "scripted", text: "Whole and well.", hold: 1 },
    { model: "test-model", failStatus: 400 },
  );
  await page.keyboard.type("Can you?");
  await page.keyboard.press("Enter");
  const first = answerOf(page, "scripted");
  await answerOf(page, "test-model").getByText("The model did not answer.").waitFor();
  await first.getByText("Whole").waitFor();
  server.model.release();
  await first.getByText("Whole and well.").waitFor();
  await replied(page);
  await first.getByRole("button", { name: "Go on with this one" }).click();
  await said(page, "Whole and well.").getByRole("group", { name: "Version 1 of 2" }).waitFor();

  await compareWith(page, "test-model");
  await page.getByRole("button", { name: "Ask one model only" }).click();
  await isInField(page);
  await compareWith(page, "test-model");
  server.model.next({ text: "Long one.", hold: 1 }, { text: "Long two.", hold: 1 });
  await page.keyboard.type("Once more");
  await page.keyboard.press("Enter");
  await answerOf(page, "scripted").getByText("Long").waitFor();
  await answerOf(page, "test-model").getByText("Long").waitFor();
  await page.getByRole("button", { name: "Stop the reply" }).click();
  await replied(page);
  server.model.release();
  assert.deepEqual(
    [(await list(0)).at(-1)?.interrupted_by, (await list(2)).at(-1)?.interrupted_by],
    ["stopped", "stopped"],
  );
  assert.deepEqual(problems, []);
});

test("with an agent that has its own model, without the tab's storage, and stopped before the second request has arrived", {
  skip,
}, async () => {
  const client = createClient({ baseUrl: server.url, token: "local" });
  const own = { name: "Own", instructions: "Short", model: "test-model" };
  const agent = await client.agents.create(own);
  await using opened = await openPage(server.url, `?agent=${agent.id}`);
  const { page, problems } = opened;
  const arrives = Promise.withResolvers<void>();
  await page.route("**/messages/stream", async (route) => {
    if (route.request().postData()?.includes("answer_again")) await arrives.promise;
    await route.continue();
  });
  await page.evaluate(() => {
    Storage.prototype.setItem = () => {
      throw new DOMException("full", "QuotaExceededError");
    };
  });
  await message(page).waitFor();
  await page.getByRole("button", { name: "Without Own" }).waitFor();
  await compareWith(page, "scripted");
  server.model.next(
    { model: "test-model", text: "Of the agent and more.", hold: 2 },
    { model: "scripted", text: "Of the other and more.", hold: 2 },
  );
  await page.keyboard.type("And you?");
  await page.keyboard.press("Enter");
  const [first, second] = [answerOf(page, "test-model"), answerOf(page, "scripted")];
  await first.getByText("Of the").waitFor();
  await second.getByRole("button", { name: "Stop scripted" }).focus();
  await page.keyboard.press("Enter");
  arrives.resolve();
  await second.getByText("Stopped").waitFor();
  server.model.release();
  await first.getByText("Of the agent and more.").waitFor();
  await replied(page);
  await first.getByText("test-model", { exact: true }).nth(1).waitFor();
  await client.agents.delete(agent.id);
  assert.deepEqual(problems, []);
});
