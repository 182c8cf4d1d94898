// The chat pages for everybody: by keyboard, by ear, from right to left, on a phone, in another language.
// Takes: 30 s
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createClient } from "@colloquy/client";
import { eventually } from "../../server/test/cli-runner.ts";
import { startServer } from "../../server/test/start-server.ts";
import { violationsIn } from "./axe.ts";
import { openPage, withoutBrowser } from "./browser.ts";
import { listed, message, messages, replied, said, send } from "./chat-page.ts";

const skip = withoutBrowser;
const EVERYTHING = [
  "# Tides\n\nThe *Moon* pulls, `so`:\n\n1. near\n2. far\n\n- [x] done\n\n",
  "```ts\nconst a: number = 1; // one\n```\n\n| Body | Force |\n| --- | ---: |\n| Moon | 1 |\n\n",
  "> And $x^2$.\n\n$$\nx = 1\n$$\n\n![chart](https://example.org/a.png), [a link](https://example.org)",
];
let server: Awaited<ReturnType<typeof startServer>>;
before(async () => {
  server = await startServer();
});
after(() => server[Symbol.asyncDispose]());

const heard = (page: Parameters<typeof message>[0], text: string | RegExp) =>
  page.getByRole("main").getByRole("status").filter({ hasText: text });

test("axe finds nothing in a conversation, its menus, a search, the windows and the agents, light and dark", {
  skip,
}, async () => {
  await using opened = await openPage(server.url);
  const { page } = opened;
  await message(page).waitFor();
  assert.deepEqual(await violationsIn(page), [], "the beginning");

  server.model.next({ pieces: EVERYTHING });
  await send(page, "Why are there tides?");
  await replied(page);
  await page.locator(".hljs-keyword").waitFor();
  await page.locator(".katex").first().waitFor();
  assert.deepEqual(await violationsIn(page), [], "a conversation");

  await messages(page).first().hover();
  await messages(page).first().getByRole("button", { name: "Edit" }).click();
  assert.deepEqual(await violationsIn(page), [], "an edited message");
  await page.keyboard.press("Escape");

  await page.getByRole("button", { name: "This conversation" }).click();
  await page.getByRole("menuitem", { name: "Rename" }).waitFor();
  assert.deepEqual(await violationsIn(page), [], "a menu");
  await page.getByRole("menuitem", { name: "Rename" }).click();
  await page.getByRole("dialog").waitFor();
  assert.deepEqual(await violationsIn(page), [], "renaming");
  await page.keyboard.press("Escape");

  await page.getByRole("combobox", { name: /^Model/ }).click();
  await page.getByRole("option").first().waitFor();
  assert.deepEqual(await violationsIn(page), [], "the models");
  await page.keyboard.press("Escape");

  await page.getByRole("searchbox", { name: "Search" }).fill("tides");
  await page.locator("mark").first().waitFor();
  assert.deepEqual(await violationsIn(page), [], "a search");

  for (const name of ["Keyboard shortcuts", "Import conversations"]) {
    await page.getByRole("button", { name: /settings and account/i }).click();
    await page.getByRole("menuitem", { name }).click();
    await page.getByRole("dialog", { name }).waitFor();
    assert.deepEqual(await violationsIn(page), [], name);
    await page.keyboard.press("Escape");
  }

  await page.getByRole("button", { name: /settings and account/i }).click();
  await page.getByRole("link", { name: "Agents" }).click();
  await page.getByRole("button", { name: "New agent" }).click();
  await page.getByRole("dialog", { name: "New agent" }).waitFor();
  assert.deepEqual(await violationsIn(page), [], "agents");
  assert.deepEqual(opened.problems, []);
});

test("everything is there by keyboard: begin, search, copy, answer again, list, settings of single keys", {
  skip,
}, async () => {
  await using opened = await openPage(server.url, "", {
    permissions: ["clipboard-read", "clipboard-write"],
  });
  const { page } = opened;
  await message(page).waitFor();
  await page.keyboard.type("By keyboard alone");
  await page.keyboard.press("Enter");
  await said(page, "Echo: By keyboard alone").waitFor();
  await replied(page);
  assert.ok(await message(page).evaluate((field) => field === document.activeElement));

  await page.getByRole("region", { name: "Messages" }).focus();
  await page.keyboard.press("c");
  await page.getByRole("button", { name: "Copied" }).waitFor();
  assert.equal(
    await page.evaluate(() => navigator.clipboard.readText()),
    "Echo: By keyboard alone",
  );
  server.model.next({ text: "Answered again." });
  await page.keyboard.press("r");
  await said(page, "Answered again.").waitFor();
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.getByRole("region", { name: "Messages" }).focus();
  await page.keyboard.press("n");
  await page.getByText("What would you like to talk through?").waitFor();
  await page.keyboard.press("Control+Shift+S");
  await listed(page, "By keyboard alone").waitFor({ state: "hidden" });
  await page.keyboard.press("Control+k");
  await page.keyboard.type("keyboard");
  const palette = page.getByRole("dialog", { name: "Find anything" });
  await palette.locator("mark").first().waitFor();
  await page.keyboard.press("Escape");
  await palette.waitFor({ state: "detached" });
  await page.keyboard.press("Control+Shift+S");

  await page.getByRole("button", { name: /settings and account/i }).press("Enter");
  await page.keyboard.press("Enter");
  await page.getByRole("switch", { name: /Single-letter/ }).press("Space");
  await page.getByRole("button", { name: "Close settings" }).press("Enter");
  await page.getByRole("button", { name: "Close the sidebar" }).focus();
  await page.keyboard.press("?");
  assert.equal(await page.getByRole("dialog").count(), 0);
  assert.deepEqual(opened.problems, []);
});

test("a screen reader hears that a reply comes and then what it was, never each word", {
  skip,
}, async () => {
  await using opened = await openPage(server.url);
  const { page } = opened;
  await message(page).waitFor();
  await page.evaluate(() => {
    const spoken: string[] = [];
    Object.assign(window, { spoken });
    new MutationObserver(() => {
      for (const region of document.querySelectorAll("main [role=status], main [aria-live]")) {
        const text = region.textContent?.trim() ?? "";
        if (text && spoken.at(-1) !== text) spoken.push(text);
      }
    }).observe(document.body, { subtree: true, childList: true, characterData: true });
  });
  server.model.next({ text: "The **Moon** pulls on `water` a little at a time.", gapMs: 20 });
  await send(page, "Say it");
  await heard(page, "Reply: The Moon pulls on water a little at a time.").waitFor();
  assert.deepEqual(await page.evaluate(() => (window as unknown as { spoken: string[] }).spoken), [
    "The reply is coming …",
    "Reply: The Moon pulls on water a little at a time.",
  ]);
});

test("text from right to left stands at the right, also beside text from left to right", {
  skip,
}, async () => {
  await using opened = await openPage(server.url);
  const { page } = opened;
  server.model.next({ pieces: ["مرحبا بالعالم\n\nHello world\n\n- שלום"] });
  await send(page, "سلام");
  await page.getByRole("listitem").filter({ hasText: "שלום" }).waitFor();
  const directionOf = (text: string) =>
    page
      .getByRole("region", { name: "Messages" })
      .getByText(text)
      .evaluate((element) => getComputedStyle(element).direction);
  assert.equal(await directionOf("سلام"), "rtl");
  assert.equal(await directionOf("مرحبا بالعالم"), "rtl");
  assert.equal(await directionOf("Hello world"), "ltr");
  assert.equal(await directionOf("שלום"), "rtl");
});

test("who wants less motion gets none", { skip }, async () => {
  await using opened = await openPage(server.url, "", { reducedMotion: "reduce" });
  const { page } = opened;
  server.model.next({ text: "late", hold: 0 });
  await send(page, "Wait");
  await page.getByRole("button", { name: "Stop the reply" }).waitFor();
  const running = await page.evaluate(
    () =>
      document.getAnimations().filter((animation) => {
        const { duration } = animation.effect?.getComputedTiming() ?? {};
        return typeof duration === "number" && duration > 1;
      }).length,
  );
  await server.model.held();
  server.model.release();
  assert.equal(running, 0);
  await replied(page);
});

test("on a phone the list lies over the page, and leaves when something is chosen", {
  skip,
}, async () => {
  await using opened = await openPage(server.url, "", {
    viewport: { width: 390, height: 844 },
    hasTouch: true,
    isMobile: true,
  });
  const { page } = opened;
  await message(page).fill("On a phone");
  await page.getByRole("button", { name: "Send" }).tap();
  await said(page, "Echo: On a phone").waitFor();
  await page.getByRole("button", { name: "Open the sidebar" }).tap();
  assert.deepEqual(await violationsIn(page), []);
  await page.getByRole("link", { name: "New conversation" }).tap();
  await page.getByText("What would you like to talk through?").waitFor();
  await page.getByRole("button", { name: "Open the sidebar" }).tap();
  await listed(page, "On a phone").tap();
  await said(page, "Echo: On a phone").waitFor();
  await listed(page, "On a phone").waitFor({ state: "hidden" });
  const isTooWide = await page.evaluate(
    () => document.documentElement.scrollWidth > document.documentElement.clientWidth,
  );
  assert.equal(isTooWide, false);
  assert.deepEqual(opened.problems, []);
});

test("German and dark, chosen in the settings, stay", { skip }, async () => {
  await using opened = await openPage(server.url);
  const { page } = opened;
  await page.getByRole("button", { name: /settings and account/i }).click();
  await page.getByRole("menuitem", { name: "Settings" }).click();
  await page.getByRole("group", { name: "Appearance" }).getByText("Dark").click();
  await page.getByRole("combobox", { name: "Language" }).selectOption("de");
  await page.getByRole("heading", { name: "Allgemein" }).waitFor();
  await page.goto(`${server.url}/app/`);
  await page.getByText("Worüber möchtest du sprechen?").waitFor();
  assert.equal(await page.locator("html").getAttribute("lang"), "de");
  const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  assert.match(background, /^oklch\(0\.213 /);
});

test("an agent is made, chosen, followed, changed and deleted", { skip }, async () => {
  await using opened = await openPage(server.url, "agents");
  const { page } = opened;
  await page.getByRole("button", { name: "New agent" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill("Tutor");
  await page.getByRole("textbox", { name: "Instructions" }).fill("Ask back, always.");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("heading", { name: "Tutor" }).waitFor();
  await page.getByRole("link", { name: "Talk to it" }).click();
  await page.getByRole("combobox", { name: "Agent: Tutor" }).waitFor();
  const asked = server.model.requests.length;
  await send(page, "Teach me");
  await replied(page);
  assert.match(JSON.stringify(server.model.requests[asked]?.body?.messages), /Ask back, always\./);
  const client = createClient({ baseUrl: server.url, token: "local" });
  const id = page.url().split("/").at(-1) ?? "";
  assert.ok((await client.conversations.get(id)).agent_id);

  await page.getByRole("combobox", { name: "Agent: Tutor" }).click();
  await page.getByRole("option", { name: "No agent" }).click();
  await page.getByRole("combobox", { name: "Agent: No agent" }).waitFor();
  // The page shows it before the server has answered.
  await eventually(async () => (await client.conversations.get(id)).agent_id === null);

  await page.getByRole("combobox", { name: "Agent: No agent" }).click();
  await page.getByRole("link", { name: /Manage agents/ }).click();
  await page.getByRole("button", { name: "Edit Tutor" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill("Teacher");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("button", { name: "Delete Teacher" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete", exact: true }).click();
  await page.getByText("There are no agents yet.").waitFor();
  assert.deepEqual(opened.problems, []);
});
