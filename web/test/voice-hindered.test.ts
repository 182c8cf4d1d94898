// What stands in the way of speaking is told in words, with what to do; typed text is answered aloud all the same.
// Runs: waiting
// Takes: 15 s
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { createClient } from "@colloquy/client";
import type { Page } from "playwright-core";
import { startServer } from "../../server/test/start-server.ts";
import { skipWithoutPocketsphinx } from "../../server/test/voice-debian.ts";
import { violationsIn } from "./axe.ts";
import { openPage, wholeBrowser, withoutBrowser } from "./browser.ts";
import { message, said } from "./chat-page.ts";
import { claim, signIn } from "./people.ts";
import { watchSocket } from "./voice-page.ts";

const skip = withoutBrowser || skipWithoutPocketsphinx();

// It has no microphone.
before(async () => {
  if (!skip) await wholeBrowser();
});

const panelOf = (page: Page) => page.getByRole("region", { name: "Conversation by voice" });

async function isAnsweredAloud(page: Page): Promise<void> {
  const field = panelOf(page).getByRole("textbox", { name: "Type instead of speaking" });
  await field.fill("Hello");
  // Both are shown for no longer than the word lasts, which a look now and then may miss on a busy machine.
  const hasSpoken = panelOf(page).evaluate(
    (panel) =>
      new Promise<void>((resolve) => {
        let isSpeaking = false;
        let isWritten = false;
        const look = () => {
          for (const status of panel.querySelectorAll('[role="status"], output'))
            isSpeaking ||= status.textContent?.includes("Speaking") ?? false;
          isWritten ||= panel.textContent?.includes("You said: Hello") ?? false;
          if (isSpeaking && isWritten) resolve();
        };
        new MutationObserver(look).observe(panel, {
          ...{ childList: true, characterData: true, subtree: true },
        });
        look();
      }),
  );
  await field.press("Enter");
  await hasSpoken;
}

test("a microphone that is missing is told of, and typed text is answered aloud", {
  skip,
}, async () => {
  await using server = await startServer({ builtIn: true });
  await using opened = await openPage(server.url, "", { permissions: ["microphone"] });
  const { page } = opened;
  await page.getByRole("button", { name: "Speak" }).click();
  const notice = panelOf(page).getByRole("alert");
  await notice.getByText("No microphone was found.").waitFor();
  assert.ok(await panelOf(page).getByRole("button", { name: "Mute" }).isDisabled());
  assert.deepEqual(await violationsIn(page), []);
  await isAnsweredAloud(page);
});

test("dictating without a microphone says so, and on a page that is not secure what to do", {
  skip,
}, async () => {
  await using server = await startServer({ builtIn: true });
  await using opened = await openPage(server.url, "", { permissions: ["microphone"] });
  const { page } = opened;
  const notice = page.getByRole("status").filter({ hasText: "No microphone was found." });
  await page.getByRole("button", { name: "Dictate" }).click();
  await notice.getByText(/Connect one, then ask again\.$/).waitFor();
  await page.evaluate(() => Object.defineProperty(navigator, "mediaDevices", { value: undefined }));
  await notice.getByRole("button", { name: "Ask again" }).click();
  await page.getByText(/Open this page over https, or .* http:\/\/localhost\.$/).waitFor();
  assert.equal(await page.getByRole("button", { name: "Ask again" }).count(), 0);

  // As a server without a recogniser answers.
  await page.route("**/v1/chat/account", async (route) => {
    const response = await route.fetch();
    const { data, ...rest } = await response.json();
    await route.fulfill({ response, json: { ...rest, data: { ...data, can_hear: false } } });
  });
  await page.reload();
  await page.getByRole("button", { name: "Speak" }).waitFor();
  assert.equal(await page.getByRole("button", { name: "Dictate" }).count(), 0);
});

test("a page that did not come by https or from this machine gets no microphone, and says so", {
  skip,
}, async () => {
  await using server = await startServer({ builtIn: true });
  await using opened = await openPage(server.url);
  const { page } = opened;
  await page.evaluate(() => Object.defineProperty(navigator, "mediaDevices", { value: undefined }));
  await page.getByRole("button", { name: "Speak" }).click();
  await panelOf(page).getByText("Open this page over https").waitFor();
  await isAnsweredAloud(page);
});

test("the agent that was chosen answers aloud; voice goes on when the first key is made meanwhile", {
  skip,
}, async () => {
  await using server = await startServer();
  const client = createClient({ baseUrl: server.url, token: "local" });
  const pirate = await client.agents.create({ name: "Pirate", instructions: "Talk like a pirate" });
  await using opened = await openPage(server.url, `?agent=${pirate.id}`);
  const { page } = opened;
  await page.getByRole("button", { name: "Speak" }).click();
  const panel = panelOf(page);
  await panel.getByRole("textbox").fill("Hello");
  await page.keyboard.press("Enter");
  await said(page, "Echo: Hello").waitFor();
  const { messages } = (await server.model.requested()).body ?? {};
  assert.match(JSON.stringify(messages), /Talk like a pirate/);

  await page.getByRole("button", { name: /settings and account/i }).click();
  await page.getByRole("menuitem", { name: "Keys" }).click();
  await panel.getByRole("link", { name: "Go to the conversation by voice" }).waitFor();
  await page.getByRole("button", { name: "Create a key" }).click();
  await page.getByLabel("Code").fill(server.claimCode ?? "");
  await page.getByRole("button", { name: "Create it and sign in" }).click();
  await page.getByLabel("I have put it in a safe place").check();
  await page.getByRole("button", { name: "Close", exact: true }).click();
  await panel.getByRole("link", { name: "Go to the conversation by voice" }).click();
  await panel.getByRole("textbox").fill("Still there?");
  await page.keyboard.press("Enter");
  await said(page, "Echo: Still there?").waitFor();
  assert.equal(page.url().includes("/c/"), true);
});

test("a server that understands no speech says why, and nobody is asked for a microphone", {
  skip,
}, async () => {
  const environment = { STT_BASE_URL: "http://127.0.0.1:9/v1" };
  await using server = await startServer({ builtIn: true, environment });
  await using opened = await openPage(server.url, "", { locale: "de-DE" });
  const { page } = opened;
  let isAsked = false;
  await page.exposeFunction("asked", () => {
    isAsked = true;
  });
  await page.evaluate(() => {
    navigator.mediaDevices.getUserMedia = () => {
      (globalThis as unknown as { asked(): void }).asked();
      return Promise.reject(new Error("asked"));
    };
  });
  await page.getByRole("button", { name: "Sprechen" }).click();
  const panel = page.getByRole("region", { name: "Gespräch mit der Stimme" });
  await panel.getByText("Dieser Server versteht noch keine Sprache.").waitFor();
  await panel.getByText(/The speech recogniser .* does not work now/).waitFor();
  await panel.getByRole("textbox").fill("Guten Tag");
  await page.keyboard.press("Enter");
  await panel.getByText("You said: Guten Tag").waitFor();
  assert.equal(isAsked, false);
  assert.deepEqual(await violationsIn(page), []);
});

test("a key is shown to the socket, not written in its address; when it is revoked, voice ends with the session", {
  skip,
}, async () => {
  await using server = await startServer({ builtIn: true });
  const key = await claim(server);
  await using opened = await openPage(server.url);
  const { page } = opened;
  await signIn(page, key);
  await message(page).waitFor();
  const socket = watchSocket(page);
  await page.getByRole("button", { name: "Speak" }).click();
  await isAnsweredAloud(page);
  assert.ok(socket.addresses().every((address) => !address.includes(key)));
  await server.store.revokeKey((await server.store.listKeys())[0]?.id ?? "", new Date());
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await page.getByRole("alert").getByText("This key is unknown or revoked").waitFor();
  assert.equal(await panelOf(page).count(), 0);
});
