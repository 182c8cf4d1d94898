// Dictating into the field: Chromium's microphone hears synthesised speech, and what is said is written, never sent.
// Runs: waiting
// Takes: 15 s
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Page } from "playwright-core";
import { startSpeechServer } from "../../server/test/speech-server.ts";
import { startServer } from "../../server/test/start-server.ts";
import { skipWithoutPocketsphinx } from "../../server/test/voice-debian.ts";
import { violationsIn } from "./axe.ts";
import { openPage, wholeBrowser, withoutBrowser } from "./browser.ts";
import { message, messages, replied, said } from "./chat-page.ts";
import { MICROPHONE_ARGS, willHear } from "./microphone.ts";
import { claim, signIn } from "./people.ts";

const skip = withoutBrowser;
const SENTENCE = "Please turn on the light in the kitchen.";
const MAX_SAMPLES = 120 * 16_000;
let speech: Awaited<ReturnType<typeof startSpeechServer>>;
let server: Awaited<ReturnType<typeof startServer>>;

before(async () => {
  if (skip) return;
  await willHear(100, SENTENCE);
  await wholeBrowser(MICROPHONE_ARGS);
  speech = await startSpeechServer();
  server = await startServer({ environment: { STT_BASE_URL: speech.baseUrl } });
});
after(async () => {
  await server?.[Symbol.asyncDispose]();
  await speech?.[Symbol.asyncDispose]();
});

type Hearing = { samples: number; tracks: MediaStreamTrack[]; hear(samples: number): void };
declare const hearing: Hearing;

/** Notes what the page is lent and hears; `hear` gives it so much silence at once. */
const watchHearing = (page: Page): Promise<void> =>
  page.evaluate(() => {
    const noted: Hearing = { samples: 0, tracks: [], hear: () => {} };
    Object.assign(globalThis, { hearing: noted });
    const { mediaDevices } = navigator;
    const lend = mediaDevices.getUserMedia.bind(mediaDevices);
    mediaDevices.getUserMedia = async (wanted) => {
      const stream = await lend(wanted);
      noted.tracks.push(...stream.getTracks());
      return stream;
    };
    globalThis.AudioWorkletNode = class extends AudioWorkletNode {
      constructor(...options: ConstructorParameters<typeof AudioWorkletNode>) {
        super(...options);
        noted.samples = 0;
        noted.hear = (samples) =>
          this.port.dispatchEvent(new MessageEvent("message", { data: new Int16Array(samples) }));
        this.port.addEventListener("message", ({ data }) => {
          noted.samples += data.length;
        });
      }
    };
  });

const heard = (page: Page, seconds: number) =>
  page.waitForFunction((least) => hearing.samples >= least, seconds * 16_000);
const isGivenBack = (page: Page) =>
  page.waitForFunction(() => hearing.tracks.every(({ readyState }) => readyState === "ended"));
const dictate = (page: Page, name = "Dictate") => page.getByRole("button", { name });
const phase = (page: Page, words: string) => page.locator("form [aria-live]").getByText(words);
const notice = (page: Page, words: string | RegExp) =>
  page.getByRole("status").filter({ hasText: words });
/** Once there are words of the recogniser: "… samples". */
const isWritten = (page: Page, count = 1) =>
  page.waitForFunction(
    (least) =>
      (
        document.querySelector<HTMLTextAreaElement>("[data-composer]")?.value.match(/samples/g) ??
        []
      ).length >= least,
    count,
  );

async function openWithMicrophone(options = {}) {
  const opened = await openPage(server.url, "", { permissions: ["microphone"], ...options });
  await opened.page.locator("[data-composer]").waitFor();
  await watchHearing(opened.page);
  return opened;
}

test("what is said is in the field at the caret, around it all that was typed; nothing is sent by itself", {
  skip: skip || skipWithoutPocketsphinx(),
}, async () => {
  await using own = await startServer({ builtIn: true });
  const key = await claim(own);
  await using opened = await openPage(own.url, "", { permissions: ["microphone"] });
  const { page, problems } = opened;
  await signIn(page, key);
  await message(page).waitFor();
  await watchHearing(page);
  await page.keyboard.type("First this:, and then the door.");
  for (const _ of ", and then the door.") await page.keyboard.press("ArrowLeft");
  await dictate(page).click();
  await phase(page, "Listening").waitFor();
  assert.equal(await dictate(page).getAttribute("aria-pressed"), "true");
  await heard(page, 2.6);
  assert.deepEqual(await violationsIn(page), []);
  await page.keyboard.press("Space");
  await page.waitForFunction(() =>
    document.querySelector("form [aria-live]")?.textContent?.startsWith("Transcribed: "),
  );
  assert.match(
    await message(page).inputValue(),
    /^First this: .*\b(?:turn|light|kitchen)\b.*, and then the door\.$/i,
  );
  await isGivenBack(page);
  await page.keyboard.type(" and the hall");
  assert.match(
    await message(page).inputValue(),
    /^First this: .+ and the hall, and then the door\.$/,
  );
  assert.equal(await dictate(page).getAttribute("aria-pressed"), "false");
  assert.equal(await messages(page).count(), 0);
  await page.keyboard.press("Enter");
  await said(page, /You said: First this: .+ and the hall, and then the door/).waitFor();
  assert.deepEqual(problems, []);
});

test("by keyboard alone; Escape ends what is dictated, not the reply that runs; what could not be written can be tried again", {
  skip,
}, async () => {
  await using opened = await openWithMicrophone();
  const { page, problems } = opened;
  server.model.next({ text: "One two three four", hold: 2 });
  await page.keyboard.type("Go on");
  await page.keyboard.press("Enter");
  await server.model.held();
  await dictate(page).focus();
  await page.keyboard.press("Enter");
  await phase(page, "Listening").waitFor();
  await heard(page, 0.2);
  speech.faults.push(401);
  await message(page).focus();
  await page.keyboard.type("Typed before");
  await page.keyboard.press("Escape");
  const problem = notice(page, "What you said could not be transcribed");
  await problem.waitFor();
  await isGivenBack(page);
  assert.equal(await message(page).inputValue(), "Typed before");
  assert.deepEqual(await violationsIn(page), []);
  await problem.getByRole("button", { name: "Try again" }).click();
  await isWritten(page);
  assert.match(await message(page).inputValue(), /^Typed before \d+ samples$/);
  assert.equal(await page.getByRole("button", { name: "Stop the reply" }).count(), 1);
  server.model.release();
  await replied(page);
  assert.equal(await messages(page).count(), 2);
  assert.deepEqual(problems, []);
});

test("two minutes are the most at once, and said so; what is said to one conversation stays there when another is opened", {
  skip,
}, async () => {
  await using opened = await openWithMicrophone();
  const { page, problems } = opened;
  await dictate(page).click();
  await phase(page, "Listening").waitFor();
  await page.evaluate((samples) => hearing.hear(samples), MAX_SAMPLES + 16_000);
  await notice(page, "A dictation lasts two minutes at most").waitFor();
  await isGivenBack(page);
  await isWritten(page);
  const written = (await message(page).inputValue()).match(/\d+(?= samples)/g) ?? [];
  assert.equal(
    written.reduce((sum, count) => sum + Number(count), 0),
    MAX_SAMPLES,
  );

  await page.keyboard.press("Enter");
  await replied(page);
  await page.keyboard.type("Kept here:");
  await dictate(page).click();
  await phase(page, "Listening").waitFor();
  await heard(page, 0.2);
  await page.getByRole("link", { name: "New conversation" }).first().click();
  await page.waitForURL(/\/app\/$/);
  await isGivenBack(page);
  await page.waitForFunction(
    () =>
      !document
        .querySelector("[data-dictate]")
        ?.matches("[data-dictate=writing], [aria-pressed=true]"),
  );
  assert.equal(await message(page).inputValue(), "");
  await page.goBack();
  await isWritten(page);
  assert.match(await message(page).inputValue(), /^Kept here: \d+ samples$/);
  assert.deepEqual(problems, []);
});

test("on a phone, from right to left, the microphone has its 44 pixels; one that is refused or lost is told of, and asked for again", {
  skip,
}, async () => {
  const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
  await using opened = await openWithMicrophone({ ...phone, locale: "ar", permissions: [] });
  const { page, problems } = opened;
  const button = dictate(page, "إملاء");
  const box = await button.boundingBox();
  assert.ok(box && box.width >= 44 && box.height >= 44, JSON.stringify(box));
  await button.tap();
  const refused = notice(page, "لا يُسمح لهذه الصفحة باستخدام الميكروفون.");
  await refused.waitFor();
  assert.deepEqual(await violationsIn(page), []);
  await page.context().grantPermissions(["microphone"]);
  await refused.getByRole("button", { name: "السؤال من جديد" }).tap();
  await phase(page, "يستمع").waitFor();
  assert.deepEqual(await violationsIn(page), []);
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(width <= 390, `${width}`);
  await heard(page, 0.2);
  const told = page.locator("form [aria-live]");
  assert.ok(await told.evaluate(({ scrollWidth, clientWidth }) => scrollWidth <= clientWidth));
  await page.evaluate(() => hearing.tracks.at(-1)?.dispatchEvent(new Event("ended")));
  await notice(page, "لم يعد الميكروفون موجودًا.").waitFor();
  await isWritten(page);

  // A draft that was kept is gone on with at its end.
  await page.reload();
  await button.waitFor();
  await watchHearing(page);
  await button.tap();
  await phase(page, "يستمع").waitFor();
  await heard(page, 0.2);
  await button.tap();
  await isWritten(page, 2);
  assert.match(await page.locator("[data-composer]").inputValue(), /^\d+ samples \d+ samples$/);
  assert.deepEqual(problems, []);
});
