// The main pages in Arabic and in Japanese: nothing is left in English, the direction is right, and all of it fits a phone.
// Takes: 20 s
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import type { Page } from "playwright-core";
import { startServer } from "../../server/test/start-server.ts";
import { violationsIn } from "./axe.ts";
import { openPage, withoutBrowser } from "./browser.ts";
import { conversationOf } from "./seed.ts";

const skip = withoutBrowser;
let server: Awaited<ReturnType<typeof startServer>>;
before(async () => {
  server = await startServer({ builtIn: true, environment: { SHARE_LINKS: "true" } });
});
after(() => server[Symbol.asyncDispose]());

type Words = { readonly [name: string]: string | Words };
const wordsOf = (language: string): Words =>
  JSON.parse(readFileSync(new URL(`../src/i18n/${language}.json`, import.meta.url), "utf8"));

const flat = (words: Words, prefix = ""): [string, string][] =>
  Object.entries(words).flatMap(([name, value]) =>
    typeof value === "string"
      ? [[`${prefix}${name}`, value] satisfies [string, string]]
      : flat(value, `${prefix}${name}.`),
  );

/** What is shown or read out, piece by piece. */
const shownTexts = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const texts: string[] = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_ALL);
    for (let node = walker.nextNode(); node; node = walker.nextNode())
      if (node instanceof Element)
        for (const name of ["aria-label", "placeholder", "title"])
          texts.push(node.getAttribute(name) ?? "");
      else texts.push(node.nodeValue ?? "");
    return texts.map((text) => text.trim()).filter(Boolean);
  });

for (const [language, direction] of [
  ["ar", "rtl"],
  ["ja", "ltr"],
] as const)
  test(`the main pages in ${language}: every word is of that language, they run ${direction} and fit into 320 px`, {
    skip,
  }, async () => {
    const own = new Map(flat(wordsOf(language)));
    const english = flat(wordsOf("en"));
    const foreign = new Set(
      english.filter(([name, text]) => own.get(name) !== text).map(([, text]) => text),
    );
    for (const text of own.values()) foreign.delete(text);
    const names = new Set([...own.keys(), ...english.map(([name]) => name)]);
    const word = (name: string): string => own.get(name) ?? assert.fail(name);
    const { path, title } = await conversationOf(server.url, 4);

    await using opened = await openPage(server.url, "", { locale: language });
    const { page } = opened;
    const look = async (place: string) => {
      const texts = await shownTexts(page);
      assert.deepEqual(
        texts.filter((text) => foreign.has(text) || names.has(text)),
        [],
        place,
      );
      assert.equal(await page.evaluate(() => document.documentElement.dir), direction);
      assert.equal(await page.evaluate(() => document.documentElement.lang), language);
      await page.setViewportSize({ width: 320, height: 640 });
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(over <= 0, `${place} is ${over} px too wide`);
      await page.setViewportSize({ width: 1280, height: 720 });
      // What axe looks at differs from English by the direction alone.
      if (direction === "rtl") assert.deepEqual(await violationsIn(page), [], place);
    };
    await page.getByRole("textbox", { name: word("chat.message") }).waitFor();
    // A title fades where it ends, which its own direction says and not that of the page.
    const fade = await page
      .getByRole("link", { name: title })
      .locator(".fade-end")
      .evaluate((element) => getComputedStyle(element).maskImage);
    assert.match(fade, /to right/);
    await look("the beginning");
    await page.goto(`${server.url}/app/${path}`);
    await page.getByText("Reply 3").waitFor();
    await look("a conversation");
    await page.getByRole("button", { name: word("share.conversation") }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: word("share.make") }).waitFor();
    await look("the window that makes a link");
    for (const [place, heading] of [
      ["agents", "agents.title"],
      ["keys", "keys.title"],
      ["sources", "sources.title"],
      ["links", "share.yours"],
      ["archived", "archive.title"],
      ["settings", "settings.general"],
      ["settings/memory", "memory.title"],
    ] as const) {
      await page.goto(`${server.url}/app/${place}`);
      await page
        .getByRole("heading", { name: word(heading), exact: true })
        .first()
        .waitFor();
      await look(place);
    }
    assert.deepEqual(opened.problems, []);
  });
