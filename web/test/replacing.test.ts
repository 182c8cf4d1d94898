// The model that a conversation keeps, and what cannot be attached.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { createClient } from "@colloquy/client";
import { startServer } from "../../server/test/start-server.ts";
import { openPage, withoutBrowser } from "./browser.ts";
import { message, replied, said } from "./chat-page.ts";
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

test("a conversation keeps its model, in another browser too; a new one begins with the usual choice", {
  skip,
}, async () => {
  const { path, id, client } = await conversationOf(2);
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
