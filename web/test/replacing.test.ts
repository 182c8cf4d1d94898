// Answering again and saying it differently: what that takes away is asked about, and can be brought back.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { createClient } from "@colloquy/client";
import { startServer } from "../../server/test/start-server.ts";
import { openPage, withoutBrowser } from "./browser.ts";
import { message, messages, replied, said } from "./chat-page.ts";
import { longConversation, seed } from "./seed.ts";

const skip = withoutBrowser;
let server: Awaited<ReturnType<typeof startServer>>;
before(async () => {
  server = await startServer();
});
after(() => server[Symbol.asyncDispose]());

async function conversationOf(count: number) {
  const title = `About ${randomUUID().slice(0, 8)}`;
  await seed(server.url, [{ ...longConversation(count), id: title, title }]);
  const client = createClient({ baseUrl: server.url, token: "local" });
  const { items } = await client.conversations.list({ limit: 100 });
  const id = items.find((conversation) => conversation.title === title)?.id ?? "";
  return { path: `c/${id}`, list: () => client.messages.list(id), client, id };
}

/** What can be undone stays for as long as a busy machine needs; in the page it is ten seconds. */
async function openPatiently(path: string) {
  const opened = await openPage(server.url);
  await opened.page.addInitScript(() => {
    const wait = window.setTimeout.bind(window);
    const patient = (call: TimerHandler, delayMs?: number) =>
      wait(call, delayMs === 10_000 ? 300_000 : delayMs);
    Object.assign(window, { setTimeout: patient });
  });
  await opened.page.goto(`${server.url}/app/${path}`);
  return opened;
}

test("Answer again on an earlier reply asks first and says how many would go; Undo brings back exactly what was there, also while the new reply runs", {
  skip,
}, async () => {
  const { path, list } = await conversationOf(10);
  const before = await list();
  await using opened = await openPatiently(path);
  const { page } = opened;
  await said(page, "Reply 3").hover();
  const again = said(page, "Reply 3").getByRole("button", { name: "Answer again" });
  const asked = server.model.requests.length;
  await again.focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "Take away 7 messages?" });
  await dialog.waitFor();
  assert.ok(
    await dialog
      .getByRole("button", { name: "Cancel" })
      .evaluate((button) => button === document.activeElement),
  );
  await page.keyboard.press("Enter");
  await dialog.waitFor({ state: "detached" });
  assert.ok(await again.evaluate((button) => button === document.activeElement));
  assert.deepEqual(await list(), before);
  assert.equal(server.model.requests.length, asked);

  server.model.next({ text: "It was answered again, slowly", hold: 2 });
  await page.keyboard.press("Enter");
  await dialog.getByRole("button", { name: "Answer again" }).focus();
  await page.keyboard.press("Enter");
  await said(page, "It was").waitFor();
  assert.equal((await list()).length, 3);
  await page.getByRole("status").getByText("7 messages were taken away").waitFor();
  await page.getByRole("button", { name: "Undo" }).focus();
  await page.keyboard.press("Enter");
  await said(page, "Reply 9").waitFor();
  server.model.release();
  await replied(page);
  assert.deepEqual(await list(), before);
  assert.equal(await messages(page).count(), 10);
  await page.reload();
  await said(page, "Reply 9").waitFor();
  assert.equal(await messages(page).count(), 10);
  assert.deepEqual(opened.problems, []);
});

test("an earlier message said differently asks first; Undo brings the rest back and keeps the new words", {
  skip,
}, async () => {
  const { path, list } = await conversationOf(6);
  const before = await list();
  await using opened = await openPatiently(path);
  const { page } = opened;
  await said(page, "Message 2").hover();
  await said(page, "Message 2").getByRole("button", { name: "Edit" }).focus();
  await page.keyboard.press("Enter");
  const edited = page.getByRole("textbox", { name: "Your message" });
  await edited.waitFor();
  await page.keyboard.press("Control+a");
  await page.keyboard.type("Said otherwise");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog", { name: "Take away 3 messages?" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  assert.equal(await edited.inputValue(), "Said otherwise");
  assert.deepEqual(await list(), before);

  await edited.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Send and take away" }).focus();
  await page.keyboard.press("Enter");
  await said(page, "Echo: Said otherwise").waitFor();
  await replied(page);
  assert.equal((await list()).length, 4);
  await page.getByRole("button", { name: "Undo" }).focus();
  await page.keyboard.press("Enter");
  await said(page, "Reply 5").waitFor();
  assert.deepEqual(await list(), before);
  await page.waitForFunction(
    () =>
      document.querySelector<HTMLTextAreaElement>("[data-composer]")?.value === "Said otherwise",
  );
  assert.deepEqual(opened.problems, []);
});

test("the last answer goes without a question and can be brought back, unless more was said since", {
  skip,
}, async () => {
  const { path, list } = await conversationOf(2);
  const before = await list();
  await using opened = await openPatiently(path);
  const { page } = opened;
  await said(page, "Reply 1").waitFor();
  server.model.next({ text: "Another answer." });
  await page.getByRole("region", { name: "Messages" }).focus();
  await page.keyboard.press("r");
  await said(page, "Another answer.").waitFor();
  await replied(page);
  await page.getByRole("button", { name: "Undo" }).focus();
  await page.keyboard.press("Enter");
  await said(page, "Reply 1").waitFor();
  assert.deepEqual(await list(), before);

  server.model.next({ text: "One more answer." });
  await page.getByRole("region", { name: "Messages" }).focus();
  await page.keyboard.press("r");
  await said(page, "One more answer.").waitFor();
  await replied(page);
  await message(page).focus();
  await page.keyboard.type("And on");
  await page.keyboard.press("Enter");
  await said(page, "Echo: And on").waitFor();
  await replied(page);
  await page.getByRole("button", { name: "Undo" }).focus();
  await page.keyboard.press("Enter");
  await page.getByText(/could not be brought back: The conversation went on since/).waitFor();
  assert.equal((await list()).length, 4);
  assert.deepEqual(opened.problems, []);
});

test("a conversation keeps its model, in another browser too; a new one begins with the usual choice", {
  skip,
}, async () => {
  const { path, id, client } = await conversationOf(2);
  await using opened = await openPage(server.url);
  const { page } = opened;
  const choose = async (name: string) => {
    await page.getByRole("combobox", { name: /^Model/ }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("combobox", { name: "Search …" }).waitFor();
    await page.keyboard.type(name);
    await page.keyboard.press("Enter");
    await page.getByRole("combobox", { name: `Model: ${name}` }).waitFor();
  };
  await choose("test-model");
  await message(page).focus();
  await page.keyboard.type("Begun with my usual one");
  await page.keyboard.press("Enter");
  await replied(page);
  await page.waitForURL(/\/c\//);
  const begun = page.url().split("/").at(-1) ?? "";
  assert.equal((await client.conversations.get(begun)).model, "test-model");

  await page.goto(`${server.url}/app/${path}`);
  await said(page, "Reply 1").waitFor();
  const usual = (await client.models.list()).find(({ is_default }) => is_default);
  await page.getByRole("combobox", { name: `Model: ${usual?.name}` }).waitFor();
  assert.equal((await client.conversations.get(id)).model, null);

  await using elsewhere = await openPage(server.url, `c/${begun}`);
  await elsewhere.page.getByRole("combobox", { name: "Model: test-model" }).waitFor();
  const asked = server.model.requests.length;
  await client.messages.send(begun, { content: "Through the wire, without a model" });
  assert.equal(server.model.requests[asked]?.body?.model, "test-model");
  assert.deepEqual(opened.problems, []);
});

test("a dropped file and a pasted picture say that they cannot be attached; the page and the draft stay", {
  skip,
}, async () => {
  await using opened = await openPage(server.url);
  const { page } = opened;
  await message(page).waitFor();
  await page.keyboard.type("Half a thought");
  const give = (type: "drop" | "paste", where: string, text = "") =>
    page.evaluate(
      ({ type, where, text }) => {
        const data = new DataTransfer();
        data.items.add(new File(["<h1>x</h1>"], "x.html", { type: "text/html" }));
        if (text) data.setData("text/plain", text);
        const target = document.querySelector(where) ?? document.body;
        const init = { bubbles: true, cancelable: true };
        const isTaken = (event: Event) => !target.dispatchEvent(event);
        return type === "drop"
          ? isTaken(new DragEvent("dragover", { ...init, dataTransfer: data })) &&
              isTaken(new DragEvent("drop", { ...init, dataTransfer: data }))
          : isTaken(new ClipboardEvent("paste", { ...init, clipboardData: data }));
      },
      { type, where, text },
    );
  const notice = page.getByText("Files and images cannot be attached yet.");
  for (const where of ["main", "nav", "[data-composer]"]) {
    assert.ok(await give("drop", where), where);
    await notice.waitFor();
    await page.getByRole("button", { name: "Close", exact: true }).click();
    await notice.waitFor({ state: "detached" });
  }
  assert.ok(await give("paste", "[data-composer]"));
  await notice.waitFor();
  await page.getByRole("button", { name: "Close", exact: true }).click();
  assert.equal(await give("paste", "[data-composer]", "a table"), false, "its text is pasted");
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.evaluate(() => navigator.clipboard.writeText(", pasted"));
  await message(page).focus();
  await page.keyboard.press("End");
  await page.keyboard.press("Control+v");
  await page.waitForFunction(
    () =>
      document.querySelector<HTMLTextAreaElement>("[data-composer]")?.value ===
      "Half a thought, pasted",
  );
  assert.equal(await notice.count(), 0);
  assert.match(page.url(), /\/app\/$/);
  assert.deepEqual(opened.problems, []);
});
