// The pages of whoever runs the server: its keys and its figures.
// Takes: 20 s
import assert from "node:assert/strict";
import { test } from "node:test";
import { createClient } from "@colloquy/client";
import { startServer } from "../../server/test/start-server.ts";
import { violationsIn } from "./axe.ts";
import { openPage, withoutBrowser } from "./browser.ts";
import { message } from "./chat-page.ts";
import { claim, signIn } from "./people.ts";

const skip = withoutBrowser;

test("[X13] the first key is made in the page, by keyboard, with the code that the server showed; the page is in with it at once", {
  skip,
}, async () => {
  await using server = await startServer({ builtIn: true });
  await using opened = await openPage(server.url, "keys");
  const { page } = opened;
  await page.getByText("with the code that the server showed on its terminal").waitFor();
  await page.getByText("./colloquy keys create --name me").waitFor();
  assert.deepEqual(await violationsIn(page), []);
  await page.getByRole("button", { name: "Create a key" }).focus();
  await page.keyboard.press("Enter");
  const asking = page.getByRole("dialog", { name: "Create a key" });
  await asking.getByText("the server requires a key from everybody").waitFor();
  assert.deepEqual(await violationsIn(page), []);
  await asking.getByLabel("Code").focus();
  await page.keyboard.type("a code that somebody made up");
  await page.keyboard.press("Tab");
  await page.keyboard.type("laptop");
  await page.keyboard.press("Enter");
  await asking
    .getByRole("alert")
    .getByText("This is not the code that the server showed")
    .waitFor();
  await asking.getByLabel("Code").focus();
  await page.keyboard.press("Control+A");
  await page.keyboard.type(server.claimCode?.toUpperCase().replaceAll("-", " ") ?? "");
  await page.keyboard.press("Enter");

  const shown = page.getByRole("dialog", { name: "Your new key" });
  const key = (await shown.getByText(/^ck_/).textContent()) ?? "";
  assert.match(key, /^ck_[\w-]{43}$/);
  await page.keyboard.press("Escape");
  assert.ok(await shown.isVisible(), "no stray key loses it");
  assert.deepEqual(await violationsIn(page), []);
  await shown.getByLabel("I have put it in a safe place").check();
  await shown.getByRole("button", { name: "Close" }).click();
  await page.getByText("Current session").waitFor();

  const client = createClient({ baseUrl: server.url, token: key });
  const account = await client.account();
  assert.deepEqual([account.is_claimed, account.takes_claim_code], [true, false]);
  await page.reload();
  await page.getByText("Current session").waitFor();
  assert.ok(!(await page.content()).includes(key));
});

test("[X13] figures of an unclaimed server are nobody's to see; the page leads to the first key, or names the command", {
  skip,
}, async () => {
  await using server = await startServer({
    builtIn: true,
    canShowCode: false,
    environment: { AUTH_ANONYMOUS: "open" },
  });
  await using opened = await openPage(server.url, "status", { locale: "de-DE" });
  const { page } = opened;
  await page.getByText("gilt niemand als Betreiber").waitFor();
  await page.getByText("Wer diesen Server erreicht, darf").waitFor();
  assert.deepEqual(await violationsIn(page), []);
  await page.getByRole("link", { name: "Den ersten Schlüssel machen" }).click();
  await page.getByText("in keinem Terminal einen Code gezeigt").waitFor();
  await page.getByText("./colloquy keys create --name me").waitFor();
  assert.equal(await page.getByRole("button", { name: "Schlüssel anlegen" }).count(), 0);
  assert.deepEqual(await violationsIn(page), []);
});

test("keys are made for others and revoked, after a question; a revoked one opens nothing", {
  skip,
}, async () => {
  await using server = await startServer({ builtIn: true });
  const key = await claim(server);
  await using opened = await openPage(server.url, "keys");
  const { page } = opened;
  await signIn(page, key);
  await page.getByRole("button", { name: "Create a key" }).click();
  const asking = page.getByRole("dialog", { name: "Create a key" });
  await asking.getByLabel("Name").fill("Ann’s phone");
  await asking.getByText("Who it speaks for").click();
  await asking.getByRole("textbox", { name: "User" }).fill("ann");
  const models = asking.getByRole("textbox", { name: "Models" });
  await asking.getByText("separated by commas. * stands for any characters").waitFor();
  await models.focus();
  await page.keyboard.type("x".repeat(300));
  await asking.getByRole("button", { name: "Create a key" }).focus();
  await page.keyboard.press("Enter");
  await asking
    .getByRole("alert")
    .getByText(/^models /)
    .waitFor();
  await models.focus();
  await page.keyboard.press("Control+A");
  await page.keyboard.type("openai/gpt-4o*, builtin/echo");
  assert.deepEqual(await violationsIn(page), []);
  await page.keyboard.press("Enter");
  const shown = page.getByRole("dialog", { name: "Your new key" });
  const anns = (await shown.getByText(/^ck_/).textContent()) ?? "";
  const ann = createClient({ baseUrl: server.url, token: anns });
  assert.equal((await ann.account()).user_id, "ann");
  await shown.getByLabel("I have put it in a safe place").check();
  await shown.getByRole("button", { name: "Close" }).click();

  await page.getByText("user ann · only openai/gpt-4o*, builtin/echo").waitFor();
  const [, made] = await createClient({ baseUrl: server.url, token: key }).keys.list();
  assert.deepEqual(made?.models, ["openai/gpt-4o*", "builtin/echo"]);
  assert.deepEqual(await violationsIn(page), []);
  await page.getByRole("button", { name: "Revoke the key Ann’s phone" }).click();
  const question = page.getByRole("dialog", { name: "Revoke the key Ann’s phone" });
  await question.getByRole("button", { name: "Cancel" }).click();
  assert.equal((await ann.account()).user_id, "ann", "a question is not yet an answer");
  await page.getByRole("button", { name: "Revoke the key Ann’s phone" }).click();
  await question.getByRole("button", { name: "Revoke" }).click();
  await page.getByText(/revoked .*\d/).waitFor();
  const [, second] = await createClient({ baseUrl: server.url, token: key }).keys.list();
  assert.ok(second?.revoked_at);

  await page.getByRole("button", { name: "Revoke the key first" }).click();
  await page.getByText("you will be signed out").waitFor();
  await page.getByText("No other operator's key is left").waitFor();
});

test("the status page shows what is running and how it goes, live", { skip }, async () => {
  await using server = await startServer();
  const key = await claim(server);
  const client = createClient({ baseUrl: server.url, token: key });
  await client.conversations.start({ content: "Hello" }).then((reply) => reply.text());
  await using opened = await openPage(server.url, "status");
  const { page } = opened;
  await signIn(page, key);
  await page.getByText("healthy", { exact: true }).waitFor();
  for (const fact of ["SQLite", "flite", "scripted"])
    await page.getByRole("definition").filter({ hasText: fact }).first().waitFor();
  await page.getByText(`${server.url}/v1`, { exact: true }).waitFor();
  const turns = page.getByRole("figure").filter({ hasText: "Turns a minute" });
  await turns.getByText("1 since the start").waitFor();
  await page
    .getByRole("figure")
    .filter({ hasText: /\d+ ms p50 \d+ ms p95/ })
    .waitFor();
  assert.deepEqual(await violationsIn(page), []);

  server.model.next({ failStatus: 401 });
  const failing = await client.conversations.start({ content: "And now?" });
  await failing.text().catch(() => {});
  await turns.getByText("2 since the start").waitFor();
  await page.getByRole("figure").filter({ hasText: "1 and 0 since the start" }).waitFor();
  await page.getByRole("row", { name: "chat-v1 2 1" }).waitFor();
  assert.deepEqual(opened.problems, []);
});

test("who is no operator is told so, on both pages", { skip }, async () => {
  await using server = await startServer({ builtIn: true });
  const key = await claim(server);
  const { key: anns } = await createClient({ baseUrl: server.url, token: key }).keys.create({
    user_id: "ann",
  });
  await using opened = await openPage(server.url);
  const { page } = opened;
  await signIn(page, anns);
  await message(page).waitFor();
  for (const path of ["status", "keys"]) {
    await page.goto(`${server.url}/app/${path}`);
    await page.getByText("This page is for the server's operator").waitFor();
    await page.getByText("./colloquy keys create --operator").waitFor();
    assert.deepEqual(await violationsIn(page), []);
  }
  await page.getByRole("button", { name: /settings and account/i }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).waitFor();
  assert.equal(await page.getByRole("menuitem", { name: "Keys" }).count(), 0);
});
