// Whatever a model writes, whole or as it comes in: nothing of it runs and nothing is asked of any host.
// Takes: 35 s
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createClient } from "@colloquy/client";
import type { Page, Request } from "playwright-core";
import { startServer } from "../../server/test/start-server.ts";
import { openPage, withoutBrowser } from "./browser.ts";
import { messages, replied, said, send } from "./chat-page.ts";
import { HOSTILE } from "./hostile-markdown.ts";

const skip = withoutBrowser;
/** So many texts to a reply, each a block of its own. */
const IN_A_REPLY = 4;
/** So many replies to a conversation. */
const GROUP = 6;
const REPLIES = Array.from({ length: Math.ceil(HOSTILE.length / IN_A_REPLY) }, (_, index) =>
  HOSTILE.slice(index * IN_A_REPLY, (index + 1) * IN_A_REPLY).join("\n\n"),
);
let server: Awaited<ReturnType<typeof startServer>>;
before(async () => {
  server = await startServer();
});
after(() => server[Symbol.asyncDispose]());

/** What the page itself asks for: its own files and the wires, never a picture or a frame. */
function watchRequests(page: Page): string[] {
  const strange: string[] = [];
  page.context().on("request", (request: Request) => {
    const isOurs = request.url().startsWith(`${server.url}/`);
    const isKnown =
      ["script", "stylesheet", "font", "fetch", "xhr"].includes(request.resourceType()) ||
      request.url().endsWith("/app/icon.svg");
    if (!isOurs || !isKnown || request.isNavigationRequest())
      strange.push(`${request.resourceType()} ${request.url()}`);
  });
  page.on("dialog", (dialog) => {
    strange.push(`dialog ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.context().on("page", (opened) => strange.push(`window ${opened.url()}`));
  return strange;
}

/** Elements and attributes in the messages that no Markdown of ours makes. */
const foreignParts = (page: Page): Promise<string[]> =>
  page.getByRole("region", { name: "Messages" }).evaluate((thread) => {
    const found: string[] = [];
    for (const element of thread.querySelectorAll("article *")) {
      const name = element.localName;
      if (
        /^(?:script|style|link|meta|base|iframe|object|embed|form|img|image|video|audio|use|marquee|input)$/.test(
          name,
        )
      )
        found.push(name);
      for (const { name: attribute, value } of element.attributes) {
        if (attribute.startsWith("on") || attribute === "srcdoc")
          found.push(`${name} ${attribute}`);
        const isAddress = attribute === "href" || attribute === "src";
        if (isAddress && !/^(?:https?:\/\/|mailto:|#)/.test(value)) found.push(`${name} ${value}`);
      }
    }
    return found;
  });

const hit = (page: Page): Promise<unknown> =>
  page.evaluate(() => (window as unknown as { hit?: unknown }).hit);

test(`${HOSTILE.length} hostile texts as stored messages`, { skip }, async () => {
  const client = createClient({ baseUrl: server.url, token: "local" });
  const { id } = await client.conversations.create({ title: "Hostile" });
  for (const content of HOSTILE) await client.messages.add(id, { role: "assistant", content });
  await using opened = await openPage(server.url);
  const { page } = opened;
  await page.getByRole("textbox", { name: "Message" }).waitFor();
  const strange = watchRequests(page);
  await page.getByRole("navigation").getByRole("link", { name: "Hostile" }).click();
  // The last of them, with mathematics loaded: by then every one was rendered.
  await page.locator(".katex").first().waitFor({ state: "attached" });
  await page.waitForFunction(
    (count) => document.querySelectorAll("article").length >= count,
    Math.min(HOSTILE.length, 60),
  );
  assert.deepEqual(await foreignParts(page), []);
  assert.equal(await hit(page), undefined);
  assert.deepEqual(strange, []);
  assert.deepEqual(opened.problems, []);
});

test(`${HOSTILE.length} hostile texts as they come in`, { skip }, async () => {
  await using opened = await openPage(server.url);
  const { page } = opened;
  await page.getByRole("textbox", { name: "Message" }).waitFor();
  const strange = watchRequests(page);
  for (const [index, text] of REPLIES.entries()) {
    const size = 1 + (index % 4);
    const pieces = text.match(new RegExp(`(?:.|\\n){1,${size}}`, "gu")) ?? [text];
    server.model.next({ pieces: [...pieces, "."], gapMs: 1 });
    await send(page, `Number ${index}.`);
    await said(page, `Number ${index}.`).waitFor();
    await messages(page)
      .nth(2 * (index % GROUP) + 1)
      .waitFor();
    await replied(page);
    if (index % GROUP < GROUP - 1 && index < REPLIES.length - 1) continue;
    assert.deepEqual(await foreignParts(page), []);
    await page.getByRole("link", { name: "New conversation" }).click();
    await page.getByText("What would you like to talk through?").waitFor();
  }
  assert.equal(await hit(page), undefined);
  assert.deepEqual(strange, []);
  assert.deepEqual(opened.problems, []);
});
