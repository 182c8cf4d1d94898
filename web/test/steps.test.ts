// Replies of models that use tools, on the page: each call is a folded row that opens to exactly what was sent and what
// came back, and the pages that a reply is from stand numbered under it, live and after a reload.
import assert from "node:assert/strict";
import type { RequestListener } from "node:http";
import { after, before, beforeEach, test } from "node:test";
import { startServer } from "../../server/test/start-server.ts";
import { answering, asking, watchedTool } from "../../server/test/tool-steps.ts";
import { startSite } from "../../server/test/web-site.ts";
import { violationsIn } from "./axe.ts";
import { openPage, withoutBrowser } from "./browser.ts";
import { replied, said, send } from "./chat-page.ts";

const skip = withoutBrowser;
const HOSTILE = "<img src=x onerror=alert(1)>\u202Egnp.exe";
const HITS = [
  { title: "Tea leaves", url: "https://tea.example/leaves?x=1", content: "All of it" },
  { title: "شاي أخضر", url: "http://xn--mgbh0fb.example:8080/", content: "" },
  { title: "Steals", url: "javascript:alert(1)", content: "" },
  { title: "The same again", url: "https://tea.example/leaves?x=1", content: "" },
];
const found: RequestListener = (_request, response) =>
  response.end(JSON.stringify({ results: HITS }));

const look = watchedTool("look", { run: async () => `${"line\n".repeat(2_000)}${HOSTILE}\u0000` });
const held = watchedTool("held");
const mail = watchedTool("send_mail", { source: "mail", effect: "writes", asks: true });
const cites = {
  ...look.tool,
  name: "cites",
  run: async () => ({
    text: "One",
    sources: [{ title: `\u202E${HOSTILE}`, url: "https://hostile.example/#<b>" }],
  }),
};
const fails = {
  ...look.tool,
  name: "fails",
  run: () => Promise.reject(new Error("no")),
};
let engine: Awaited<ReturnType<typeof startSite>>;
let server: Awaited<ReturnType<typeof startServer>>;
before(async () => {
  engine = await startSite(found, "127.0.0.1");
  server = await startServer({
    environment: { TOOLS: "now,web_search", SEARXNG_URL: `${engine.url}/` },
    tools: [look.tool, held.tool, mail.tool, cites, fails],
  });
});
after(async () => {
  await server?.[Symbol.asyncDispose]();
  engine?.[Symbol.dispose]();
});
beforeEach(() => server.model.forget());

test("[H82] the pages that a search found stand numbered under the answer, live and after a reload; foreign titles are text", {
  skip,
}, async () => {
  await using opened = await openPage(server.url);
  const { page } = opened;
  server.model.next(
    asking([{ name: "web_search", given: { query: "tea" } }]),
    asking([{ name: "cites" }]),
    { text: "Here is tea", hold: 1 },
  );
  await send(page, "Search for tea");
  const links = page.getByRole("list", { name: "Sources" }).getByRole("link");
  const shown = async () => {
    await links.nth(2).waitFor();
    const told = await links.evaluateAll((all) =>
      all.map((link) => ({
        text: Array.from(
          link.querySelectorAll("a > span:first-child, b, small"),
          ({ textContent }) => textContent,
        ).join(" | "),
        href: link.getAttribute("href"),
        target: link.getAttribute("target"),
        rel: link.getAttribute("rel"),
        direction: getComputedStyle(link.querySelector("b") as Element).direction,
      })),
    );
    const [first, second, third, ...rest] = told;
    assert.equal(rest.length, 0, "an address that is not of the web, and one twice, are left out");
    assert.equal(first?.text, "1 | Tea leaves | tea.example");
    assert.equal(third?.text, "3 | <img src=x onerror=alert(1)> gnp.exe | hostile.example");
    assert.equal(second?.text, "2 | شاي أخضر | xn--mgbh0fb.example:8080");
    assert.deepEqual([first?.href, second?.href], [HITS[0]?.url, HITS[1]?.url]);
    assert.deepEqual([first?.direction, second?.direction], ["ltr", "rtl"]);
    for (const { target, rel } of told)
      assert.deepEqual([target, rel], ["_blank", "noopener noreferrer nofollow"]);
    assert.equal(await page.locator("img[src=x]").count(), 0);
  };
  await shown();
  await said(page, "Here").waitFor();
  server.model.release();
  await said(page, "Here is tea").waitFor();
  await replied(page);
  await shown();
  await page.getByRole("button", { name: /^web_search built in/u }).press("Enter");
  await page.locator("article pre").nth(1).waitFor();
  assert.deepEqual(await violationsIn(page), []);
  await page.reload();
  await said(page, "Here is tea").waitFor();
  await shown();
  assert.deepEqual(opened.problems, []);
});

test("[H27] a call is a folded row with its state, which opens by keyboard to exactly what was sent and came back", {
  skip,
}, async () => {
  await using opened = await openPage(server.url);
  const { page } = opened;
  const letGo = held.hold();
  const given = `{"text": "${HOSTILE}"}`;
  server.model.next(
    asking([
      { name: "look", given },
      { name: "held", given: {} },
      { name: "fails", given: { n: 3 } },
      { name: HOSTILE.slice(0, 28), given: "nothing" },
    ]),
    answering("All is done."),
  );
  await send(page, "Use them");
  const rows = page.getByRole("list", { name: "Tools used" }).getByRole("button");
  const states = () => rows.evaluateAll((all) => all.map((row) => row.getAttribute("data-state")));
  await rows.and(page.locator("[data-state=ok]")).waitFor();
  await rows.and(page.locator("[data-state=running]")).waitFor();
  letGo();
  await said(page, "All is done.").waitFor();
  await replied(page);
  assert.deepEqual(await states(), ["ok", "ok", "failed", "failed"]);

  const texts = page.getByRole("article").locator("pre");
  const loads: string[] = [];
  page.on("request", (request) => loads.push(request.url()));
  for (const isReloaded of [false, true]) {
    if (isReloaded) await page.reload();
    await said(page, "All is done.").waitFor();
    await rows.first().waitFor();
    assert.deepEqual(await states(), ["ok", "ok", "failed", "failed"]);
    assert.match((await rows.first().textContent()) ?? "", /^look\s+test\s+done$/u);
    assert.equal(await texts.count(), 0);
    await rows.first().focus();
    await page.keyboard.press("Enter");
    await texts.nth(1).waitFor();
    const [sent = "", came = ""] = await texts.allTextContents();
    assert.equal(sent, given.replace("\u202E", "\\u{202E}"));
    assert.equal(
      came.replace(/^(?:line\n){2000}/u, ""),
      `${HOSTILE.replace("\u202E", "\\u{202E}")}\uFFFD`,
    );
    assert.equal(await page.locator("img[src=x]").count(), 0);
    const { height = 0 } = (await texts.nth(1).boundingBox()) ?? {};
    assert.ok(height > 0 && height <= 300, `${height} pixels`);
    assert.equal(await rows.first().getAttribute("aria-expanded"), "true");
    await page.keyboard.press("Enter");
    assert.equal(await texts.count(), 0);
  }
  const whole = loads.filter((url) => /\/messages\/[\w-]{36}\?parts=1$/u.test(url));
  assert.equal(whole.length, 1, "results are loaded when one is opened, and once");
  assert.ok(loads.some((url) => url.includes("parts=steps")));
  assert.deepEqual(opened.problems, []);
});

test("[H50] a row says that its call waits, and then that it was declined; in Arabic it fits a narrow page", {
  skip,
}, async () => {
  await using opened = await openPage(server.url, "", {
    locale: "ar",
    viewport: { width: 320, height: 640 },
  });
  const { page } = opened;
  server.model.next(asking([{ name: "send_mail", given: { n: 1 } }]), answering("Then not."));
  await page.locator("textarea[data-composer]").fill("Mail it");
  await page.keyboard.press("Enter");
  await page.locator("[data-state=waiting]").waitFor();
  await page.getByRole("button", { name: "رفض" }).press("Enter");
  await page.getByText("Then not.", { exact: true }).waitFor();
  const row = page.locator("[data-state=declined]");
  await row.press("Enter");
  await page.getByText('{"n":1}', { exact: true }).waitFor();
  assert.match((await row.textContent()) ?? "", /^send_mail mail\s+مرفوض$/u);
  const isTooWide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  assert.equal(isTooWide, false);
  assert.deepEqual(await violationsIn(page), []);
  assert.equal(mail.inputs.length, 0);
  assert.deepEqual(opened.problems, []);
});
