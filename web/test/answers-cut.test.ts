// How an answer ended, and what was thought before it, in Chromium and by keyboard.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { BACKEND, startServer } from "../../server/test/start-server.ts";
import { openPage, withoutBrowser } from "./browser.ts";
import { message, replied, said } from "./chat-page.ts";

const skip = withoutBrowser;
let server: Awaited<ReturnType<typeof startServer>>;
before(async () => {
  server = await startServer();
});
after(() => server[Symbol.asyncDispose]());

async function ask(locale = "en-GB") {
  const opened = await openPage(server.url, "", { locale });
  const { page } = opened;
  await page.locator("[data-composer]").waitFor();
  await page.locator("[data-composer]").focus();
  await page.keyboard.type("Tell me of whales");
  await page.keyboard.press("Enter");
  return opened;
}

test("[X12] an answer that reached its length limit says so, and Continue asks for the rest of it", {
  skip,
}, async () => {
  server.model.next({ text: "Whales are", finishReason: "length" });
  await using opened = await ask();
  const { page } = opened;
  const cut = said(page, "Whales are").getByText("The answer reached its length limit.");
  await cut.waitFor();
  await page.getByRole("status").getByText("Whales are The answer reached").waitFor();
  server.model.next({ text: "mammals of the sea." });
  await page.getByRole("button", { name: "Continue" }).focus();
  await page.keyboard.press("Enter");
  await said(page, "mammals of the sea.").waitFor();
  await replied(page);
  const heard = server.model.requests.at(-1)?.body?.messages ?? [];
  assert.deepEqual(
    heard.filter(({ role }) => role !== "system").map(({ content }) => content),
    ["Tell me of whales", "Whales are", "Continue"],
  );
  assert.ok(await message(page).evaluate((field) => field === document.activeElement));
  assert.equal(await page.getByRole("button", { name: "Continue" }).count(), 0);
  assert.equal(await cut.count(), 1);
  await page.reload();
  await cut.waitFor();
  assert.deepEqual(opened.problems, []);
});

test("[X12] an answer that a content filter cut says so, in the reader's language; a whole one says nothing", {
  skip,
}, async () => {
  server.model.next({ text: "Wale sind", finishReason: "content_filter" });
  await using opened = await ask("de-DE");
  const { page } = opened;
  const articles = page.getByRole("article");
  await articles.filter({ hasText: "Wale sind" }).getByText("Der Inhaltsfilter des").waitFor();
  assert.equal(await page.getByRole("button", { name: "Weiterschreiben" }).count(), 0);
  await page.keyboard.type("Und nun?");
  await page.keyboard.press("Enter");
  await articles.filter({ hasText: "Echo: Und nun?" }).waitFor();
  await page.getByRole("button", { name: "Senden" }).waitFor();
  assert.equal(await articles.getByText(/Inhaltsfilter|Längengrenze/).count(), 1);
  assert.deepEqual(opened.problems, []);
});

test("what a model thought is folded above its answer, and opened and closed by keyboard", {
  skip,
}, async () => {
  server.model.next({ text: "Mammals.", reasoning: "They breathe **air**." });
  await using opened = await ask();
  const { page } = opened;
  const answer = said(page, "Mammals.");
  const fold = answer.getByRole("button", { name: "Thought for 1 s", exact: true });
  await fold.waitFor();
  await replied(page);
  const thoughts = answer.getByText("They breathe air.");
  assert.equal(await thoughts.count(), 0);
  assert.equal(await fold.getAttribute("aria-expanded"), "false");
  await fold.focus();
  await page.keyboard.press("Enter");
  await thoughts.waitFor();
  assert.equal(await fold.getAttribute("aria-expanded"), "true");
  assert.match(
    (await answer.textContent()) ?? "",
    /Thought for 1 s\s*They breathe air\.\s*Mammals\./,
  );
  await page.keyboard.press("Space");
  await thoughts.waitFor({ state: "detached" });
  assert.ok(await fold.evaluate((button) => button === document.activeElement));
  assert.deepEqual(opened.problems, []);
});

test("while it thinks, the page shows what it thinks, also after a reload; what was opened stays open as it ends", {
  skip: skip || (BACKEND === "replicas" && "live thoughts stay where they are thought"),
}, async () => {
  server.model.next({ text: "Mammals.", reasoning: "They breathe **air**.", hold: 0 });
  await using opened = await ask();
  const { page } = opened;
  const fold = page.getByRole("button", { name: "Thinking …" });
  await fold.waitFor();
  assert.equal(await fold.getAttribute("aria-expanded"), "false");
  await page.waitForURL(/\/c\//);
  await page.reload();
  await fold.focus();
  await page.keyboard.press("Enter");
  await page.getByText("They breathe air.").waitFor();
  server.model.release();
  const whole = said(page, "Mammals.").getByRole("button", { name: /^Thought for \d+ s$/ });
  await whole.waitFor();
  assert.equal(await whole.getAttribute("aria-expanded"), "true");
  await page.getByText("They breathe air.").waitFor();
  await replied(page);
  assert.deepEqual(opened.problems, []);
});
