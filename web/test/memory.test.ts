// What models remember of a person, on the page: switched on, added, changed, deleted and taken back in the settings, and
// seen and taken back in the conversation in which a model has remembered it.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { createClient } from "@colloquy/client";
import type { Page } from "playwright-core";
import { eventually } from "../../server/test/cli-runner.ts";
import { startServer } from "../../server/test/start-server.ts";
import { answering, asking } from "../../server/test/tool-steps.ts";
import { violationsIn } from "./axe.ts";
import { openPage, withoutBrowser } from "./browser.ts";
import { message, replied, said, send } from "./chat-page.ts";
import { HOSTILE } from "./hostile-markdown.ts";

const skip = withoutBrowser;
let server: Awaited<ReturnType<typeof startServer>>;
before(async () => {
  server = await startServer();
});
after(() => server?.[Symbol.asyncDispose]());
beforeEach(async () => {
  server.model.forget();
  await client().memories.deleteAll();
  await client().memories.switch(false);
});

const client = () => createClient({ baseUrl: server.url, token: "anything" });
const kept = async () => (await client().memories.list()).map(({ text }) => text);
const toldLast = () => JSON.stringify(server.model.requests.at(-1)?.body?.messages);
const rows = (page: Page) =>
  page.getByRole("list", { name: "What is remembered" }).getByRole("listitem");
const remembering = (text: string) => asking([{ name: "remember", given: { text } }]);

/** Presses Tab until what has the focus is called that. */
async function tabTo(page: Page, name: string): Promise<void> {
  const wanted = page.getByRole("button", { name }).or(page.getByLabel(name)).first();
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press("Tab");
    if (await wanted.evaluate((element) => element === document.activeElement)) return;
  }
  assert.fail(`nothing called ${name} gets the focus`);
}

test("[H160] [H161] memory is switched on, filled, changed and emptied by keyboard, and told to the model", {
  skip,
}, async () => {
  await using opened = await openPage(server.url);
  const { page } = opened;
  await message(page).waitFor();
  await page.keyboard.press("Control+k");
  await page.keyboard.type("Memory");
  await page.getByRole("option", { name: "Memory", exact: true }).waitFor();
  await page.keyboard.press("Enter");
  await page.getByText("Nothing is remembered yet.").waitFor();
  const isOn = page.getByRole("switch", { name: "Let models remember you" });
  assert.equal(await isOn.getAttribute("aria-checked"), "false");
  assert.deepEqual(await violationsIn(page), [], "empty");
  await tabTo(page, "Let models remember you");
  const switched = page.waitForResponse((answer) => answer.request().method() === "PUT");
  await page.keyboard.press("Space");
  assert.equal((await switched).status(), 200);
  assert.equal(await isOn.getAttribute("aria-checked"), "true");

  await tabTo(page, "Something to remember");
  for (const text of ["Has two cats", "Likes tea", "Lives in Graz"]) {
    await page.keyboard.type(text);
    await page.keyboard.press("Enter");
    await rows(page).filter({ hasText: text }).waitFor();
  }
  assert.deepEqual(await violationsIn(page), [], "filled");
  await tabTo(page, "Change “Likes tea”");
  await page.keyboard.press("Enter");
  const field = page.getByRole("dialog").getByRole("textbox");
  await field.waitFor();
  await page.keyboard.press("Control+a");
  await page.keyboard.type("Likes coffee");
  await page.getByRole("button", { name: "Save" }).press("Enter");
  await rows(page).filter({ hasText: "Likes coffee" }).waitFor();
  assert.deepEqual(await kept(), ["Has two cats", "Likes coffee", "Lives in Graz"]);

  await page.getByRole("button", { name: "Delete “Has two cats”" }).press("Enter");
  await page.getByText("“Has two cats” deleted").waitFor();
  assert.equal(await rows(page).count(), 2);
  await page.getByRole("button", { name: "Undo" }).press("Enter");
  await rows(page).filter({ hasText: "Has two cats" }).waitFor();
  await page.getByRole("button", { name: "Delete all" }).press("Enter");
  await page.getByText("3 memories deleted").waitFor();
  await page.getByText("Nothing is remembered yet.").waitFor();
  await page.getByRole("button", { name: "Undo" }).press("Enter");
  await rows(page).nth(2).waitFor();
  assert.equal((await kept()).length, 3, "nothing was deleted before the time to undo was over");

  await page.getByRole("link", { name: "New conversation" }).press("Enter");
  await send(page, "Hello");
  await replied(page);
  assert.match(toldLast(), /Has two cats.+Likes coffee.+Lives in Graz/);
  await page.goto(`${server.url}/app/settings/memory`);
  await page.getByRole("button", { name: "Delete all" }).press("Enter");
  await page.getByText("Nothing is remembered yet.").waitFor();
  const gone = page.waitForEvent("close");
  await page.close({ runBeforeUnload: true });
  await gone;
  // Leaving the page deletes at once.
  await eventually(async () => (await kept()).length === 0);
  assert.deepEqual(opened.problems, []);
});

test("[H162] what a model remembers and forgets stands above its reply, and is taken back there", {
  skip,
}, async () => {
  await client().memories.switch(true);
  await using opened = await openPage(server.url);
  const { page } = opened;
  server.model.next(remembering("Has two cats"), answering("I will."));
  await send(page, "I have two cats");
  await said(page, "I will.").waitFor();
  await replied(page);
  const row = page.getByRole("button", { name: "Remembered: Has two cats" });
  await row.waitFor();
  const undo = page.getByRole("button", { name: "Undo: Has two cats" });
  await undo.waitFor();
  assert.deepEqual(await violationsIn(page), [], "remembered");
  await row.press("Enter");
  await page.getByText(`{"text":"Has two cats"}`).waitFor();
  await page.reload();
  await row.waitFor();
  await undo.press("Enter");
  await page.getByText("no longer remembered").waitFor();
  assert.deepEqual(await kept(), []);

  await client().memories.create({ text: "Likes tea" });
  server.model.next(asking([{ name: "forget", given: { text: "Likes tea" } }]), answering("Gone."));
  await send(page, "Forget the tea");
  await said(page, "Gone.").waitFor();
  await page.getByRole("button", { name: "Forgot: Likes tea" }).waitFor();
  assert.deepEqual(await kept(), []);
  await page.getByRole("button", { name: "Undo: Likes tea" }).press("Enter");
  await page.getByText("remembered again").waitFor();
  assert.deepEqual(await kept(), ["Likes tea"]);
  assert.deepEqual(opened.problems, []);
});

/** Each once as it is, once in a sentence and once beside a sign that turns the direction of text. */
const TEXTS = HOSTILE.flatMap((text) => [text, `Likes ${text}`, `${text}\u202E gnp.exe`]).slice(
  0,
  200,
);
const MAX_CALLS = 30;

test(`${TEXTS.length} hostile texts as memories and in the rows of calls: nothing runs, nothing is loaded from elsewhere`, {
  skip,
}, async () => {
  await client().memories.switch(true);
  const [asMemories, inCalls] = [TEXTS.slice(MAX_CALLS), TEXTS.slice(0, MAX_CALLS)];
  const at = new Date();
  const { tenant_id: tenantId, user_id: userId } = await client().account();
  const memories = asMemories.map((text, place) => ({
    ...{ type: "memory" as const, owner: { tenantId, userId } },
    memory: { id: `hostile-${place}`, text, createdAt: at, updatedAt: at },
  }));
  await server.store.importRecords(memories);
  await using opened = await openPage(server.url);
  const { page } = opened;
  await message(page).waitFor();
  const strange: string[] = [];
  page.context().on("request", (request) => {
    if (!request.url().startsWith(`${server.url}/`)) strange.push(request.url());
  });
  page.on("dialog", (dialog) => {
    strange.push(dialog.message());
    void dialog.dismiss();
  });
  server.model.next(
    asking(inCalls.map((text) => ({ name: "remember", given: { text } }))),
    answering("All of it."),
  );
  await send(page, "Remember this");
  await said(page, "All of it.").waitFor();
  await page
    .getByRole("button", { name: "Remembered:" })
    .nth(MAX_CALLS - 1)
    .waitFor();
  await page.goto(`${server.url}/app/settings/memory`);
  await rows(page)
    .nth(TEXTS.length - 1)
    .waitFor();
  const foreign = await rows(page).evaluateAll((all) =>
    all.flatMap((row) =>
      Array.from(row.querySelectorAll("*"), ({ localName }) => localName).filter(
        (name) => !["p", "button", "svg", "path"].includes(name),
      ),
    ),
  );
  assert.deepEqual(foreign, []);
  assert.equal(await page.evaluate(() => (window as unknown as { hit?: unknown }).hit), undefined);
  assert.deepEqual(strange, []);
  assert.deepEqual(opened.problems, []);
});
