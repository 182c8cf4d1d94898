// Documents in replies, which open beside the conversation: looked at, compared, copied, saved, and closed off.
// Takes: 35 s
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { createClient } from "@colloquy/client";
import type { Locator, Page } from "playwright-core";
import { startServer } from "../../server/test/start-server.ts";
import { violationsIn } from "./axe.ts";
import { openPage, withoutBrowser } from "./browser.ts";
import { message, replied, said } from "./chat-page.ts";
import { HOSTILE } from "./hostile-markdown.ts";

const skip = withoutBrowser;
let server: Awaited<ReturnType<typeof startServer>>;
before(async () => {
  server = await startServer();
});
after(() => server[Symbol.asyncDispose]());

const fenced = (language: string, text: string) => `\`\`\`\`${language}\n${text}\n\`\`\`\``;
const drawing = (colour: string) =>
  `<svg viewBox="0 0 200 100" xmlns="http://www.w3.org/2000/svg">\n<title>Tide curve</title>\n<rect width="200" height="90" fill="${colour}"/>\n</svg>`;
const TABLE = 'Day,Low water,Height\nSaturday,12:31,"0,9"\nSunday,13:10,1.2\nMonday,13:52,1.6';
const PROGRAM = Array.from({ length: 20 }, (_, line) => `print(${line})`).join("\n");
const GUIDE = `# A guide\n\nFirst **this**.\n\n- one\n- two\n\n| a | b |\n| - | - |\n| 1 | 2 |`;

async function conversation(replies: readonly string[]): Promise<string> {
  const client = createClient({ baseUrl: server.url, token: "local" });
  const { id } = await client.conversations.create({ title: "Documents" });
  for (const content of replies) await client.messages.add(id, { role: "assistant", content });
  return `c/${id}`;
}

const panel = (page: Page): Locator => page.getByRole("complementary", { name: "Document" });
const drawn = (page: Page) => page.frameLocator('iframe[title^="Preview"]');
/** By keyboard: what is formatted late moves what the mouse is on. */
async function press(button: Locator): Promise<void> {
  await button.focus();
  await button.press("Enter");
}

const links = (page: Page): Locator => page.locator("button[data-artifact]");

test("a drawing opens beside the conversation by keyboard, with its versions and what has changed, and Escape leads back", {
  skip,
}, async () => {
  const path = await conversation([
    `Here.\n\n${fenced("svg", drawing("#dddddd"))}`,
    `Another thing.\n\n${fenced("csv", TABLE)}`,
    `Green now.\n\n${fenced("svg", drawing("#d5e8dc"))}`,
  ]);
  await using opened = await openPage(server.url, path);
  const { page, problems } = opened;
  const link = page.getByRole("button", { name: /Tide curve.*4 lines/ });
  await link.nth(1).focus();
  await page.keyboard.press("Enter");
  await panel(page).getByRole("heading", { name: "Tide curve" }).waitFor();
  assert.equal(await link.nth(1).getAttribute("aria-expanded"), "true");
  await drawn(page).locator('rect[fill="#d5e8dc"]').waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), "Tide curve");

  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await drawn(page).locator('rect[fill="#dddddd"]').waitFor();
  assert.equal(await link.nth(0).getAttribute("aria-expanded"), "true");
  assert.equal(await panel(page).getByRole("tab").count(), 2);
  await panel(page).getByRole("button", { name: "Next version" }).click();
  await panel(page).getByRole("tab", { name: "Preview" }).focus();
  await page.keyboard.press("ArrowRight");
  await panel(page).getByRole("region", { name: "Code" }).getByText("<title>Tide curve").waitFor();
  await page.keyboard.press("ArrowRight");
  assert.match((await panel(page).locator("del").textContent()) ?? "", /− .*#dddddd/);
  assert.match((await panel(page).locator("ins").textContent()) ?? "", /\+ .*#d5e8dc/);
  assert.deepEqual(await violationsIn(page), []);

  await page.keyboard.press("Escape");
  await panel(page).waitFor({ state: "detached" });
  assert.ok(await link.nth(1).evaluate((element) => element === document.activeElement));
  assert.deepEqual(problems, []);
});

test("tables, texts, web pages and long program texts open as what they are; copied and saved as they were written", {
  skip,
}, async () => {
  const page1 = `<!doctype html>\n<title>Hello there</title>\n<style>p { color: rgb(1, 2, 3) }</style>\n<p id="told">Told</p>`;
  const path = await conversation([
    [
      fenced("csv", TABLE),
      fenced("md", GUIDE),
      fenced("html", page1),
      fenced("python", PROGRAM),
    ].join("\n\nand\n\n"),
    fenced("html", "<p>Short</p>"),
  ]);
  await using opened = await openPage(server.url, path, {
    permissions: ["clipboard-read", "clipboard-write"],
  });
  const { page, problems } = opened;
  await press(page.getByRole("button", { name: /^Table.*4 lines/ }));
  const cells = panel(page).getByRole("row").nth(1).getByRole("cell");
  await cells.first().waitFor();
  assert.deepEqual(await cells.allInnerTexts(), ["Saturday", "12:31", "0,9"]);
  assert.deepEqual(await violationsIn(page), []);
  await press(page.getByRole("button", { name: /^A guide/ }));
  await panel(page).getByRole("cell", { name: "2" }).waitFor();
  assert.deepEqual(await violationsIn(page), []);
  await press(page.getByRole("button", { name: /^Hello there/ }));
  const told = drawn(page).locator("#told");
  assert.equal(await told.evaluate((element) => getComputedStyle(element).color), "rgb(1, 2, 3)");
  await panel(page).getByRole("button", { name: "Copy" }).click();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), page1);
  const saving = page.waitForEvent("download");
  await panel(page).getByRole("button", { name: "Download the code" }).click();
  const saved = await saving;
  assert.equal(saved.suggestedFilename(), "Hello there.html");
  assert.equal(await readFile(await saved.path(), "utf8"), page1);
  await press(page.getByRole("button", { name: "Open beside the conversation" }));
  await panel(page).getByRole("region", { name: "Code" }).getByText("print(19)").waitFor();
  assert.equal(await panel(page).getByRole("tab").count(), 1);
  assert.deepEqual(await violationsIn(page), []);
  // A short one stands in the reply as before.
  assert.equal(await said(page, "<p>Short</p>").locator("figure").count(), 1);
  assert.deepEqual(problems, []);
});

test("on a phone a document covers the page and keeps the focus; Escape gives it back; nothing scrolls sideways at 320 px", {
  skip,
}, async () => {
  const path = await conversation([
    fenced("svg", drawing("#dddddd")),
    fenced("svg", drawing("#111111")),
  ]);
  for (const width of [390, 320]) {
    await using opened = await openPage(server.url, path, {
      viewport: { width, height: 700 },
      reducedMotion: "reduce",
    });
    const { page } = opened;
    await links(page).last().focus();
    await page.keyboard.press("Enter");
    const cover = page.getByRole("dialog", { name: "Document" });
    await drawn(page).locator("rect").waitFor();
    const box = await cover.boundingBox();
    assert.deepEqual([box?.x, box?.y, box?.width, box?.height], [0, 0, width, 700]);
    for (let count = 0; count < 12; count++) {
      await page.keyboard.press("Tab");
      assert.ok(
        // After its last element the focus is the browser's own for a moment.
        await cover.evaluate((element) => {
          const { activeElement } = document;
          return activeElement === document.body || element.contains(activeElement);
        }),
        `${count}: ${await page.evaluate(() => document.activeElement?.outerHTML.slice(0, 200))}`,
      );
    }
    const isWide = () => document.documentElement.scrollWidth > innerWidth;
    assert.equal(await page.evaluate(isWide), false);
    assert.deepEqual(await violationsIn(page), []);
    await cover.getByRole("tab", { name: "Preview" }).focus();
    await page.keyboard.press("Escape");
    await cover.waitFor({ state: "detached" });
    await page.waitForFunction(() => document.activeElement?.hasAttribute("data-artifact"));
  }
});

test("a document that is being written can be opened, and stays open as a part of the stored reply", {
  skip,
}, async () => {
  await using opened = await openPage(server.url);
  const { page, problems } = opened;
  const whole = `Look:\n\n${fenced("svg", drawing("#123456"))}\n\nDone.`;
  const pieces = whole.split(/(?<=\n)/);
  server.model.next({
    pieces,
    hold: pieces.indexOf('<rect width="200" height="90" fill="#123456"/>\n'),
  });
  await message(page).click();
  await page.keyboard.type("Draw.");
  await page.keyboard.press("Enter");
  await server.model.held();
  await press(page.getByRole("button", { name: /Tide curve.*being written/ }));
  await panel(page).getByRole("heading", { name: "Tide curve" }).waitFor();
  server.model.release();
  await drawn(page).locator('rect[fill="#123456"]').waitFor();
  await replied(page);
  await page.getByRole("button", { name: /Tide curve.*4 lines.*open beside/ }).waitFor();
  await drawn(page).locator('rect[fill="#123456"]').waitFor();
  await page.getByRole("link", { name: "New conversation" }).click();
  await panel(page).waitFor({ state: "detached" });
  assert.deepEqual(problems, []);
});

/** A definition of a link, which makes one block of a reply, so that it has no documents. */
const DEFINITION = /^ {0,3}\[[^\]\n]+\]:/m;
/** So many replies to a conversation. */
const GROUP = 24;
const KINDS = ["html", "svg", "md"] as const;
/** Markdown beside a reply is formatted as a reply is, which hostile-markdown.test.ts tries with every text. */
const MARKDOWN_EVERY = 4;
const kindsOf = (index: number) =>
  KINDS.filter((kind) => kind !== "md" || index % MARKDOWN_EVERY === 0);

const documentOf = (kind: (typeof KINDS)[number], text: string, index: number): string => {
  const end = `<p id="end${index}">end</p>`;
  if (kind === "html") return `<!doctype html>\n${text}\n${end}`;
  if (kind === "svg") return `<svg viewBox="0 0 9 9">\n${text}\n</svg>\n${end}`;
  return `# Text ${index}\n\n${text}\n${"\nline\n".repeat(4)}`;
};

test("more than 150 hostile documents run nothing and call nobody", { skip }, async () => {
  let calls = 0;
  await using host = createServer();
  host.on("connection", (socket) => {
    calls += 1;
    socket.destroy();
  });
  await once(host.listen(0, "127.0.0.1"), "listening");
  const address = `http://127.0.0.1:${(host.address() as AddressInfo).port}`;
  const texts = HOSTILE.filter((text) => !DEFINITION.test(text)).map((text) =>
    text
      .replaceAll("https://attacker.invalid", address)
      .replaceAll("attacker.invalid", address.slice(7)),
  );
  assert.ok(texts.flatMap((_, index) => kindsOf(index)).length > 150);
  await using opened = await openPage(server.url);
  const { page } = opened;
  const strange: string[] = [];
  page.on("dialog", (dialog) => {
    strange.push(dialog.message());
    void dialog.dismiss();
  });
  page.context().on("page", (other) => strange.push(other.url()));
  const open = (link: number) =>
    links(page)
      .nth(link)
      .evaluate((element: HTMLButtonElement) => element.click());

  async function check(kind: (typeof KINDS)[number], index: number): Promise<void> {
    const about = `${kind}: ${texts[index]}`;
    if (kind === "md") {
      const shown = panel(page).locator("article");
      await shown.locator("h3", { hasText: new RegExp(`^Text ${index}$`) }).waitFor();
      await shown
        .locator("p", { hasText: /^line$/ })
        .last()
        .waitFor();
      const foreign = "script, iframe, object, embed, link, img, [onerror], [onload], [srcdoc]";
      assert.equal(await shown.locator(foreign).count(), 0, about);
      return;
    }
    await drawn(page).locator(`#end${index}`).waitFor({ state: "attached" });
    const frame = page.frames().find((one) => one.url().endsWith("/app/preview"));
    assert.ok(frame, about);
    const seen = await frame.evaluate(
      "[globalThis.hit, document.querySelectorAll('script,iframe,object,embed,link,base,meta').length]",
    );
    assert.deepEqual(seen, [undefined, 0], about);
  }

  for (let from = 0; from < texts.length; from += GROUP) {
    const group = texts.slice(from, from + GROUP);
    const replies = group.map((text, index) =>
      kindsOf(from + index)
        .map((kind) => fenced(kind, documentOf(kind, text, from + index)))
        .join("\n\n"),
    );
    const documents = group.flatMap((_, index) =>
      kindsOf(from + index).map((kind) => [kind, from + index] as const),
    );
    await page.goto(`${server.url}/app/${await conversation(replies)}`);
    await links(page)
      .nth(documents.length - 1)
      .waitFor({ state: "attached" });
    for (const [link, [kind, index]] of documents.entries()) {
      await open(link);
      await check(kind, index);
    }
    assert.equal(await page.evaluate("globalThis.hit"), undefined);
  }
  assert.equal(calls, 0);
  const refused = /Content Security Policy/;
  assert.deepEqual(
    [...strange, ...opened.problems.filter((problem) => !refused.test(problem))],
    [],
  );
});

test("the frame of documents has an origin of its own, runs one script, loads nothing and is held by our pages alone", async () => {
  const { headers } = await fetch(`${server.url}/app/preview`);
  const policy = new Map(
    (headers.get("content-security-policy") ?? "").split("; ").map((directive) => {
      const [name = "", ...rest] = directive.split(" ");
      return [name, rest.join(" ")] as const;
    }),
  );
  assert.equal(policy.get("default-src"), "'none'");
  assert.match(policy.get("script-src") ?? "", /^'sha256-[A-Za-z0-9+/]{43}='$/);
  assert.equal(policy.get("sandbox"), "allow-scripts");
  assert.match(policy.get("frame-ancestors") ?? "", /^'self'/);
  for (const name of ["img-src", "font-src", "media-src"]) assert.equal(policy.get(name), "data:");
  for (const name of ["connect-src", "frame-src", "worker-src"]) assert.ok(!policy.has(name));
});
