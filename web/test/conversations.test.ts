// The list of conversations and what can be done with one.
// Runs: apart
// Takes: 30 s
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { createClient } from "@colloquy/client";
import { watchMachine } from "../../server/test/machine-speed.ts";
import { startServer } from "../../server/test/start-server.ts";
import { NEW_PROFILE, openPage, withoutBrowser } from "./browser.ts";
import { listed, message, messages, replied, said, send } from "./chat-page.ts";
import { longConversation, madeUpConversations, seed } from "./seed.ts";

const skip = withoutBrowser;
const MANY = 10_000;
const LONG = 5_000;
/** What the page takes for now where it shows days, whatever the hour is. */
const NOW = new Date(2020, 2, 10, 16, 10);
let server: Awaited<ReturnType<typeof startServer>>;
before(async () => {
  if (skip) return;
  server = await startServer();
  await seed(server.url, [longConversation(LONG), ...madeUpConversations(MANY, 400, NOW)]);
});
after(() => server?.[Symbol.asyncDispose]());

test(`${MANY} conversations by day scroll without a hitch`, { skip }, async () => {
  await using opened = await openPage(server.url, "", NEW_PROFILE);
  const { page } = opened;
  await page.clock.setFixedTime(NOW);
  await page.reload();
  await listed(page, "Conversation 0").waitFor();
  for (const day of ["Today", "Yesterday"])
    await page.getByRole("heading", { name: day, exact: true }).waitFor();
  assert.ok((await listed(page, /^Conversation/).count()) < 120, "only those in view exist");
  await listed(page, "Conversation 0").hover();
  using machine = watchMachine();
  const slowestFrameMs = await page.evaluate(async () => {
    const list = document.querySelector("nav ul")?.parentElement;
    let slowest = 0;
    let last = performance.now();
    for (let frame = 0; frame < 120; frame++) {
      list?.scrollBy(0, 400);
      const now = await new Promise<number>((resolve) => requestAnimationFrame(resolve));
      if (frame > 0) slowest = Math.max(slowest, now - last);
      last = now;
    }
    return slowest;
  });
  console.log(`    slowest of 120 frames while scrolling: ${slowestFrameMs.toFixed(0)} ms`);
  // A machine with other work drops frames; a list that is not virtual takes seconds.
  assert.ok(slowestFrameMs < 500 * machine.slowness(), `${slowestFrameMs} ms`);
  await page.waitForFunction(() =>
    [...document.querySelectorAll("nav ul a")].some(
      (link) => Number(link.textContent?.split(" ")[1]) > 400,
    ),
  );
  assert.deepEqual(opened.problems, []);
});

test(`a conversation of ${LONG} messages opens at its end and scrolls back to its beginning`, {
  skip,
}, async () => {
  await using opened = await openPage(server.url);
  const { page } = opened;
  await page.getByRole("searchbox", { name: "Search" }).fill("A long conversation");
  await page.getByRole("link", { name: /A long conversation/ }).click();
  await said(page, `Reply ${LONG - 1}`).waitFor();
  assert.ok((await messages(page).count()) < 100, "only those in view exist");
  const scroller = page.getByRole("region", { name: "Messages" });
  await scroller.hover();
  await page.waitForFunction(
    () => {
      const thread = document.querySelector('section[aria-label="Messages"]');
      thread?.dispatchEvent(new WheelEvent("wheel"));
      if (thread) thread.scrollTop = 0;
      return [...document.querySelectorAll("article")].some((article) =>
        /Message 0(?!\d)/.test(article.textContent ?? ""),
      );
    },
    undefined,
    { polling: 100, timeout: 60_000 },
  );
  assert.ok((await messages(page).count()) < 100);
  await page.getByRole("button", { name: "Latest" }).click();
  await said(page, `Reply ${LONG - 1}`).waitFor();
  assert.deepEqual(opened.problems, []);
});

test("full-text search shows its hits marked and opens the conversation at the hit", {
  skip,
}, async () => {
  await using opened = await openPage(server.url);
  const { page } = opened;
  await message(page).waitFor();
  await page.getByRole("searchbox", { name: "Search" }).focus();
  await page.keyboard.type("Message 1234");
  const hit = page.getByRole("link", { name: /A long conversation.*Message 1234/s });
  await hit.locator("mark", { hasText: "1234" }).waitFor();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  const found = said(page, /Message 1234(?!\d)/);
  await found.waitFor();
  assert.ok(await found.evaluate((element) => element.hasAttribute("data-found")));
  await page.waitForFunction(() => {
    const box = document.querySelector("[data-found]")?.getBoundingClientRect();
    return box && box.top > 0 && box.bottom < innerHeight;
  });
  assert.ok(await page.evaluate(() => CSS.highlights.has("found")));
  assert.deepEqual(opened.problems, []);
});

test("pin, rename, delete and undo, by menu and by keyboard", { skip }, async () => {
  await using opened = await openPage(server.url);
  const { page } = opened;
  const client = createClient({ baseUrl: server.url, token: "local" });
  await send(page, "To be pinned");
  await replied(page);
  const id = page.url().split("/").at(-1) ?? "";
  await page.getByRole("button", { name: "This conversation" }).click();
  await page.getByRole("menuitem", { name: "Pin" }).click();
  await page.getByRole("heading", { name: "Pinned", exact: true }).waitFor();

  await listed(page, "To be pinned").focus();
  await page.keyboard.press("F2");
  await page.getByRole("textbox", { name: "Title" }).fill("A better title");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "A better title" }).waitFor();
  await listed(page, "A better title").waitFor();
  const stored = () => client.conversations.get(id);
  for (const deadline = Date.now() + 5_000; ; ) {
    const { title, is_pinned } = await stored();
    if (title === "A better title" && is_pinned) break;
    assert.ok(Date.now() < deadline, "the server has it");
  }

  await listed(page, "A better title").focus();
  await page.keyboard.press("Delete");
  await page.getByText("“A better title” deleted").waitFor();
  assert.equal(await listed(page, "A better title").count(), 0);
  await page.getByRole("button", { name: "Undo" }).click();
  await listed(page, "A better title").waitFor();
  assert.equal((await stored()).title, "A better title");

  await listed(page, "A better title").focus();
  await page.keyboard.press("Delete");
  await page.getByText("“A better title” deleted").waitFor();
  // Whoever leaves does not wait for the time to undo.
  await page.close();
  for (const deadline = Date.now() + 5_000; ; ) {
    const error = await stored().then(
      () => null,
      ({ status }: { status: number }) => status,
    );
    if (error === 404) break;
    assert.ok(Date.now() < deadline, "the server has forgotten it");
  }
});

test("exports one as Markdown or JSON, which import knows again", { skip }, async () => {
  await using opened = await openPage(server.url);
  const { page } = opened;
  await send(page, "Keep this: a/b");
  await replied(page);
  const exported = async (item: string) => {
    const downloading = page.waitForEvent("download");
    await page.getByRole("button", { name: "This conversation" }).click();
    await page.getByRole("menuitem", { name: item }).click();
    const download = await downloading;
    return { name: download.suggestedFilename(), path: (await download.path()) ?? "" };
  };
  const markdown = await exported("Export as Markdown");
  assert.equal(markdown.name, "Keep this a b.md");
  assert.match(
    await readFile(markdown.path, "utf8"),
    /^# Keep this: a\/b\n\n## You · .*\n\nKeep this: a\/b\n\n## Reply · .*\n\nEcho: Keep this/,
  );
  const json = await exported("Export as JSON");
  const content = JSON.parse(await readFile(json.path, "utf8"));
  assert.deepEqual(
    content.messages.map(({ role }: { role: string }) => role),
    ["user", "assistant"],
  );
  await page.getByRole("button", { name: /settings and account/i }).click();
  await page.getByRole("menuitem", { name: "Import conversations" }).click();
  await page.getByLabel("Choose files").setInputFiles(json.path);
  await page.getByText("One was already there").waitFor();
  assert.deepEqual(opened.problems, []);
});

test("imports a ChatGPT export and a browser's localStorage, says how far it is, and takes nothing twice", {
  skip,
}, async () => {
  await using opened = await openPage(server.url);
  const { page } = opened;
  const storage = JSON.stringify({
    theme: "dark",
    conversations: JSON.stringify([
      {
        id: "1",
        title: "From localStorage",
        messages: [{ role: "user", content: "Hi", timestamp: 1 }],
      },
      { id: "2", title: "An empty one", messages: [] },
    ]),
  });
  const chatGpt = JSON.stringify(
    Array.from({ length: 250 }, (_, index) => ({
      id: `c${index}`,
      conversation_id: `c${index}`,
      title: `From ChatGPT ${index}`,
      create_time: Date.now() / 1000 + index,
      update_time: Date.now() / 1000 + index,
      current_node: "b",
      mapping: {
        a: { id: "a", parent: null, children: ["b"], message: null },
        b: {
          id: "b",
          parent: "a",
          children: [],
          message: {
            id: `m${index}`,
            author: { role: "user" },
            create_time: Date.now() / 1000,
            content: { content_type: "text", parts: [`Imported ${index}`] },
          },
        },
      },
    })),
  );
  const files = [
    { name: "storage.json", mimeType: "application/json", buffer: Buffer.from(storage) },
    { name: "conversations.json", mimeType: "application/json", buffer: Buffer.from(chatGpt) },
  ];
  const importing = async () => {
    await page.getByRole("button", { name: /settings and account/i }).click();
    await page.getByRole("menuitem", { name: "Import conversations" }).click();
    await page.getByLabel("Choose files").setInputFiles(files);
  };
  await page.route("**/conversations/import", async (route) => {
    await page.getByRole("progressbar").waitFor();
    await route.continue();
  });
  await importing();
  await page.getByText("251 conversations imported").waitFor();
  await page.getByText(/An empty one: /).waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Close" }).last().click();
  await listed(page, "From ChatGPT 249").waitFor();
  await importing();
  await page.getByText("251 were already there").waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Close" }).last().click();
  await message(page).waitFor();
  assert.deepEqual(opened.problems, []);
});
