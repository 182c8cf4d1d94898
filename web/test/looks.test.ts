// What people see, measured where it was wrong before: lines, columns and fields.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Locator } from "playwright-core";
import { startServer } from "../../server/test/start-server.ts";
import { skipWithoutPocketsphinx } from "../../server/test/voice-debian.ts";
import { openPage, withoutBrowser } from "./browser.ts";
import { listed, message, replied, send } from "./chat-page.ts";

const skip = withoutBrowser;
let server: Awaited<ReturnType<typeof startServer>>;
before(async () => {
  server = await startServer();
});
after(() => server[Symbol.asyncDispose]());

/** On how many lines the text of an element stands. */
const linesOf = (element: Locator): Promise<number> =>
  element.evaluate((node) => {
    const range = document.createRange();
    range.selectNodeContents(node);
    return new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size;
  });

async function boxOf(element: Locator) {
  const box = await element.boundingBox();
  assert.ok(box, "it is shown");
  return { ...box, end: box.x + box.width, middle: box.y + box.height / 2 };
}

for (const locale of ["en-GB", "de-DE"])
  for (const width of [320, 1280])
    test(`Undo stands on one line and within the page beside a long title: ${locale}, ${width} pixels`, {
      skip,
    }, async () => {
      const options = { locale, viewport: { width, height: 800 } };
      await using opened = await openPage(server.url, "", options);
      const { page } = opened;
      const [field, menu, remove, undo] =
        locale === "en-GB"
          ? ["Message", "This conversation", "Delete", "Undo"]
          : ["Nachricht", "Dieses Gespräch", "Löschen", "Rückgängig"];
      await page.getByRole("textbox", { name: field }).fill("A title of many words ".repeat(8));
      await page.keyboard.press("Enter");
      await page.getByRole("button", { name: menu }).click();
      await page.getByRole("menuitem", { name: remove }).click();
      const button = page.getByRole("button", { name: undo });
      await button.waitFor();
      assert.equal(await linesOf(button), 1);
      const box = await boxOf(button);
      assert.ok(box.x >= 0 && box.end <= width, JSON.stringify(box));
      await button.focus();
      await page.keyboard.press("Enter");
      await button.waitFor({ state: "detached" });
    });

test("the list of shortcuts has the keys of each beside its words", { skip }, async () => {
  await using opened = await openPage(server.url);
  const { page } = opened;
  await message(page).waitFor();
  await page.getByRole("button", { name: /Settings and account/i }).click();
  await page.getByRole("menuitem", { name: "Keyboard shortcuts" }).click();
  const dialog = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await dialog.waitFor();
  // A window that still moves is measured at another place each time.
  await dialog.evaluate((element) =>
    Promise.all(element.getAnimations({ subtree: true }).map(({ finished }) => finished)),
  );
  // All at one moment: fonts that come in between move everything.
  const { words, keys } = await dialog.evaluate((element) => {
    const boxesOf = (name: string) =>
      [...element.querySelectorAll(name)].map((node) => {
        const { left, right, top, bottom } = node.getBoundingClientRect();
        return { text: node.textContent, left, right, top, bottom };
      });
    return { words: boxesOf("dt"), keys: boxesOf("dd") };
  });
  assert.ok(words.length > 5);
  assert.equal(words.length, keys.length);
  let below = 0;
  for (const [index, one] of words.entries()) {
    const other = keys[index] ?? assert.fail();
    const isBeside = one.right <= other.left && other.top < one.bottom && one.top < other.bottom;
    assert.ok(isBeside, JSON.stringify([one, other]));
    assert.ok(Math.min(one.top, other.top) >= below, JSON.stringify([below, one, other]));
    below = Math.max(one.bottom, other.bottom) - 1;
  }
});

test("in a voice session there is one field to type in, and what is spoken is shown without the signs of Markdown", {
  skip: skip || skipWithoutPocketsphinx(),
}, async () => {
  await using opened = await openPage(server.url);
  const { page } = opened;
  await message(page).waitFor();
  assert.equal(await page.getByRole("textbox").count(), 1);
  await page.getByRole("button", { name: "Speak" }).click();
  const panel = page.getByRole("region", { name: "Conversation by voice" });
  const field = panel.getByRole("textbox", { name: "Type instead of speaking" });
  await field.waitFor();
  assert.equal(await page.getByRole("textbox").count(), 1);
  assert.equal(await page.locator("textarea:visible, input[type=text]:visible").count(), 0);
  const shown = await panel.evaluateHandle((panel) => {
    const captions = new Set<string>();
    new MutationObserver(() => {
      for (const caption of panel.querySelectorAll('[data-of="reply"]'))
        captions.add(caption.textContent ?? "");
    }).observe(panel, { subtree: true, childList: true, characterData: true });
    return captions;
  });
  server.model.next({
    text: "## Here is **the bold one**, with `code` and [a link](https://a.example/).",
  });
  await field.focus();
  await page.keyboard.type("Show me");
  await page.keyboard.press("Enter");
  await panel.getByText("Here is the bold one, with code and a link.").waitFor();
  const captions = await shown.evaluate((captions) => [...captions]);
  assert.ok(captions.length > 0);
  for (const caption of captions) assert.doesNotMatch(caption, /[*`#[\]()]/);
  await panel.getByRole("button", { name: "End", exact: true }).click();
  await message(page).waitFor();
  await send(page, "Typed again");
  await replied(page);
  await listed(page, /./).first().waitFor();
});
