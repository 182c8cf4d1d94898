// Signing in by the operator's provider with a button, as a person does it, and signing out.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Page } from "playwright-core";
import { startProvider } from "../../server/test/provider-server.ts";
import { startServer } from "../../server/test/start-server.ts";
import { violationsIn } from "./axe.ts";
import { openPage, withoutBrowser } from "./browser.ts";
import { message, replied, said } from "./chat-page.ts";

const skip = withoutBrowser;
let provider: Awaited<ReturnType<typeof startProvider>>;
let server: Awaited<ReturnType<typeof startServer>>;
before(async () => {
  provider = await startProvider();
  server = await startServer({ environment: provider.environment });
});
after(async () => {
  await server[Symbol.asyncDispose]();
  await provider[Symbol.asyncDispose]();
});

const button = (page: Page) => page.getByRole("link", { name: "Sign in with Kestrel ID" });

test("somebody signs in with the button, talks, comes back after a reload, and signs out in every tab", {
  skip,
}, async () => {
  provider.expect({ subject: "ann" });
  await using opened = await openPage(server.url, "agents");
  const { page } = opened;
  await button(page).waitFor();
  assert.deepEqual(await violationsIn(page), [], "signed out");
  await button(page).press("Enter");
  await page.getByRole("heading", { name: "Provider" }).waitFor();
  await page.getByRole("link", { name: "Continue" }).press("Enter");
  await page.getByRole("heading", { name: "Agents" }).waitFor();
  assert.equal(new URL(page.url()).pathname, "/app/agents", "where one was");
  assert.equal(await page.evaluate(() => document.cookie), "", "no script reads the session");
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);

  await page.getByRole("link", { name: "New conversation" }).click();
  await message(page).click();
  await page.keyboard.type("Hello from Ann");
  await page.keyboard.press("Enter");
  await said(page, "Echo: Hello from Ann").waitFor();
  await replied(page);
  await page.reload();
  await said(page, "Echo: Hello from Ann").waitFor();
  const other = await page.context().newPage();
  await other.goto(`${server.url}/app/`);
  await message(other).waitFor();

  await page.getByRole("button", { name: /settings and account/i }).press("Enter");
  await page.getByRole("menuitem", { name: "Sign out" }).press("Enter");
  for (const one of [page, other]) await button(one).waitFor();
  assert.deepEqual(await page.context().cookies(), []);
  await page.getByText("You are signed out here, but").waitFor();
  assert.deepEqual(await violationsIn(page), [], "signed out, with the way out of the provider");
  const wayOut = page.getByRole("link", { name: "Sign out of Kestrel ID, too" });
  assert.equal(await other.getByRole("link", { name: "Sign out of" }).count(), 0);
  await wayOut.press("Enter");
  await wayOut.waitFor({ state: "detached" });
  await button(page).waitFor();
  assert.equal(page.url(), `${server.url}/app/`);
  assert.deepEqual(
    provider.left.map(({ post_logout_redirect_uri: to }) => to),
    [`${server.url}/app/`],
  );
  assert.deepEqual(opened.problems, []);
});

test("whoever cancels is told so in words, and a session that the provider ends ends here", {
  skip,
}, async () => {
  provider.expect({ subject: "bob" });
  await using opened = await openPage(server.url);
  const { page } = opened;
  await button(page).click();
  await page.getByRole("link", { name: "Cancel" }).click();
  const told = page.getByRole("alert").filter({ hasText: "Kestrel ID did not let you in" });
  await told.waitFor();
  assert.equal(new URL(page.url()).search, "");
  assert.deepEqual(await violationsIn(page), [], "cancelled");
  await page.goto(`${server.url}/app/?sign-in=%3Cscript%3E`);
  await button(page).waitFor();
  assert.equal(await page.getByRole("alert").count(), 0);
  await page.goto(`${server.url}/sign-in/callback?code=x&state=y`);
  await page.getByRole("alert").filter({ hasText: "took too long" }).waitFor();

  await button(page).click();
  await page.getByRole("link", { name: "Continue" }).click();
  await message(page).waitFor();
  const logout = await provider.logoutToken({ sub: "bob" });
  const answer = await fetch(`${server.url}/sign-in/logout`, {
    method: "POST",
    body: new URLSearchParams({ logout_token: logout }),
  });
  assert.equal(answer.status, 200);
  // What is remembered of the session is good for half a second.
  await page.waitForFunction(async () => (await fetch("../v1/chat/account")).status === 401);
  await page.reload();
  await button(page).waitFor();
});

test("the page for signing in fits a phone from right to left, with targets of 44 pixels", {
  skip,
}, async () => {
  const phone = { locale: "ar", viewport: { width: 390, height: 844 }, hasTouch: true };
  await using opened = await openPage(server.url, "?sign-in=unavailable", phone);
  const { page } = opened;
  const link = page.getByRole("link", { name: /Kestrel ID/ });
  await link.waitFor();
  assert.ok(((await link.boundingBox())?.height ?? 0) >= 44);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false);
  assert.deepEqual(await violationsIn(page), []);
});
