// Answering again and saying it differently: every version stays, and can be shown again.
// Takes: 20 s
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import type { Page } from "playwright-core";
import { chain, chat, said as exported, uuid } from "../../server/test/chatgpt-export.ts";
import { eventually } from "../../server/test/cli-runner.ts";
import { startServer } from "../../server/test/start-server.ts";
import { violationsIn } from "./axe.ts";
import { openPage, withoutBrowser } from "./browser.ts";
import { isEdited, listed, message, messages, replied, said } from "./chat-page.ts";
import { conversationOf, seed } from "./seed.ts";

const skip = withoutBrowser;
let server: Awaited<ReturnType<typeof startServer>>;
before(async () => {
  server = await startServer();
});
after(() => server[Symbol.asyncDispose]());

/** The group of buttons at a message that has versions. */
const versions = (page: Page, text: string, which: string) =>
  said(page, text).getByRole("group", { name: which });

const isFocused = (page: Page, name: string) =>
  page.waitForFunction(
    (label) => document.activeElement?.getAttribute("aria-label") === label,
    name,
  );

test("Answer again gives a new version of an answer, without a question and by keyboard; the earlier one is one key away and kept on the server", {
  skip,
}, async () => {
  const { path, list, client, id } = await conversationOf(server.url, 6);
  const before = await list();
  await using opened = await openPage(server.url, path);
  const { page } = opened;
  await said(page, "Reply 3").hover();
  await said(page, "Reply 3").getByRole("button", { name: "Answer again" }).focus();
  server.model.next({ text: "Another answer." });
  await page.keyboard.press("Enter");
  await said(page, "Another answer.").waitFor();
  await replied(page);
  assert.equal(await page.getByRole("dialog").count(), 0);
  await versions(page, "Another answer.", "Version 2 of 2").waitFor();
  assert.equal(await messages(page).count(), 4);
  assert.deepEqual(await list(0), before);

  const shown = versions(page, "Another answer.", "Version 2 of 2");
  assert.ok(await shown.getByRole("button", { name: "Next version" }).isDisabled());
  await shown.getByRole("button", { name: "Previous version" }).focus();
  await page.keyboard.press("Enter");
  await said(page, "Reply 5").waitFor();
  await versions(page, "Reply 3", "Version 1 of 2").waitFor();
  assert.equal(await messages(page).count(), 6);
  // The way back has the focus, since there is no way further.
  await isFocused(page, "Next version");
  assert.equal((await client.conversations.get(id)).active_branch, 0);

  await page.keyboard.press("Enter");
  await said(page, "Another answer.").waitFor();
  await isFocused(page, "Previous version");
  await eventually(async () => (await client.conversations.get(id)).active_branch === 1);
  await page.reload();
  await versions(page, "Another answer.", "Version 2 of 2").waitFor();
  assert.deepEqual(await violationsIn(page), []);

  await message(page).focus();
  await page.keyboard.type("And on");
  await page.keyboard.press("Enter");
  await said(page, "Echo: And on").waitFor();
  await replied(page);
  assert.equal((await list(1)).length, 6);
  assert.deepEqual(await list(0), before);
  assert.deepEqual(opened.problems, []);
});

test("an earlier message said differently is a new version of it; its own answers stay with each", {
  skip,
}, async () => {
  const { path, list } = await conversationOf(server.url, 6);
  const before = await list();
  await using opened = await openPage(server.url, path);
  const { page } = opened;
  await said(page, "Message 2").hover();
  await said(page, "Message 2").getByRole("button", { name: "Edit" }).focus();
  await page.keyboard.press("Enter");
  await isEdited(page);
  await page.keyboard.press("Control+a");
  await page.keyboard.type("Said otherwise");
  await page.keyboard.press("Enter");
  await said(page, "Echo: Said otherwise").waitFor();
  await replied(page);
  assert.equal(await messages(page).count(), 4);
  const shown = messages(page).nth(2);
  await shown.getByRole("group", { name: "Version 2 of 2" }).waitFor();
  await shown.getByRole("button", { name: "Previous version" }).click();
  await said(page, "Reply 5").waitFor();
  assert.equal(await messages(page).count(), 6);
  assert.deepEqual(await list(0), before);
  // The way back has the focus.
  await isFocused(page, "Next version");
  await page.keyboard.press("Enter");
  await said(page, "Echo: Said otherwise").waitFor();
  assert.deepEqual(opened.problems, []);
});

test("of versions chosen right after one another the last one stays, also where the server hears of the first one late", {
  skip,
}, async () => {
  const { path, list, client, id } = await conversationOf(server.url, 2);
  const [question] = await list();
  await client.messages.send(id, { branch_from: question?.id, content: "Said otherwise" });
  await using opened = await openPage(server.url, path);
  const { page } = opened;
  await said(page, "Echo: Said otherwise").waitFor();
  const release = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<void>();
  let told = 0;
  page.on("requestfinished", (request) => {
    if (request.method() === "PATCH" && ++told === 2) answered.resolve();
  });
  await page.route(`**/conversations/${id}`, async (route) => {
    if (route.request().postDataJSON()?.active_branch === 0) await release.promise;
    await route.continue();
  });
  await page.getByRole("button", { name: "Previous version" }).focus();
  await page.keyboard.press("Enter");
  await said(page, "Reply 1").waitFor();
  await isFocused(page, "Next version");
  await page.keyboard.press("Enter");
  await said(page, "Echo: Said otherwise").waitFor();
  release.resolve();
  await answered.promise;
  assert.equal((await client.conversations.get(id)).active_branch, 1);
  assert.deepEqual(opened.problems, []);
});

test("a version can be left while its reply runs, and is whole when one comes back; Stop ends the shown one alone", {
  skip,
}, async () => {
  const { path, list } = await conversationOf(server.url, 2);
  await using opened = await openPage(server.url, path);
  const { page } = opened;
  await said(page, "Reply 1").waitFor();
  server.model.next({ text: "First words and then the rest.", hold: 2 });
  await page.getByRole("region", { name: "Messages" }).focus();
  await page.keyboard.press("r");
  await said(page, "First words").waitFor();
  server.model.next({ text: "Second try and its rest.", hold: 2 });
  // The reply that runs stays on its branch; the question is asked once more.
  await said(page, "Message 0").hover();
  await said(page, "Message 0").getByRole("button", { name: "Edit" }).focus();
  await page.keyboard.press("Enter");
  await isEdited(page);
  await page.keyboard.press("Control+a");
  await page.keyboard.type("Another question");
  await page.keyboard.press("Enter");
  await said(page, "Second try").waitFor();
  await page.getByRole("button", { name: "Stop" }).focus();
  await page.keyboard.press("Enter");
  await replied(page);
  server.model.release();
  await page
    .getByRole("group", { name: "Version 2 of 2" })
    .getByRole("button", { name: "Previous version" })
    .click();
  await said(page, "First words and then the rest.").waitFor();
  const left = await list(1);
  assert.deepEqual(
    [left.at(-1)?.content, left.at(-1)?.status],
    ["First words and then the rest.", "complete"],
  );
  assert.equal((await list(2)).at(-1)?.interrupted_by, "stopped");
  assert.deepEqual(opened.problems, []);
});

test("two tabs that begin a version at once both keep their own, and what is said next goes there", {
  skip,
}, async () => {
  const { path, list } = await conversationOf(server.url, 2);
  await using left = await openPage(server.url, path);
  await using right = await openPage(server.url, path);
  const answerAgain = async (page: Page) => {
    await page.getByRole("region", { name: "Messages" }).focus();
    await page.keyboard.press("r");
  };
  for (const { page } of [left, right]) await said(page, "Reply 1").waitFor();
  server.model.next({ text: "One answer to it." });
  server.model.next({ text: "One answer to it." });
  await Promise.all([answerAgain(left.page), answerAgain(right.page)]);
  for (const { page } of [left, right]) {
    await said(page, "One answer to it.").waitFor();
    await replied(page);
  }
  for (const [{ page }, words] of [
    [left, "Said on the left"],
    [right, "Said on the right"],
  ] as const) {
    await message(page).focus();
    await page.keyboard.type(words);
    await page.keyboard.press("Enter");
    await said(page, `Echo: ${words}`).waitFor();
    await replied(page);
  }
  assert.equal(await said(left.page, "Said on the right").count(), 0);
  assert.equal(await said(right.page, "Said on the left").count(), 0);
  const contents = await Promise.all(
    [1, 2].map(async (branch) => (await list(branch)).map(({ content }) => content).slice(2)),
  );
  assert.deepEqual(contents.map((it) => it.at(0)).sort(), [
    "Said on the left",
    "Said on the right",
  ]);
  assert.deepEqual([...left.problems, ...right.problems], []);
});

test("a search opens the branch that has what was found", { skip }, async () => {
  const { path, list, client, id } = await conversationOf(server.url, 2);
  const [question] = await list();
  const word = `w${randomUUID().slice(0, 8)}`;
  await client.messages.send(id, { branch_from: question?.id, content: `${word} is here` });
  await client.messages.send(id, { branch: 0, content: "And on" });
  await using opened = await openPage(server.url, path);
  const { page } = opened;
  await said(page, "Echo: And on").waitFor();
  await page.getByRole("searchbox").focus();
  await page.keyboard.type(word);
  await page
    .getByRole("link", { name: new RegExp(word) })
    .first()
    .focus();
  await page.keyboard.press("Enter");
  await said(page, `${word} is here`).first().waitFor();
  await page.getByRole("group", { name: "Version 2 of 2" }).waitFor();
  assert.equal((await client.conversations.get(id)).active_branch, 0);
  assert.deepEqual(opened.problems, []);
});

test("the branches of a conversation that was imported from ChatGPT are versions, and the one that was shown there is shown", {
  skip,
}, async () => {
  const nodes = chain([exported("user", 1, "Which city?"), exported("assistant", 2, "Paris")]);
  const question = nodes[uuid(1)];
  assert.ok(question);
  for (const [number, city] of [
    [3, "Rome"],
    [4, "Oslo"],
  ] as const)
    Object.assign(nodes, chain([exported("assistant", number, city)], question));
  await seed(server.url, [chat(7, nodes, { current_node: uuid(3) })]);
  await using opened = await openPage(server.url);
  const { page } = opened;
  await listed(page, "Chat 7").click();
  const rome = versions(page, "Rome", "Version 2 of 3");
  await rome.getByText("2/3").waitFor();
  await rome.getByRole("button", { name: "Next version" }).focus();
  await page.keyboard.press("Enter");
  await versions(page, "Oslo", "Version 3 of 3").waitFor();
  for (const city of ["Rome", "Paris"]) {
    await page.getByRole("button", { name: "Previous version" }).focus();
    await page.keyboard.press("Enter");
    await said(page, city).waitFor();
  }
  await versions(page, "Paris", "Version 1 of 3").waitFor();
  assert.equal(await messages(page).count(), 2);
  assert.deepEqual(opened.problems, []);
});
