// Signing in to a source of tools on the page: from the card of a call that waits for it, in a new tab, and out again.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { DatabaseSync } from "node:sqlite";
import { after, before, test } from "node:test";
import type { Page } from "playwright-core";
import { type SignedSource, startSignedSource } from "../../server/test/signed-source.ts";
import { startServer } from "../../server/test/start-server.ts";
import { answering, asking } from "../../server/test/tool-steps.ts";
import { violationsIn } from "./axe.ts";
import { openPage, withoutBrowser } from "./browser.ts";
import { message, replied, said } from "./chat-page.ts";
import { claim, signIn } from "./people.ts";

const skip = withoutBrowser;
let folder: string;
let source: SignedSource;
let server: Awaited<ReturnType<typeof startServer>>;
let key: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "colloquy-sign-in-page-"));
  source = await startSignedSource();
  const file = join(folder, "sources.json");
  const signed = { label: "own", url: source.url, sign_in: { issuer: source.issuer } };
  writeFileSync(file, JSON.stringify({ sources: [{ ...signed, reads: ["*"] }] }));
  server = await startServer({ environment: { TOOL_SOURCES: file } });
  key = await claim(server);
});
after(async () => {
  await server?.[Symbol.asyncDispose]();
  source?.[Symbol.dispose]();
  await rm(folder, { recursive: true, force: true });
});

/** Presses a button that opens the page elsewhere in a new tab. */
async function openedBy(page: Page, name: string): Promise<Page> {
  const opening = page.context().waitForEvent("page");
  await page.getByRole("button", { name }).press("Enter");
  const tab = await opening;
  await tab.getByRole("link", { name: "Ann" }).waitFor();
  return tab;
}

test("[H100] [H102] an operator signs in and out on the page of sources, and a call that waits goes on after the sign-in", {
  skip,
}, async () => {
  await using opened = await openPage(server.url, "sources");
  const { page } = opened;
  await signIn(page, key);
  const accounts = page.getByRole("region", { name: "Your accounts" });
  await accounts.getByText("Not signed in").waitFor();
  const own = page.getByRole("region", { name: "own", exact: true });
  await own.getByText("Everybody signs in to it with their own account.").waitFor();
  await own.getByText("once an operator has signed in to it").waitFor();
  assert.deepEqual(await violationsIn(page), []);

  const first = await openedBy(page, "Sign in to own");
  await first.getByRole("link", { name: "Ann" }).press("Enter");
  await first.getByRole("status").filter({ hasText: "You are signed in." }).waitFor();
  await first.close();
  await accounts.getByText(/^Signed in since/u).waitFor();
  await own.getByText("own__own").waitFor();
  await page.getByRole("button", { name: "Sign out of own" }).press("Enter");
  await accounts.getByText("Not signed in").waitFor();

  await page.goto(`${server.url}/app/`);
  server.model.next(asking([{ name: "own__own" }]), answering("It is Ann's."));
  await message(page).focus();
  await page.keyboard.type("Whose is it?");
  await page.keyboard.press("Enter");
  const card = page.getByRole("region", { name: "Sign in to own?" });
  await card.waitFor();
  assert.equal(await card.getByRole("button", { name: "Allow once" }).count(), 0);
  assert.deepEqual(await violationsIn(page), []);
  const second = await openedBy(page, "Sign in to own");
  assert.equal(await second.evaluate(() => window.opener), null);
  await second.getByRole("link", { name: "Ann" }).press("Enter");
  await said(page, "It is Ann's.").waitFor();
  await replied(page);
  assert.equal(await card.count(), 0);
  assert.deepEqual(
    source.calls.map(({ account }) => account),
    ["ann"],
  );

  // The card that sees a sign-in elsewhere asks for the reply, and leaves the focus where it is.
  source.forget();
  server.model.next(asking([{ name: "own__own" }]), answering("It is Ann's."));
  await message(page).focus();
  await page.keyboard.type("And now?");
  await page.keyboard.press("Enter");
  await card.waitFor();
  const other = page.getByRole("button").first();
  await other.focus();
  const looked = page.waitForResponse((response) => /\/stream\b/u.test(response.url()));
  {
    // The page sees a sign-in, and the reply waits for a later one.
    using database = new DatabaseSync(join(server.directory, "colloquy.db"), { timeout: 10_000 });
    database.exec(
      `UPDATE tool_questions SET asked_at = 9000000002000;
       UPDATE tool_sign_ins SET tokens = 'others', signed_in_at = 9000000001000;`,
    );
  }
  await looked;
  assert.ok(await other.evaluate((element) => element === document.activeElement));
  await card.waitFor();
  assert.deepEqual(opened.problems, []);
});
