// What is done with one reply: copied with its formatting, quoted, read aloud, answered by another model, looked into.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createClient } from "@colloquy/client";
import type { Locator, Page } from "playwright-core";
import { startServer } from "../../server/test/start-server.ts";
import { violationsIn } from "./axe.ts";
import { openPage, withoutBrowser } from "./browser.ts";
import { message, replied, said } from "./chat-page.ts";

const skip = withoutBrowser;
let server: Awaited<ReturnType<typeof startServer>>;
before(async () => {
  server = await startServer();
});
after(() => server[Symbol.asyncDispose]());

async function conversationWith(reply: string) {
  const client = createClient({ baseUrl: server.url, token: "local" });
  const { id } = await client.conversations.create({ title: "Actions" });
  server.model.next({ text: reply, totalTokens: 1234 });
  await client.messages.send(id, { content: "Tell me." });
  return { path: `c/${id}`, client, id };
}

/** Opens the menu of the reply with that text and chooses, by keyboard. */
async function choose(page: Page, reply: Locator, item: string): Promise<void> {
  const button = reply.getByRole("button", { name: "More about this reply" });
  await button.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("menuitem", { name: item }).waitFor();
  await page.keyboard.type(item.slice(0, 8));
  await page.keyboard.press("Enter");
}

const RICH = `## A head & more

Some **bold** words, a [link](https://example.com/?a=1&b=2) and a [trap](javascript:alert(1)).

- [x] done
- <script>alert(1)</script>

| a | b |
| - | - |
| 1 | <2> |

\`\`\`js
if (1 < 2) alert("hi");
\`\`\`

And $a^2$.`;

test("a reply is copied with its formatting, and as it was written for programs that take plain text", {
  skip,
}, async () => {
  const { path } = await conversationWith(RICH);
  await using opened = await openPage(server.url, path, {
    permissions: ["clipboard-read", "clipboard-write"],
  });
  const { page, problems } = opened;
  await said(page, "A head & more").waitFor();
  await choose(page, said(page, "A head & more"), "Copy with its formatting");
  await page.getByText("Copied", { exact: true }).waitFor();
  const [plain = "", html = ""] = await page.evaluate(async () => {
    const [item] = await navigator.clipboard.read();
    return Promise.all(
      ["text/plain", "text/html"].map(async (type) => (await item?.getType(type))?.text()),
    );
  });
  assert.equal(plain, RICH);
  const made = await page.evaluate((text) => {
    const { body } = new DOMParser().parseFromString(text, "text/html");
    const of = (selector: string) =>
      [...body.querySelectorAll(selector)].map((element) => element.textContent);
    return {
      head: of("h2"),
      bold: of("strong"),
      links: [...body.querySelectorAll("a")].map((link) => link.getAttribute("href")),
      cells: of("td"),
      code: of("pre code"),
      foreign: of("script, svg, button, img, [onclick], [class*=katex]"),
      text: body.textContent,
    };
  }, html);
  assert.deepEqual(made.head, ["A head & more"]);
  assert.deepEqual(made.bold, ["bold"]);
  assert.deepEqual(made.links.filter(Boolean), ["https://example.com/?a=1&b=2"]);
  assert.deepEqual(made.cells, ["1", "<2>"]);
  assert.deepEqual(made.code, ['if (1 < 2) alert("hi");']);
  assert.deepEqual(made.foreign, []);
  assert.ok(made.text.includes("a^2") && made.text.includes("<script>alert(1)</script>"));
  assert.deepEqual(problems, []);
});

test("another model answers again once: a version of its own, and the conversation keeps its model", {
  skip,
}, async () => {
  const { path, client, id } = await conversationWith("The first answer.");
  await using opened = await openPage(server.url, path);
  const { page, problems } = opened;
  await said(page, "The first answer.").waitFor();
  await choose(page, said(page, "The first answer."), "Answer with another model");
  const dialog = page.getByRole("dialog", { name: "Answer with another model" });
  await dialog.getByText("gave this answer").waitFor();
  assert.deepEqual(await violationsIn(page), []);
  server.model.forget();
  server.model.next({ text: "The second answer." });
  await page.keyboard.type("test-mo");
  await page.keyboard.press("Enter");
  await said(page, "The second answer.").waitFor();
  await replied(page);
  await page.getByRole("group", { name: "Version 2 of 2" }).waitFor();
  assert.equal(server.model.requests[0]?.body?.model, "test-model");
  assert.equal((await client.conversations.get(id)).model, null);
  await message(page).click();
  await page.keyboard.type("And now?");
  await page.keyboard.press("Enter");
  await server.model.requested(2);
  assert.equal(server.model.requests[1]?.body?.model, "scripted");
  await replied(page);
  assert.deepEqual(problems, []);
});

test("details say the model, the time, the tokens and what it cost as far as that is known; also on a phone", {
  skip,
}, async () => {
  const { path } = await conversationWith("A detailed answer.");
  for (const viewport of [
    { width: 1280, height: 720 },
    { width: 320, height: 640 },
  ]) {
    await using opened = await openPage(server.url, path, { viewport });
    const { page } = opened;
    await said(page, "A detailed answer.").waitFor();
    await choose(page, said(page, "A detailed answer."), "Details");
    const dialog = page.getByRole("dialog", { name: "Details" });
    await dialog.locator("dl").waitFor();
    const facts = await dialog.locator("dl > div").allTextContents();
    assert.equal(facts[0], "Modelscripted");
    assert.match(facts[1] ?? "", /^Time.*\d:\d\d:\d\d/);
    assert.ok(
      facts.some((fact) => /^Read[\d,]+ tokens?$/.test(fact)),
      facts.join(),
    );
    assert.ok(
      facts.some((fact) => /^Written[\d,]+ tokens?$/.test(fact)),
      facts.join(),
    );
    assert.ok(facts.includes("CostUnknown"), facts.join());
    assert.equal(
      await page.evaluate(() => document.documentElement.scrollWidth > innerWidth),
      false,
    );
    assert.deepEqual(await violationsIn(page), []);
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
  }
});

test("what is selected in a reply is quoted in front of what is being written; what is selected elsewhere is not", {
  skip,
}, async () => {
  const { path } = await conversationWith("Some words to quote.\n\nAnd other words.");
  await using opened = await openPage(server.url, path);
  const { page, problems } = opened;
  await message(page).click();
  await page.keyboard.type("Why?");
  const quote = page.getByRole("button", { name: "Quote", exact: true });
  await page.getByText("Tell me.", { exact: true }).click({ clickCount: 3 });
  await page.waitForFunction(() => getSelection()?.toString().includes("Tell me."));
  assert.equal(await quote.count(), 0);
  await page.getByText("Some words to quote.").click({ clickCount: 3 });
  await quote.waitFor();
  assert.deepEqual(await violationsIn(page), []);
  await quote.click();
  await quote.waitFor({ state: "detached" });
  await page.waitForFunction(() => document.activeElement?.matches("[data-composer]"));
  assert.match(await message(page).inputValue(), /^> Some words to quote\.\n\nWhy\?$/);
  await page.keyboard.press("Control+a");
  await page.keyboard.press("Delete");
  await choose(page, said(page, "And other words."), "Quote in a message");
  await page.waitForFunction(() => document.activeElement?.matches("[data-composer]"));
  assert.match(
    await message(page).inputValue(),
    /^> Some words to quote\.\n>\n> And other words\.\s*$/,
  );
  assert.deepEqual(problems, []);
});

test("a reply is read aloud sentence by sentence, without its signs, and stops when it is told or left", {
  skip,
}, async () => {
  const { path } = await conversationWith(
    `**One.** Two.\n\n\`\`\`js\nsecret();\n\`\`\`\n\n${"And a much longer sentence follows that nobody waits for. ".repeat(20)}`,
  );
  await using opened = await openPage(server.url, path);
  const { page, problems } = opened;
  const asked: string[] = [];
  page.on("request", (request) => {
    if (request.url().endsWith("/v1/audio/speech")) asked.push(request.postDataJSON().input);
  });
  await said(page, "One.").hover();
  const read = page.getByRole("button", { name: "Read aloud" });
  const stop = page.getByRole("button", { name: "Stop reading" });
  const played = page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        const { play } = HTMLMediaElement.prototype;
        HTMLMediaElement.prototype.play = function (this: HTMLMediaElement) {
          this.addEventListener("ended", () => resolve(this.currentTime), { once: true });
          return play.call(this);
        };
      }),
  );
  await read.focus();
  await page.keyboard.press("Enter");
  await stop.waitFor();
  assert.deepEqual(await violationsIn(page), []);
  assert.ok((await played) > 0.1, "the first sentence was heard to its end");
  await stop.focus();
  await page.keyboard.press("Enter");
  await read.waitFor();
  assert.equal(asked[0], "One.");
  assert.match(asked[1] ?? "", /^Two\. And a much longer/);
  assert.ok(asked.length < 5 && !asked.join().includes("secret"), asked.join("|"));
  await read.focus();
  await page.keyboard.press("Enter");
  await stop.waitFor();
  await page.getByRole("link", { name: "New conversation" }).click();
  await page.getByText("What would you like to talk through?").waitFor();
  const { length } = asked;
  await page.goBack();
  await said(page, "One.").waitFor();
  await read.waitFor({ state: "attached" });
  assert.equal(asked.length, length);
  assert.deepEqual(problems, []);
});
