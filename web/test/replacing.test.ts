// The model that a conversation keeps, and what cannot be attached.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startServer } from "../../server/test/start-server.ts";
import { openPage, withoutBrowser } from "./browser.ts";
import { message, replied, said } from "./chat-page.ts";
import { conversationOf } from "./seed.ts";

const skip = withoutBrowser;
let server: Awaited<ReturnType<typeof startServer>>;
before(async () => {
  server = await startServer();
});
after(() => server[Symbol.asyncDispose]());

test("a conversation keeps its model, in another browser too; a new one begins with the usual choice", {
  skip,
}, async () => {
  const { path, id, client } = await conversationOf(server.url, 2);
  await using opened = await openPage(server.url);
  const { page } = opened;
  const choose = async (name: string) => {
    await page.getByRole("combobox", { name: /^Model/ }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("combobox", { name: /^Search/ }).waitFor();
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

test("a file that is dropped where no message is written says where it can be attached, and the page stays", {
  skip,
}, async () => {
  await using opened = await openPage(server.url, "agents");
  const { page } = opened;
  await page.getByRole("heading", { level: 1 }).waitFor();
  const isTaken = await page.evaluate(() => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File(["<h1>x</h1>"], "x.html", { type: "text/html" }));
    const init = { bubbles: true, cancelable: true, dataTransfer };
    const target = document.querySelector("main") ?? document.body;
    return ["dragover", "drop"].every((type) => !target.dispatchEvent(new DragEvent(type, init)));
  });
  assert.ok(isTaken);
  await page.getByText("Files can be attached in a conversation.").waitFor();
  assert.deepEqual(opened.problems, []);
});
