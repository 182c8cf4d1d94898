// A link to a conversation, from the window that makes it to the page that it opens; and the conversation on paper.
// Takes: 20 s
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createClient } from "@colloquy/client";
import type { Page, Request } from "playwright-core";
import { startServer } from "../../server/test/start-server.ts";
import { violationsIn } from "./axe.ts";
import { NEW_PROFILE, openPage, withoutBrowser } from "./browser.ts";
import { listed, messages, said } from "./chat-page.ts";
import { HOSTILE } from "./hostile-markdown.ts";
import { longConversation, seed } from "./seed.ts";

const skip = withoutBrowser;
const COUNT = 200;
let server: Awaited<ReturnType<typeof startServer>>;
before(async () => {
  server = await startServer({ builtIn: true, environment: { SHARE_LINKS: "true" } });
});
after(() => server[Symbol.asyncDispose]());

const clientOf = () => createClient({ baseUrl: server.url, token: "local" });

async function conversationOf(title: string, ...texts: readonly string[]) {
  const client = clientOf();
  const { id } = await client.conversations.create({ title });
  for (const [index, content] of texts.entries())
    await client.messages.add(id, { role: index % 2 ? "assistant" : "system", content });
  return { client, id };
}

/** By how much something is wider than the view. */
const overflowOf = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - innerWidth);

/** What a page asks for that is neither its own files nor what the link shows. */
function watchRequests(page: Page): string[] {
  const strange: string[] = [];
  page.context().on("request", (request: Request) => {
    const { pathname, origin } = new URL(request.url());
    const isOwn =
      origin === server.url && /^\/app\/(?!image|preview)|^\/v1\/chat\/shared\//.test(pathname);
    if (!isOwn || request.headers().authorization !== undefined)
      strange.push(`${request.resourceType()} ${request.url()}`);
  });
  page.on("dialog", (dialog) => {
    strange.push(`dialog ${dialog.message()}`);
    void dialog.dismiss();
  });
  return strange;
}

test("[H41] a link is made by keyboard, opens a page without signing in, and opens nothing once it is revoked", {
  skip,
}, async () => {
  const { client, id } = await conversationOf("Tides");
  await client.messages.send(id, { content: "Why do **tides** rise?" });
  await using opened = await openPage(server.url, `c/${id}`);
  const { page } = opened;
  await said(page, "You said: Why").waitFor();
  await page.getByRole("button", { name: "Share this conversation" }).focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("combobox", { name: "The link works for" }).waitFor();
  await page.keyboard.type("7 days");
  assert.deepEqual(await violationsIn(page), []);
  await dialog.getByRole("button", { name: "Make a link" }).focus();
  await page.keyboard.press("Enter");
  const link = dialog.getByRole("textbox", { name: "Link" });
  const address = await link.inputValue();
  assert.match(address, /\/app\/shared\/[\w-]{43}$/);
  assert.ok(!address.includes(id));
  const [share] = await client.shares.list();
  const days = (Date.parse(share?.expires_at ?? "") - Date.now()) / 86_400_000;
  assert.ok(days > 6.9 && days <= 7, `${days}`);
  assert.deepEqual(await violationsIn(page), []);
  await page.keyboard.press("Escape");
  await client.messages.send(id, { content: "A question of later" });

  await using stranger = await openPage(server.url, "", NEW_PROFILE);
  await stranger.page.goto("about:blank");
  const strange = watchRequests(stranger.page);
  const answer = await stranger.page.goto(address);
  assert.equal(answer?.headers()["x-robots-tag"], "noindex, nofollow");
  assert.equal(answer?.headers()["referrer-policy"], "no-referrer");
  await stranger.page.getByRole("heading", { level: 1, name: "Tides" }).waitFor();
  const main = stranger.page.getByRole("main");
  await main.getByText("You said: Why do tides rise?").waitFor();
  assert.equal(await main.getByRole("strong").textContent(), "tides");
  assert.equal(await main.getByText("A question of later").count(), 0);
  assert.equal(await stranger.page.locator("nav, a, textarea, button").count(), 0);
  assert.deepEqual(await violationsIn(stranger.page), []);
  await stranger.page.setViewportSize({ width: 320, height: 640 });
  assert.equal(await overflowOf(stranger.page), 0);

  await page.goto(`${server.url}/app/links`);
  const row = page.getByRole("listitem").filter({ hasText: "Tides" });
  await row.getByRole("button", { name: "Revoke the link to “Tides”" }).focus();
  assert.deepEqual(await violationsIn(page), []);
  await page.keyboard.press("Enter");
  await page.getByText("You have not shared anything").waitFor();
  await stranger.page.reload();
  await stranger.page.getByRole("heading", { name: "This link does not work" }).waitFor();
  assert.deepEqual(await violationsIn(stranger.page), []);
  assert.deepEqual(strange, []);
  assert.deepEqual([...opened.problems, ...stranger.problems], []);
});

test(`[H42] ${HOSTILE.length} hostile texts and a hostile title on the page of a link: nothing runs, nothing is loaded from elsewhere`, {
  skip,
}, async () => {
  const title = `<img src=x onerror=window.hit=1>`;
  const at = Date.now();
  const roles = ["user", "assistant"] as const;
  // Each of them as a question and as an answer.
  const texts = HOSTILE.flatMap((content) => roles.map((role) => ({ role, content })));
  const said = texts.map((one, index) => ({ ...one, id: `m${index}`, timestamp: at + index }));
  await seed(server.url, [{ id: "hostile", title, createdAt: at, messages: said }]);
  const client = clientOf();
  const { items } = await client.conversations.list();
  const id = items.find((one) => one.title === title)?.id ?? "";
  const { token } = await client.shares.create(id);
  await using stranger = await openPage(server.url, "", NEW_PROFILE);
  const { page } = stranger;
  // The page that was open first asks for nothing more.
  await page.goto("about:blank");
  const strange = watchRequests(page);
  await page.goto(`${server.url}/app/shared/${token}`);
  const articles = page.getByRole("article");
  await articles.first().waitFor();
  const count = texts.length;
  for (let at = 0; at < count; at = await articles.count()) {
    const before = at;
    await articles.last().scrollIntoViewIfNeeded();
    if ((await articles.count()) >= count) break;
    await page.waitForFunction((few) => document.querySelectorAll("article").length > few, before);
  }
  await page.waitForFunction(() => !document.querySelector("[aria-busy=true]"));
  assert.equal(await articles.count(), count);
  assert.equal(await page.getByRole("heading", { level: 1 }).textContent(), title);
  const foreign = await page
    .getByRole("main")
    .evaluate((main) =>
      [...main.querySelectorAll("*")]
        .filter(
          (element) =>
            /^(?:script|style|link|meta|base|iframe|object|embed|form|img|image|video|audio|use|marquee|input)$/.test(
              element.localName,
            ) || [...element.attributes].some(({ name }) => name.startsWith("on")),
        )
        .map(({ outerHTML }) => outerHTML),
    );
  assert.deepEqual(foreign, []);
  assert.equal(await page.evaluate(() => (window as unknown as { hit?: unknown }).hit), undefined);
  assert.deepEqual(strange, []);
  assert.deepEqual(stranger.problems, []);
});

test("a reply's menu shares the conversation up to that reply", { skip }, async () => {
  const { client, id } = await conversationOf("Moon");
  await client.messages.send(id, { content: "First" });
  await client.messages.send(id, { content: "Second" });
  await using opened = await openPage(server.url, `c/${id}`);
  const { page } = opened;
  const reply = said(page, "You said: First");
  await reply.getByRole("button", { name: "More about this reply" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("menuitem", { name: "Share up to here" }).waitFor();
  await page.keyboard.type("Share");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").getByRole("button", { name: "Make a link" }).focus();
  await page.keyboard.press("Enter");
  const address = await page.getByRole("textbox", { name: "Link" }).inputValue();
  const shown = await client.shares.read(address.split("/").at(-1) ?? "");
  assert.deepEqual(
    shown.messages.map(({ content }) => content),
    ["First", "You said: First"],
  );
  assert.deepEqual(opened.problems, []);
});

test("the key for printing prints the whole conversation, not only what is in view, and no control", {
  skip,
}, async () => {
  await seed(server.url, [longConversation(COUNT)]);
  await using opened = await openPage(server.url, "", NEW_PROFILE);
  const { page } = opened;
  // The system's window for printing would stop the page.
  await page.addInitScript("window.print = () => { window.isPrinting = true; }");
  await page.reload();
  await listed(page, "A long conversation").click();
  await said(page, `Reply ${COUNT - 1}`).waitFor();
  assert.equal((await messages(page).count()) < COUNT, true, "only what is in view is there");
  await page.keyboard.press("Control+p");
  await page.waitForFunction(() => "isPrinting" in window);
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  const sheet = page.locator("[data-print-sheet]");
  assert.equal(await page.locator("#root").isVisible(), false);
  const text = (await sheet.textContent()) ?? "";
  for (let index = 0; index < COUNT; index++)
    assert.match(text, new RegExp(`${index % 2 ? "Reply" : "Message"} ${index}\\D`));
  assert.match(text, /^A long conversation/);
  const visible = await page
    .locator("button, textarea, input, nav")
    .evaluateAll((elements) => elements.filter((element) => element.checkVisibility()).length);
  assert.equal(visible, 0);
  assert.equal(await sheet.locator("strong").count(), COUNT / 2);
  const colour = await sheet.evaluate((element) => getComputedStyle(element).color);
  const lightness = Number(/^oklch\(([\d.]+)/.exec(colour)?.[1]);
  assert.ok(lightness < 0.3, `ink on paper, also where the page is dark: ${colour}`);
  await page.evaluate(() => dispatchEvent(new Event("afterprint")));
  await sheet.waitFor({ state: "detached" });
  await page.emulateMedia({ media: "screen" });
  await page.getByRole("textbox", { name: "Message" }).waitFor();
  assert.deepEqual(opened.problems, []);
});
