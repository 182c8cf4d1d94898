// Speaking with the page, as a person does: Chromium with a microphone that hears synthesised speech.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { createClient } from "@colloquy/client";
import { startServer } from "../../server/test/start-server.ts";
import { skipWithoutPocketsphinx } from "../../server/test/voice-debian.ts";
import { browser, openPage, withoutBrowser } from "./browser.ts";
import { MICROPHONE_ARGS, willHear } from "./microphone.ts";

const skip = withoutBrowser || skipWithoutPocketsphinx();
const permissions = ["microphone"];

before(async () => {
  if (!skip) await browser(MICROPHONE_ARGS);
});

test("a spoken exchange: what is said is shown, answered, spoken and in the thread", {
  skip,
}, async () => {
  await willHear(500, "Please turn on the light in the kitchen.");
  await using server = await startServer({ builtIn: true });
  await using opened = await openPage(server.url, "", { permissions });
  const { page } = opened;
  await page.getByRole("button", { name: "Speak" }).click();
  const panel = page.getByRole("region", { name: "Conversation by voice" });
  await panel.getByText("You are speaking").waitFor();
  await panel.getByText(/the kitchen/i).waitFor();
  await panel.getByRole("status").getByText("Speaking", { exact: true }).waitFor();
  await panel.getByText("Listening").waitFor();
  await page.waitForURL(/\/c\//);
  const id = page.url().split("/").at(-1) ?? "";
  const client = createClient({ baseUrl: server.url, token: "local" });
  const [said, reply] = await client.messages.list(id);
  assert.match(said?.content ?? "", /the kitchen/i);
  assert.equal(reply?.content, `You said: ${said?.content}`);
  assert.equal(reply?.status, "complete");
  assert.deepEqual(opened.problems, []);
});
