// A microphone that was lent is given back whenever it cannot be used, or is not wanted any more.
// Runs: waiting
import assert from "node:assert/strict";
import { before, test } from "node:test";
import type { Page } from "playwright-core";
import { startServer } from "../../server/test/start-server.ts";
import { skipWithoutPocketsphinx } from "../../server/test/voice-debian.ts";
import { violationsIn } from "./axe.ts";
import { openPage, wholeBrowser, withoutBrowser } from "./browser.ts";
import { message } from "./chat-page.ts";

const skip = withoutBrowser || skipWithoutPocketsphinx();
const withMicrophone = { permissions: ["microphone"] };

before(async () => {
  if (!skip) await wholeBrowser(["--use-fake-device-for-media-stream"]);
});

const panelOf = (page: Page) => page.getByRole("region", { name: "Conversation by voice" });

type Lent = { tracks: MediaStreamTrack[]; contexts: AudioContext[]; asked: number; allow(): void };
declare const lent: Lent;

/** Notes what the page is lent and opens; `asks`: as where a person is asked, until `lent.allow()`. */
const watchLending = (page: Page, asks = false): Promise<void> =>
  page.evaluate((isAsked) => {
    const allowed = Promise.withResolvers<void>();
    if (!isAsked) allowed.resolve();
    const noted: Lent = { tracks: [], contexts: [], asked: 0, allow: allowed.resolve };
    Object.assign(globalThis, { lent: noted });
    const devices = navigator.mediaDevices;
    const lend = devices.getUserMedia.bind(devices);
    devices.getUserMedia = async (wanted) => {
      noted.asked++;
      await allowed.promise;
      const stream = await lend(wanted);
      noted.tracks.push(...stream.getTracks());
      return stream;
    };
    globalThis.AudioContext = class extends AudioContext {
      constructor(options?: AudioContextOptions) {
        super(options);
        noted.contexts.push(this);
      }
    };
  }, asks);

/** Once so many tracks were lent, and each is given back. */
const allGivenBack = (page: Page, count: number) =>
  page.waitForFunction(
    (least) =>
      lent.tracks.length >= least && lent.tracks.every(({ readyState }) => readyState === "ended"),
    count,
  );

test("where what records cannot be loaded, the microphone is given back, and one is told what to do", {
  skip,
}, async () => {
  await using server = await startServer({ builtIn: true });
  await using opened = await openPage(server.url, "", withMicrophone);
  const { page, problems } = opened;
  await watchLending(page);
  // Playwright does not see what a worklet loads.
  await page.evaluate(() => {
    const { addModule } = AudioWorklet.prototype;
    AudioWorklet.prototype.addModule = () => {
      AudioWorklet.prototype.addModule = addModule;
      return Promise.reject(new DOMException("Unable to load a worklet's module.", "AbortError"));
    };
  });
  await page.getByRole("button", { name: "Speak" }).click();
  const notice = panelOf(page).getByRole("alert");
  await notice.getByText("The microphone could not be started.").waitFor();
  await allGivenBack(page, 1);
  assert.deepEqual(await violationsIn(page), []);

  await notice.getByRole("button", { name: "Ask again" }).click();
  await panelOf(page).getByRole("status").getByText("Listening").waitFor();
  await panelOf(page).getByRole("button", { name: "End", exact: true }).click();
  await allGivenBack(page, 2);
  assert.deepEqual(problems, []);
});

test("a microphone that is allowed after voice was ended is given back at once", {
  skip,
}, async () => {
  await using server = await startServer({ builtIn: true });
  await using opened = await openPage(server.url, "", withMicrophone);
  const { page, problems } = opened;
  await watchLending(page, true);
  await page.getByRole("button", { name: "Speak" }).click();
  await panelOf(page).getByRole("status").getByText("Waiting for the microphone").waitFor();
  await page.waitForFunction(() => lent.asked === 1);
  await panelOf(page).getByRole("button", { name: "End", exact: true }).click();
  await page.waitForFunction(() => lent.contexts.every(({ state }) => state === "closed"));
  await page.evaluate(() => lent.allow());
  await allGivenBack(page, 1);
  assert.deepEqual(problems, []);
});

test("voice that cannot begin leaves no sound open", { skip }, async () => {
  await using server = await startServer({ builtIn: true });
  await using opened = await openPage(server.url, "?agent=none");
  const { page } = opened;
  await message(page).waitFor();
  await watchLending(page);
  await page.route("**/v1/chat/conversations", (route) =>
    route.request().method() === "POST" ? route.fulfill({ status: 403 }) : route.continue(),
  );
  await page.getByRole("button", { name: "Speak" }).click();
  await page.locator("[data-problem]").waitFor();
  await page.waitForFunction(
    () => lent.contexts.length === 1 && lent.contexts.every(({ state }) => state === "closed"),
  );
});
