// Signing in and out, as people do it, and what the browser remembers of it.
// Runs: apart
// Takes: 45 s
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { createClient } from "@colloquy/client";
import type { Page } from "playwright-core";
import { eventually } from "../../server/test/cli-runner.ts";
import { startServer } from "../../server/test/start-server.ts";
import { violationsIn } from "./axe.ts";
import { browser, openPage, withoutBrowser } from "./browser.ts";
import { listed, message, replied, said, send } from "./chat-page.ts";
import { claim, signIn } from "./people.ts";

const skip = withoutBrowser;
const ELSEWHERE = "another-machine.test";

before(async () => {
  if (!skip) await browser([`--host-resolver-rules=MAP ${ELSEWHERE} 127.0.0.1`]);
});

/** Everything in the browser's storages, as text. */
const remembered = (page: Page): Promise<string> =>
  page.evaluate(async () => {
    const databases = await indexedDB.databases();
    const records = await Promise.all(
      databases.map(
        ({ name = "" }) =>
          new Promise((resolve) => {
            const opening = indexedDB.open(name);
            opening.onsuccess = () => {
              const [store = ""] = opening.result.objectStoreNames;
              const all = opening.result.transaction(store).objectStore(store).getAll();
              all.onsuccess = () => {
                opening.result.close();
                resolve(
                  all.result.map(({ lock, iv, sealed }) => ({
                    isExtractable: lock.extractable,
                    iv: [...iv],
                    sealed: String.fromCharCode(...new Uint8Array(sealed)),
                  })),
                );
              };
            };
          }),
      ),
    );
    return JSON.stringify({ ...localStorage, records, cookie: document.cookie });
  });

/** Waits until the field for the next message has that text, which it gets with the conversation. */
const draftIs = (page: Page, text: string): Promise<unknown> =>
  page.waitForFunction(
    (wanted) => [...document.querySelectorAll("textarea")].some(({ value }) => value === wanted),
    text,
  );

test("on an unclaimed server one is simply in; its own machine is the only one", {
  skip,
}, async () => {
  await using server = await startServer({ builtIn: true });
  await using here = await openPage(server.url);
  await message(here.page).waitFor();
  const elsewhere = server.url.replace("localhost", ELSEWHERE);
  await using there = await openPage(elsewhere);
  await there.page.getByRole("heading", { name: "Sign in" }).waitFor();
  await there.page.getByText("./colloquy keys create --name me").waitFor();
  await there.page.getByText(/To stay signed in, open this page over https/).waitFor();
  assert.ok(await there.page.getByLabel("Stay signed in on this device").isDisabled());
  await signIn(there.page, await claim(server));
  await message(there.page).waitFor();
});

test("a key lets one in for as long as the tab is there; it is in no address and in no storage but the tab's", {
  skip,
}, async () => {
  await using server = await startServer({ builtIn: true });
  const key = await claim(server);
  await using opened = await openPage(server.url);
  const { page } = opened;
  const addresses: string[] = [];
  page.on("request", (request) => addresses.push(request.url()));
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  assert.deepEqual(await violationsIn(page), []);

  await signIn(page, "ck_not-a-key");
  await page.getByRole("alert").getByText("This key is unknown or revoked").waitFor();
  assert.deepEqual(await violationsIn(page), []);
  await signIn(page, key);
  await message(page).waitFor();
  await page.reload();
  await message(page).waitFor();

  assert.ok(!(await remembered(page)).includes(key));
  assert.ok(!addresses.some((address) => address.includes(key)));
  assert.ok(!page.url().includes(key));
  const another = await page.context().newPage();
  await another.goto(`${server.url}/app/`);
  await another.getByRole("heading", { name: "Sign in" }).waitFor();
});

test("who stays signed in is in next time, by a key that no storage shows; signing out forgets all, in every tab", {
  skip,
}, async () => {
  await using server = await startServer({ builtIn: true });
  const key = await claim(server);
  await using opened = await openPage(server.url);
  const { page } = opened;
  await signIn(page, key, { stays: true });
  await message(page).waitFor();
  const another = await page.context().newPage();
  await another.goto(`${server.url}/app/`);
  await message(another).waitFor();
  const kept = await remembered(another);
  assert.match(kept, /"isExtractable":false/);
  assert.ok(!kept.includes(key));

  await send(page, "Something of mine");
  await replied(page);
  await message(page).fill("a draft that nobody else shall read");
  await page.getByRole("button", { name: /settings and account/i }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  for (const tab of [page, another]) {
    await tab.getByRole("heading", { name: "Sign in" }).waitFor();
    assert.ok(!/draft that|Something of mine|sealed/.test(await remembered(tab)));
    await tab.reload();
    await tab.getByRole("heading", { name: "Sign in" }).waitFor();
  }
});

test("one person's leaving leaves another's tab and draft alone", { skip }, async () => {
  await using server = await startServer({ builtIn: true });
  const key = await claim(server);
  const operator = createClient({ baseUrl: server.url, token: key });
  const { key: anns } = await operator.keys.create({ user_id: "ann" });
  const namesake = await operator.keys.create({ user_id: "ann", tenant_id: "other" });
  await using opened = await openPage(server.url);
  const ann = opened.page;
  await signIn(ann, anns);
  await message(ann).fill("Ann's draft");
  const other = await ann.context().newPage();
  await other.goto(`${server.url}/app/`);
  await signIn(other, key);
  await other.getByRole("button", { name: /settings and account/i }).click();
  await other.getByRole("menuitem", { name: "Sign out" }).click();
  await other.getByRole("heading", { name: "Sign in" }).waitFor();
  await signIn(other, namesake.key);
  await message(other).waitFor();
  assert.equal(await message(other).inputValue(), "", "of the same name, in another tenant");
  await ann.reload();
  await message(ann).waitFor();
  await draftIs(ann, "Ann's draft");
});

test("a key that is revoked leads back to the sign-in with the reason, and no draft is lost", {
  skip,
}, async () => {
  await using server = await startServer({ builtIn: true });
  const key = await claim(server);
  const operator = createClient({ baseUrl: server.url, token: key });
  const other = await operator.keys.create({ name: "phone" });
  await using opened = await openPage(server.url);
  const { page } = opened;
  await signIn(page, other.key);
  await send(page, "Hello");
  await replied(page);
  await operator.keys.revoke(other.id);
  const phone = createClient({ baseUrl: server.url, token: other.key });
  await eventually(() =>
    phone.account().then(
      () => false,
      () => true,
    ),
  );

  await send(page, "a thought that was sent too late");
  const reason = page.getByRole("alert");
  await reason.getByText("You are signed out.").waitFor();
  await reason.getByText("This key is unknown or revoked").waitFor();
  await reason.getByText("Your drafts are kept").waitFor();
  assert.deepEqual(await violationsIn(page), []);
  await page.reload();
  await signIn(page, key);
  await listed(page, "Hello").click();
  await draftIs(page, "a thought that was sent too late");
});

test("a page that is open while the server is claimed elsewhere asks for a key, says why, and loses no draft", {
  skip,
}, async () => {
  await using server = await startServer({ builtIn: true });
  await using opened = await openPage(server.url);
  const { page } = opened;
  await send(page, "Hello");
  await replied(page);
  const key = await claim(server);
  // A server knows half a second later, as it does of a key that was revoked.
  const programs = createClient({ baseUrl: server.url, token: "local" });
  await eventually(() =>
    programs.account().then(
      () => false,
      () => true,
    ),
  );
  await send(page, "a thought that was sent too late");
  const reason = page.getByRole("alert");
  await reason.getByText("This server now has its first key").waitFor();
  await reason.getByText("Your drafts are kept").waitFor();
  assert.deepEqual(await violationsIn(page), []);
  await signIn(page, key);
  await listed(page, "Hello").click();
  await draftIs(page, "a thought that was sent too late");
});

test("whoever signs in after another person in the same tab sees nothing of theirs; the same person goes on", {
  skip,
}, async () => {
  await using server = await startServer({ builtIn: true });
  const key = await claim(server);
  const operator = createClient({ baseUrl: server.url, token: key });
  const [first, second] = [
    await operator.keys.create({ user_id: "ann" }),
    await operator.keys.create({ user_id: "ann" }),
  ];
  await using opened = await openPage(server.url);
  const { page } = opened;
  await signIn(page, first.key);
  await send(page, "A secret of Ann's");
  await replied(page);
  await message(page).fill("Ann's draft");
  const address = page.url();
  const ended = page.getByRole("alert").getByText("You are signed out.");
  await operator.keys.revoke(first.id);
  await ended.waitFor();
  await signIn(page, second.key);
  await listed(page, "A secret of Ann's").waitFor();
  await said(page, "You said: A secret of Ann's").waitFor();
  await draftIs(page, "Ann's draft");

  await operator.keys.revoke(second.id);
  await ended.waitFor();
  const held = Promise.withResolvers<void>();
  await page.route("**/v1/chat/conversations**", async (route) => {
    await held.promise;
    await route.continue();
  });
  await signIn(page, key);
  await message(page).waitFor();
  assert.equal(await page.getByText("A secret of Ann's").count(), 0);
  assert.equal(page.url(), `${server.url}/app/`);
  held.resolve();
  await page
    .getByText("Your conversations will appear here. They are kept until you delete them.")
    .waitFor();
  assert.equal(await message(page).inputValue(), "");

  await page.goto(address);
  await page.getByText("This conversation does not exist, or was deleted.").waitFor();
});

test("whoever asks to stay signed in, where the browser can keep nothing, is in and is told", {
  skip,
}, async () => {
  await using server = await startServer({ builtIn: true });
  const key = await claim(server);
  await using opened = await openPage(server.url);
  const { page } = opened;
  // As in the private windows of some browsers.
  await page.evaluate(() => {
    IDBFactory.prototype.open = () => {
      throw new DOMException("A mutation operation was attempted", "InvalidStateError");
    };
  });
  await signIn(page, key, { stays: true });
  await message(page).waitFor();
  await page.getByRole("status").getByText("this browser could not save the key").waitFor();
  await page.reload();
  await message(page).waitFor();
});
