// Inviting somebody who has no key, accepting it as that person does, and what ends it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createClient } from "@colloquy/client";
import type { Page } from "playwright-core";
import { startServer } from "../../server/test/start-server.ts";
import { violationsIn } from "./axe.ts";
import { openPage, withoutBrowser } from "./browser.ts";
import { message, replied, said } from "./chat-page.ts";
import { claim, signIn } from "./people.ts";

const skip = withoutBrowser;
let server: Awaited<ReturnType<typeof startServer>>;
let key = "";
before(async () => {
  if (skip) return;
  server = await startServer();
  key = await claim(server);
});
after(() => server?.[Symbol.asyncDispose]());

const operator = () => createClient({ baseUrl: server.url, token: key });
/** Goes on by Tab until that has the focus. */
async function tabTo(page: Page, name: string): Promise<void> {
  const button = page.getByRole("button", { name, exact: true });
  await button.waitFor();
  for (let presses = 0; presses < 30; presses++) {
    if (await button.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`Tab does not come to ${name}`);
}

test("[H76] an operator invites somebody by keyboard, who looks, accepts, talks, comes back, and signs out; the link then opens nothing", {
  skip,
}, async () => {
  await using operators = await openPage(server.url, "keys");
  await signIn(operators.page, key);
  await operators.page.getByRole("heading", { name: "Invitations" }).waitFor();
  await tabTo(operators.page, "Invite somebody");
  await operators.page.keyboard.press("Enter");
  const asking = operators.page.getByRole("dialog", { name: "Invite somebody" });
  await asking.waitFor();
  assert.deepEqual(await violationsIn(operators.page), []);
  await operators.page.keyboard.type("Bob");
  await operators.page.keyboard.press("Tab");
  await operators.page.keyboard.type("Ann");
  await operators.page.keyboard.press("Enter");
  const shown = operators.page.getByRole("dialog", { name: "The invitation" });
  const link = (await shown.locator("code").textContent()) ?? "";
  assert.match(link, /\/app\/invitation#ci_[\w-]{43}$/);
  assert.ok(link.startsWith(`${server.url}/app/`), link);
  assert.deepEqual(await violationsIn(operators.page), []);
  await tabTo(operators.page, "Close");
  await operators.page.keyboard.press("Enter");
  const invite = operators.page.getByRole("button", { name: "Invite somebody" });
  await operators.page.waitForFunction(
    (button) => button === document.activeElement,
    await invite.elementHandle(),
  );
  const row = operators.page.getByRole("listitem").filter({ hasText: "Bob" });
  await row.getByText(/^Open until /).waitFor();
  assert.deepEqual(await violationsIn(operators.page), []);

  const asked: string[] = [];
  await using opened = await openPage(server.url, `invitation#${link.split("#")[1]}`);
  const { page } = opened;
  page.on("request", (request) => asked.push(`${request.method()} ${request.url()}`));
  await page.getByRole("heading", { name: "Ann invites you" }).waitFor();
  await page.getByText("You stay signed in on this device for 90 days").waitFor();
  assert.deepEqual(await violationsIn(page), []);
  // Whoever only looks uses nothing up.
  await page.reload();
  await tabTo(page, "Accept and sign in");
  await page.keyboard.press("Enter");
  await message(page).waitFor();
  assert.equal(page.url(), `${server.url}/app/`, "the secret has left the address");
  assert.equal(await page.evaluate(() => document.cookie), "", "no script reads the session");
  assert.deepEqual(
    asked.filter((request) => request.includes("ci_")),
    [],
    "no address holds the secret",
  );
  await message(page).click();
  await page.keyboard.type("Hello from Bob");
  await page.keyboard.press("Enter");
  await said(page, "Echo: Hello from Bob").waitFor();
  await replied(page);
  await page.reload();
  await said(page, "Echo: Hello from Bob").waitFor();

  const other = await page.context().newPage();
  await other.goto(link);
  await other.getByRole("heading", { name: "This invitation does not work" }).waitFor();
  assert.deepEqual(await violationsIn(other), []);
  await other.close();

  await page.getByRole("button", { name: /settings and account/i }).press("Enter");
  await page.getByRole("menuitem", { name: "Sign out" }).press("Enter");
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  assert.deepEqual(await page.context().cookies(), []);
  assert.deepEqual(opened.problems, []);
});

test("[H77] whoever has accepted an invitation is signed out when an operator ends it, and is told so", {
  skip,
}, async () => {
  const { secret } = await operator().invitations.create({ name: "Carol" });
  await using opened = await openPage(server.url, `invitation#${secret}`);
  const { page } = opened;
  await page.getByRole("heading", { name: "You are invited" }).waitFor();
  await page.getByRole("button", { name: "Accept and sign in" }).press("Enter");
  await message(page).waitFor();

  await using operators = await openPage(server.url, "keys");
  await signIn(operators.page, key);
  const row = operators.page.getByRole("listitem").filter({ hasText: "Carol" });
  await row.getByText(/^Accepted on /).waitFor();
  await operators.page.getByRole("button", { name: "Sign out Carol" }).press("Enter");
  const asking = operators.page.getByRole("dialog", { name: "Sign out Carol" });
  await asking.getByText("can come back only with another invitation").waitFor();
  assert.deepEqual(await violationsIn(operators.page), []);
  await asking.getByRole("button", { name: "Sign out" }).press("Enter");
  await row.waitFor({ state: "detached" });
  const heading = operators.page.getByRole("heading", { name: "Invitations" });
  await operators.page.waitForFunction(() => document.activeElement?.id === "invitations");
  assert.equal(await heading.count(), 1);

  await page.waitForFunction(async () => (await fetch("../v1/chat/account")).status === 401);
  await message(page).click();
  await page.keyboard.type("Am I still in?");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").filter({ hasText: "You are signed out." }).waitFor();
  assert.deepEqual(opened.problems, []);
});

test("[H76] whoever presses the button and gets no answer tries again, or comes back, and is in", {
  skip,
}, async () => {
  for (const again of ["retry", "reload"] as const) {
    const { secret } = await operator().invitations.create({ name: "Erin" });
    await using opened = await openPage(server.url, `invitation#${secret}`);
    const { page } = opened;
    await page.getByRole("heading", { name: "You are invited" }).waitFor();
    let accepted = 0;
    await page.route("**/sign-in/invitation/accept", async (route) => {
      if (accepted) return route.continue();
      accepted = (await route.fetch()).status();
      // Neither the answer nor its cookie comes back.
      await page.context().clearCookies();
      return route.abort();
    });
    await page.getByRole("button", { name: "Accept and sign in" }).press("Enter");
    const retry = page.getByRole("button", { name: "Try again" });
    await retry.waitFor();
    assert.equal(accepted, 204);
    if (again === "retry") await retry.press("Enter");
    else await page.reload();
    await message(page).waitFor();
    assert.equal(page.url(), `${server.url}/app/`);
    assert.equal(await page.evaluate(() => sessionStorage.getItem("colloquy.invitation")), null);
  }
});

test("an invitation takes the place of a key; on a phone and from right to left all of it fits, with targets of 44 pixels", {
  skip,
}, async () => {
  const { secret, user_id } = await operator().invitations.create({ invited_by: "آن" });
  const phone = { locale: "ar", viewport: { width: 320, height: 640 }, hasTouch: true };
  await using opened = await openPage(server.url, "", phone);
  const { page } = opened;
  await page.getByLabel("المفتاح", { exact: true }).fill(key);
  await page.getByRole("button", { name: "تسجيل الدخول" }).click();
  await page.locator("[data-composer]").waitFor();
  await page.goto(`${server.url}/app/invitation#${secret}`);
  const button = page.getByRole("button", { name: "قبول الدعوة وتسجيل الدخول" });
  await button.waitFor();
  assert.ok(((await button.boundingBox())?.height ?? 0) >= 44);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false);
  assert.deepEqual(await violationsIn(page), []);
  await button.tap();
  await page.locator("[data-composer]").waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.getItem("colloquy.key")), null);
  const account = await page.evaluate(async () => (await fetch("../v1/chat/account")).json());
  assert.equal(account.data.user_id, user_id);
  assert.deepEqual(opened.problems, []);
});
