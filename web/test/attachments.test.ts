// Files on the page: attached by picking, dropping and pasting, sent, shown, and refused in words.
// Takes: 15 s
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Page } from "playwright-core";
import { png } from "../../server/test/file-samples.ts";
import { startServer } from "../../server/test/start-server.ts";
import { violationsIn } from "./axe.ts";
import { openPage, withoutBrowser } from "./browser.ts";
import { isEdited, message, messages, replied, said } from "./chat-page.ts";

const skip = withoutBrowser;
let server: Awaited<ReturnType<typeof startServer>>;
before(async () => {
  server = await startServer();
});
after(() => server[Symbol.asyncDispose]());

const attached = (page: Page) =>
  page.getByRole("list", { name: "Attached files" }).getByRole("listitem");

/** Drops or pastes a file, as a browser does; false: the page did not take it. */
const give = (page: Page, type: "drop" | "paste", name: string, text: string, withText = "") =>
  page.evaluate(
    ({ type, name, text, withText }) => {
      const data = new DataTransfer();
      data.items.add(new File([text], name, { type: "text/plain" }));
      if (withText) data.setData("text/plain", withText);
      const target = document.querySelector("[data-composer]") ?? document.body;
      const init = { bubbles: true, cancelable: true };
      const isTaken = (event: Event) => !target.dispatchEvent(event);
      return type === "drop"
        ? isTaken(new DragEvent("dragover", { ...init, dataTransfer: data })) &&
            isTaken(new DragEvent("drop", { ...init, dataTransfer: data }))
        : isTaken(new ClipboardEvent("paste", { ...init, clipboardData: data }));
    },
    { type, name, text, withText },
  );

test("[H14] files are picked, dropped and pasted, sent with a message, shown with it, and there after a reload", {
  skip,
}, async () => {
  await using opened = await openPage(server.url);
  const { page } = opened;
  await message(page).waitFor();
  // By keyboard: back from the field to the button, and the picker opens.
  const picking = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Attach files" }).press("Enter");
  await (await picking).setFiles([
    { name: "plan.png", mimeType: "image/png", buffer: png(40, 30) },
    { name: "gone.txt", mimeType: "text/plain", buffer: Buffer.from("removed again") },
  ]);
  assert.ok(await give(page, "drop", "dropped.md", "# Dropped"));
  assert.ok(await give(page, "paste", "pasted.csv", "a,b"));
  assert.equal(await give(page, "paste", "x.png", "x", "a table"), false, "its text is meant");
  await page.getByText("4 files are attached.").waitFor();
  assert.equal(
    await attached(page).locator("img").count(),
    1,
    "an image is seen before it is sent",
  );
  await page.getByRole("button", { name: "Remove gone.txt" }).focus();
  await page.keyboard.press("Enter");
  await page.getByText("3 files are attached.").waitFor();
  assert.deepEqual(await violationsIn(page), []);
  await page.keyboard.type('Look at these {{reply text="Seen"}}');
  await page.keyboard.press("Enter");
  await said(page, "Seen").last().waitFor();
  await replied(page);
  assert.equal(await attached(page).count(), 0);

  const check = async () => {
    const files = messages(page).first().getByRole("list", { name: "Files of this message" });
    await files.getByRole("button", { name: "Save dropped.md" }).waitFor();
    await page.waitForFunction(
      () => document.querySelector<HTMLImageElement>('img[alt="plan.png"]')?.naturalWidth === 40,
    );
    assert.equal(await files.getByRole("listitem").count(), 3);
    return files;
  };
  await check();
  await page.reload();
  const files = await check();
  const saving = page.waitForEvent("download");
  await files.getByRole("button", { name: "Save pasted.csv" }).click();
  assert.equal((await saving).suggestedFilename(), "pasted.csv");
  const told = JSON.stringify(server.model.requests.at(-1)?.body?.messages);
  assert.match(told, /# Dropped.*data:image\/png;base64,/s);
  assert.doesNotMatch(told, /removed again/);
  assert.deepEqual(await violationsIn(page), []);
  assert.deepEqual(opened.problems, []);
});

test("a file that is refused says why, and holds the message until it is removed", {
  skip,
}, async () => {
  await using opened = await openPage(server.url);
  const { page } = opened;
  await message(page).waitFor();
  await page
    .locator("[data-attach]")
    .setInputFiles([{ name: "no.png", mimeType: "image/png", buffer: Buffer.from("no image") }]);
  await page
    .getByRole("alert")
    .filter({ hasText: "Not attached. The file is said to be an image" })
    .waitFor();
  await message(page).focus();
  await page.keyboard.type("Held");
  await page.keyboard.press("Enter");
  assert.equal(await message(page).inputValue(), "Held");
  assert.ok(await page.getByRole("button", { name: "Send" }).isDisabled());
  assert.deepEqual(await violationsIn(page), []);
  await page.getByRole("button", { name: "Remove no.png" }).click();
  await page.keyboard.press("Enter");
  await said(page, "Echo: Held").waitFor();
  assert.deepEqual(opened.problems, []);
});

test("a question that is asked again, or edited, keeps its files", { skip }, async () => {
  await using opened = await openPage(server.url);
  const { page } = opened;
  await message(page).waitFor();
  assert.ok(await give(page, "drop", "kept.txt", "kept words"));
  await page.getByText("One file is attached.").waitFor();
  await page.keyboard.type("First");
  await page.keyboard.press("Enter");
  await said(page, "Echo: First").waitFor();
  await replied(page);
  await message(page).focus();
  await page.keyboard.press("ArrowUp");
  await isEdited(page);
  await page.keyboard.type(", edited");
  await page.keyboard.press("Enter");
  await said(page, "Echo: First, edited").waitFor();
  await replied(page);
  await page.getByRole("button", { name: "Save kept.txt" }).waitFor();
  const isTold = () =>
    assert.match(JSON.stringify(server.model.requests.at(-1)?.body?.messages), /kept words/);
  isTold();
  await page.getByRole("button", { name: "Answer again" }).last().focus();
  server.model.next({ text: "Another answer." });
  await page.keyboard.press("Enter");
  await said(page, "Another answer.").waitFor();
  await replied(page);
  isTold();
  const question = messages(page).first();
  await question.getByRole("group", { name: "Version 2 of 2" }).waitFor();
  await question.getByRole("button", { name: "Save kept.txt" }).waitFor();
  await question.getByRole("button", { name: "Previous version" }).focus();
  await page.keyboard.press("Enter");
  await said(page, "Echo: First").waitFor();
  await question.getByRole("group", { name: "Version 1 of 2" }).waitFor();
  await question.getByRole("button", { name: "Save kept.txt" }).waitFor();
  assert.deepEqual(opened.problems, []);
});
