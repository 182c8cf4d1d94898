// Speaking with the page, as a person does: Chromium with a microphone that hears synthesised speech.
// Runs: waiting
// Takes: 50 s
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { createClient } from "@colloquy/client";
import type { Page } from "playwright-core";
import { startCuttingProxy } from "../../client/test/cutting-proxy.ts";
import { startServer } from "../../server/test/start-server.ts";
import { answering, asking, watchedTool } from "../../server/test/tool-steps.ts";
import { skipWithoutPocketsphinx } from "../../server/test/voice-debian.ts";
import { violationsIn } from "./axe.ts";
import { openPage, wholeBrowser, withoutBrowser } from "./browser.ts";
import { said } from "./chat-page.ts";
import { MICROPHONE_ARGS, willHear } from "./microphone.ts";
import { recordSound, soundsOf, watchSocket } from "./voice-page.ts";

const skip = withoutBrowser || skipWithoutPocketsphinx();
const withMicrophone = { permissions: ["microphone"] };
const LONG_REPLY =
  "There was a little house in the forest. In it lived an old man with his dog. Every morning they went down to the river to see whether the boat was still there. And every evening they came home again.";

before(async () => {
  if (!skip) await wholeBrowser(MICROPHONE_ARGS);
});

const panelOf = (page: Page) => page.getByRole("region", { name: "Conversation by voice" });
const phaseOf = (page: Page, phase: string) =>
  panelOf(page).getByRole("status").getByText(phase, { exact: true });

async function speak(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Speak" }).click();
  await panelOf(page).waitFor();
}

const conversationOf = (page: Page) => page.url().split("/").at(-1) ?? "";

/** The messages as they are stored, once that is true of them. */
async function stored(
  server: { readonly url: string },
  conversationId: string,
  isSo: (contents: readonly string[]) => boolean,
) {
  const client = createClient({ baseUrl: server.url, token: "local" });
  for (;;) {
    const messages = await client.messages.list(conversationId);
    if (isSo(messages.map(({ content }) => content))) return messages;
  }
}

test("a spoken exchange: what is said is shown while it is said, answered, spoken and in the thread", {
  skip,
}, async () => {
  // A busy machine recognises words late: they are said again and again until they are seen, as one turn.
  const sentence = "Please turn on the light in the kitchen.";
  await willHear(500, ...Array.from({ length: 12 }, () => [sentence, 120]).flat());
  await using server = await startServer({ builtIn: true });
  await using opened = await openPage(server.url, "", withMicrophone);
  const { page } = opened;
  await recordSound(page);
  const socket = watchSocket(page);
  await speak(page);
  await phaseOf(page, "You are speaking").waitFor();
  await panelOf(page)
    .getByText(/^Please turn on .* the kitchen/)
    .waitFor();
  assert.ok(!socket.received().some(({ is_final }) => is_final), "while it is said");
  await panelOf(page).getByRole("button", { name: "Mute" }).click();
  await phaseOf(page, "Speaking").waitFor();
  assert.deepEqual(await violationsIn(page), []);
  await phaseOf(page, "Muted").waitFor();

  await said(page, /You said: Please turn on .* the kitchen/).waitFor();
  assert.equal(await said(page, /Please turn on .* the kitchen/).count(), 2);
  await page.waitForURL(/\/c\//);
  const [question, reply] = await stored(
    server,
    conversationOf(page),
    ({ length }) => length === 2,
  );
  assert.match(question?.content ?? "", /the kitchen/);
  assert.deepEqual([reply?.content, reply?.status], [`You said: ${question?.content}`, "complete"]);

  const sounds = await soundsOf(page);
  const heardMs = sounds.reduce((sum, { durationMs }) => sum + durationMs, 0);
  const playback = socket.sent("playback").map(({ played_ms }) => played_ms as number);
  assert.ok(heardMs > 1000 && sounds.every(({ isStopped }) => !isStopped));
  assert.ok(Math.abs((playback.at(-1) ?? 0) - heardMs) < 60, `${playback} of ${heardMs}`);
  assert.deepEqual(
    playback,
    [...playback].sort((a, b) => a - b),
  );
  const [chunk] = socket.sent("audio_chunk");
  const wav = Buffer.from(chunk?.audio_data as string, "base64");
  assert.deepEqual([wav.readUInt16LE(22), wav.readUInt32LE(24)], [1, 16_000]);

  await panelOf(page).getByRole("button", { name: "End", exact: true }).click();
  await panelOf(page).waitFor({ state: "detached" });
  assert.equal(socket.sent("end_conversation").length, 1);
  assert.deepEqual(opened.problems, []);
});

test("a microphone that is refused, and one that goes away, are told of; asked again, it works", {
  skip,
}, async () => {
  await willHear(100);
  await using server = await startServer({ builtIn: true });
  await using opened = await openPage(server.url, "", { permissions: [] });
  const { page } = opened;
  await page.evaluate(() => {
    const devices = navigator.mediaDevices;
    const ask = devices.getUserMedia.bind(devices);
    devices.getUserMedia = async (wanted) => {
      const stream = await ask(wanted);
      const unplug = () => stream.getTracks()[0]?.dispatchEvent(new Event("ended"));
      Object.assign(globalThis, { unplug });
      return stream;
    };
  });
  await speak(page);
  const notice = panelOf(page).getByRole("alert");
  await notice.getByText("This page may not use the microphone.").waitFor();
  await notice.getByText(/Allow it in your browser's settings/).waitFor();
  assert.ok(await panelOf(page).getByRole("button", { name: "Mute" }).isDisabled());
  assert.deepEqual(await violationsIn(page), []);
  await page.context().grantPermissions(["microphone"]);
  await notice.getByRole("button", { name: "Ask again" }).click();
  await panelOf(page).getByRole("button", { name: "Mute", disabled: false }).waitFor();
  assert.equal(await notice.count(), 0);
  await page.evaluate(() => (globalThis as unknown as { unplug(): void }).unplug());
  await notice.getByText("The microphone was disconnected.").waitFor();
  await notice.getByRole("button", { name: "Ask again" }).click();
  await panelOf(page).getByRole("button", { name: "Mute", disabled: false }).waitFor();
});

test("who speaks over a reply is listened to: it stops at once, and is stored as far as it was heard", {
  skip,
}, async () => {
  await willHear(400, "Please tell me a story.", 6500, "What is the weather in the city?");
  await using server = await startServer();
  server.model.next({ text: LONG_REPLY }, { text: "It rains." });
  await using opened = await openPage(server.url, "", withMicrophone);
  const { page } = opened;
  await recordSound(page);
  const socket = watchSocket(page);
  await speak(page);
  await phaseOf(page, "Speaking").waitFor();
  await phaseOf(page, "You are speaking").waitFor();
  await socket.until("interrupted");
  assert.ok((await soundsOf(page)).every(({ isStopped, isOver }) => isStopped || isOver));
  await phaseOf(page, "Speaking").waitFor();
  await said(page, "It rains.").waitFor();
  const [, story] = await stored(server, conversationOf(page), ({ length }) => length === 4);
  assert.equal(story?.status, "interrupted");
  assert.ok(story?.content && LONG_REPLY.startsWith(story.content));
  assert.ok(story.content.length < LONG_REPLY.length - 20, story.content);
  await said(page, story.content).waitFor();
  assert.equal(await said(page, "every evening").count(), 0);
});

test("Escape and the button interrupt; text is typed in the same conversation, and answered aloud while muted", {
  skip,
}, async () => {
  await willHear(100);
  await using server = await startServer();
  server.model.next({ text: LONG_REPLY }, { text: LONG_REPLY }, { text: "Goodbye." });
  await using opened = await openPage(server.url, "", withMicrophone);
  const { page } = opened;
  await recordSound(page);
  const socket = watchSocket(page);
  await speak(page);
  const panel = panelOf(page);
  await phaseOf(page, "Listening").waitFor();
  await panel.getByRole("button", { name: "Mute" }).click();
  await phaseOf(page, "Muted").waitFor();
  const chunks = socket.sent("audio_chunk").length;

  const field = panel.getByRole("textbox", { name: "Type instead of speaking" });
  for (const interrupt of [
    async () => {
      await page.getByRole("button", { name: /settings and account/i }).click();
      await page.getByRole("menu").press("Escape");
      await page.getByRole("menu").waitFor({ state: "hidden" });
      assert.equal(socket.sent("interrupt").length, 0, "that closed the menu");
      await page.keyboard.press("Escape");
    },
    () => panel.getByRole("button", { name: "Interrupt" }).click(),
  ]) {
    await field.fill("Tell me a story");
    await field.press("Enter");
    await phaseOf(page, "Speaking").waitFor();
    await panel.getByText("In it lived an old man").waitFor();
    await interrupt();
    await phaseOf(page, "Muted").waitFor();
    assert.ok((await soundsOf(page)).every(({ isStopped, isOver }) => isStopped || isOver));
  }
  assert.ok(await field.evaluate((element) => element.ownerDocument.hasFocus()));
  assert.equal(socket.sent("interrupt").length, 2);
  await field.fill("Goodbye");
  await field.press("Enter");
  await said(page, "Goodbye.").waitFor();
  assert.equal(socket.sent("audio_chunk").length, chunks, "muted is muted");
  const messages = await stored(server, conversationOf(page), ({ length }) => length === 6);
  assert.deepEqual(
    messages.map(({ status }) => status),
    ["complete", "interrupted", "complete", "interrupted", "complete", "complete"],
  );
  await panel.getByRole("button", { name: "Mute" }).click();
  await socket.untilSent("audio_chunk", chunks + 1);
});

test("[H66] a conversation by voice is begun in the project that the page is in, or is temporary where that was chosen", {
  skip,
}, async () => {
  await willHear(100);
  await using server = await startServer();
  const client = createClient({ baseUrl: server.url, token: "local" });
  const house = await client.projects.create({ name: "House", instructions: "Rhyme always." });
  await using opened = await openPage(server.url, `?project=${house.id}`, withMicrophone);
  const { page } = opened;
  const beginBySpeaking = async (text: string) => {
    await speak(page);
    await phaseOf(page, "Listening").waitFor();
    const field = panelOf(page).getByRole("textbox", { name: "Type instead of speaking" });
    await field.focus();
    await page.keyboard.type(text);
    await page.keyboard.press("Enter");
    await said(page, `Echo: ${text}`).waitFor();
    return client.conversations.get(conversationOf(page));
  };
  const inside = await beginBySpeaking("How many windows?");
  assert.equal(inside.project_id, house.id);
  assert.match(JSON.stringify(server.model.requests.at(-1)?.body), /Rhyme always\./);
  await page.goto(`${server.url}/app/`);
  await page.getByRole("button", { name: "Temporary conversation" }).click();
  const temporary = await beginBySpeaking("Between us");
  assert.ok(temporary.expires_at);
  assert.doesNotMatch(JSON.stringify(server.model.requests.at(-1)?.body), /Rhyme always\./);
});

test("a connection that is lost comes back by itself, and the reply goes on", {
  skip,
}, async () => {
  await willHear(100);
  await using server = await startServer();
  await using proxy = await startCuttingProxy(server.url);
  const reply =
    "There was a house in the forest. In it lived an old man with his dog. He was happy.";
  server.model.next({ text: reply });
  await using opened = await openPage(proxy.url, "", withMicrophone);
  const { page } = opened;
  const socket = watchSocket(page);
  await speak(page);
  await phaseOf(page, "Listening").waitFor();
  await panelOf(page).getByRole("textbox").fill("Tell me a story");
  await page.keyboard.press("Enter");
  await panelOf(page).getByText("In it lived an old man").waitFor();
  proxy.target = null;
  proxy.cut();
  await phaseOf(page, "The connection is lost. Trying again …").waitFor();
  proxy.target = server.url;
  await phaseOf(page, "Speaking").waitFor();
  await panelOf(page).getByText("He was happy.").waitFor();
  await phaseOf(page, "Listening").waitFor();
  const [, story] = await stored(server, conversationOf(page), ({ length }) => length === 2);
  assert.deepEqual([story?.status, story?.content], ["complete", reply]);
  assert.deepEqual(Object.keys(socket.sentences()).join(" "), reply);
  const wholeMs = Object.values(socket.sentences()).reduce((sum, length) => sum + length, 0);
  const playedMs = socket.sent("playback").at(-1)?.played_ms as number;
  assert.ok(Math.abs(playedMs - wholeMs) < 60, `${playedMs} of ${wholeMs}`);
});

test("[S12] a question is asked on the page while the voice says that it waits, and the reply is spoken on after it", {
  skip,
}, async () => {
  await willHear(100);
  const send = watchedTool("send", { effect: "writes", asks: true, isTrusted: false });
  await using server = await startServer({ tools: [send.tool] });
  server.model.next(asking([{ name: "send" }]), answering("It is sent."));
  await using opened = await openPage(server.url, "", withMicrophone);
  const { page } = opened;
  const socket = watchSocket(page);
  await speak(page);
  const panel = panelOf(page);
  await panel.getByRole("button", { name: "Mute" }).click();
  await panel.getByRole("textbox", { name: "Type instead of speaking" }).focus();
  await page.keyboard.type("Send it");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Allow once" }).click();
  await said(page, "It is sent.").waitFor();
  assert.equal(send.inputs.length, 1);
  await socket.until("ai_response", 3);
  assert.deepEqual(
    socket.received().flatMap(({ type, text }) => (type === "ai_response" ? text : [])),
    ["Before I go on, I need your decision on the screen.", "It is sent.", ""],
  );
  assert.equal(Object.keys(socket.sentences()).length, 2, "both are spoken");
});
