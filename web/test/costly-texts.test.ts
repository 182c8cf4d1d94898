// No text holds up the page, whatever is in it: stored, said by the person, or coming in.
// Runs: alone
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createClient } from "@colloquy/client";
import type { Page } from "playwright-core";
import { startServer } from "../../server/test/start-server.ts";
import { NEW_PROFILE, openPage, wholeBrowser, withoutBrowser } from "./browser.ts";
import { message, replied, send } from "./chat-page.ts";
import { COSTLY, textNamed } from "./costly-texts.ts";
import { mark, type Work, workOf } from "./main-thread.ts";

const skip = withoutBrowser;
/** No key waits longer, for the page needs no longer for anything at a time. */
const MAX_TASK_MS = 100;
/** A text is held back for 250 ms until it is formatted; the page's own work is in the rest of half a second. */
const MAX_SHOWN_MS = 250;
/** So long a text is held back while what formats is being loaded. */
const LOADING_PATIENCE_MS = 3_000;
let server: Awaited<ReturnType<typeof startServer>>;
before(async () => {
  if (!skip) await wholeBrowser();
  server = await startServer();
});
after(() => server[Symbol.asyncDispose]());

/** Goes to another page of the app, as a link in it does. */
const goTo = (page: Page, path: string): Promise<void> =>
  page.evaluate((to) => history.pushState(null, "", to), `/app/${path}`);

/** Waits until both messages are there in any form: none is held back. */
const shown = (page: Page, path: string): Promise<unknown> =>
  page.waitForFunction(
    (wanted) =>
      location.pathname === wanted &&
      document.querySelectorAll("article").length === 2 &&
      !document.querySelector("article [data-waiting]"),
    path,
  );

/** Waits until nothing of them will change any more. */
const settled = (page: Page): Promise<unknown> =>
  page.waitForFunction(() => !document.querySelector('article [aria-busy="true"]'));

const longest = (work: ReadonlyMap<string, Work>): string =>
  [...work]
    .sort(([, one], [, other]) => other.longestMs - one.longestMs)
    .slice(0, 8)
    .map(
      ([name, { longestMs, totalMs }]) =>
        `${name} ${longestMs.toFixed()} of ${totalMs.toFixed()} ms`,
    )
    .join(", ");

test(`${COSTLY.length} costly texts of 100,000 characters, stored and said, are shown in half a second, and no key waits for 100 ms`, {
  skip,
}, async () => {
  const client = createClient({ baseUrl: server.url, token: "local" });
  for (const { name, text } of COSTLY) {
    const { failed } = await client.conversations.import([
      {
        id: `costly ${name}`,
        title: name,
        messages: [
          { role: "user", content: text, timestamp: 1 },
          { role: "assistant", content: text, timestamp: 2 },
        ],
      },
    ]);
    assert.deepEqual(failed, [], name);
  }
  const { items } = await client.conversations.list({ limit: 100 });
  const idOf = new Map(items.map(({ id, title }) => [title, id]));

  await using opened = await openPage(server.url);
  const { page } = opened;
  // What formats is loaded with the first letter.
  await message(page).pressSequentially("a");
  await page.waitForLoadState("networkidle");
  const work = await workOf(await wholeBrowser(), page, async () => {
    for (const { name } of COSTLY) {
      const path = `c/${idOf.get(name)}`;
      await mark(page, `${name} first`);
      await goTo(page, path);
      await shown(page, `/app/${path}`);
      await mark(page, `${name} then`);
      await settled(page);
      await message(page).press("b");
    }
  });
  console.log(`    the longest tasks: ${longest(work)}`);
  const slow = [...work].filter(
    ([name, { longestMs, totalMs }]) =>
      longestMs > MAX_TASK_MS || (name.endsWith("first") && totalMs > MAX_SHOWN_MS),
  );
  assert.deepEqual(slow, []);
  assert.equal(work.size, 2 * COSTLY.length);
  assert.deepEqual(opened.problems, []);
});

test("costly texts that come in hold up no key either, and are there to the last word", {
  skip,
}, async () => {
  await using opened = await openPage(server.url);
  const { page } = opened;
  await message(page).waitFor();
  const names = ['"*a_ "', "blocks", "program text"];
  const work = await workOf(await wholeBrowser(), page, async () => {
    for (const name of names) {
      const pieces = textNamed(name).match(/.{1,2000}/gsu) ?? [];
      server.model.next({ pieces: [...pieces, "\n\nThe end."], gapMs: 20 });
      await mark(page, name);
      await page.getByRole("link", { name: "New conversation" }).click();
      await send(page, `Write ${name}.`);
      await page.getByRole("button", { name: "Stop" }).waitFor();
      await message(page).press("b");
      await replied(page);
      await settled(page);
      await message(page).fill("");
    }
  });
  console.log(`    the longest tasks: ${longest(work)}`);
  assert.deepEqual(
    [...work].filter(([, { longestMs }]) => longestMs > MAX_TASK_MS),
    [],
  );
  assert.equal(work.size, names.length);
  assert.deepEqual(opened.problems, []);
});

test("when a conversation is loaded, no reply is seen as it was written before what formats had 3 s to load", {
  skip,
}, async () => {
  const client = createClient({ baseUrl: server.url, token: "local" });
  const { id } = await client.conversations.create({ title: "Full load" });
  const content = "So **it** is, H<sub>2</sub>O: $$x^2$$";
  await client.messages.add(id, { role: "assistant", content });
  await using opened = await openPage(server.url, "", NEW_PROFILE);
  const { page } = opened;
  await page.addInitScript(() => {
    const seen: { text: string; atMs: number }[] = [];
    Object.assign(globalThis, { seen });
    new MutationObserver(() => {
      for (const { textContent: text } of document.querySelectorAll("article"))
        seen.push({ text, atMs: performance.now() });
    }).observe(document, { childList: true, subtree: true, characterData: true });
  });
  await page.goto(`${server.url}/app/c/${id}`);
  await page.locator("article sub").waitFor();
  const seen = await page.evaluate(
    () => (globalThis as unknown as { seen: { text: string; atMs: number }[] }).seen,
  );
  assert.deepEqual(
    seen.filter(({ text, atMs }) => text.includes("**") && atMs < LOADING_PATIENCE_MS),
    [],
  );
  assert.ok(seen.some(({ text }) => text.includes("So it is, H2O")));
});
