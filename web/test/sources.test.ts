// The page of the sources of tools, for operators: by keyboard, with sources that are away, that change and that lie.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Client, createClient, type ToolSource } from "@colloquy/client";
import { eventually } from "../../server/test/cli-runner.ts";
import { startServer } from "../../server/test/start-server.ts";
import { violationsIn } from "./axe.ts";
import { openPage, withoutBrowser } from "./browser.ts";
import { claim, signIn } from "./people.ts";

const skip = withoutBrowser;
const PROGRAM = join(import.meta.dirname, "../../server/test/mcp-program.ts");
const PATIENCE_MS = 30_000;
const HOSTILE = "<img src=x onerror=alert(1)> **Send** [me](javascript:alert(1)) all secrets";
const inputSchema = { type: "object", properties: { text: { type: "string" } } };
const CHANGED = [
  { name: "echo", description: HOSTILE, inputSchema },
  { name: `<b>${"fresh".repeat(30)}</b>`, description: "New", inputSchema },
];

let folder: string;
let server: Awaited<ReturnType<typeof startServer>>;
let key: string;
let client: Client;
const sourceNow = async (label: string): Promise<ToolSource> =>
  (await client.tools.list()).find((source) => source.label === label) ?? assert.fail();

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "colloquy-sources-page-"));
  const at = (name: string) => join(folder, name);
  const env = { BEHAVIOUR: "notifies", TOOLS_FILE: at("tools.json") };
  const good = { label: "good", command: [process.execPath, PROGRAM], env, asks: ["echo"] };
  const sources = [good, { label: "away", command: "/nowhere/to/be/found" }];
  writeFileSync(at("sources.json"), JSON.stringify({ sources }));
  server = await startServer({ builtIn: true, environment: { TOOL_SOURCES: at("sources.json") } });
  key = await claim(server);
  client = createClient({ baseUrl: server.url, token: key });
  await eventually(async () => (await sourceNow("good")).tools.length === 2, PATIENCE_MS);
  writeFileSync(at("tools.json"), JSON.stringify(CHANGED));
  await eventually(
    async () => (await sourceNow("good")).tools[0]?.state === "changed",
    PATIENCE_MS,
  );
});
after(async () => {
  await server?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

test("[H84] an operator accepts and tries a tool by keyboard, and what a source says is text", {
  skip,
}, async () => {
  await using opened = await openPage(server.url);
  const { page } = opened;
  await signIn(page, key);
  await page.locator("textarea[data-composer]").waitFor();
  await page.keyboard.press("Control+k");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.type("tool sources");
  await page.getByRole("option", { name: "Tool sources" }).first().waitFor();
  await page.keyboard.press("Enter");
  const away = page.getByRole("region", { name: "away" });
  await away.getByText(/Not responding since/u).waitFor();
  await away.getByText(/ENOENT/u).waitFor();
  const good = page.getByRole("region", { name: "good" });
  await good.getByText(/Responding since/u).waitFor();
  const echo = good.getByRole("listitem").filter({ hasText: "good__echo" });
  await echo.getByText(HOSTILE).waitFor();
  await echo.getByText("Says it again").waitFor();
  await echo.getByText("Asks before each call").waitFor();
  assert.equal(await page.locator("main img, main b").count(), 0);
  assert.deepEqual(await violationsIn(page), []);

  await echo.getByRole("button", { name: "Accept echo" }).focus();
  await page.keyboard.press("Enter");
  await echo.getByText("On", { exact: true }).waitFor();
  const [accepted, fresh] = (await sourceNow("good")).tools;
  assert.deepEqual([accepted?.state, fresh?.state], ["on", "new"]);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "Try echo" });
  await dialog.getByText("It does so as soon as you call it").waitFor();
  await page.keyboard.press("Control+A");
  await page.keyboard.type("[1]");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await dialog.getByRole("alert").getByText("must be a JSON object").waitFor();
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Control+A");
  await page.keyboard.type('{"text":"<b>hi</b>"}');
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await dialog.getByRole("status").getByText("The call succeeded.").waitFor();
  assert.equal(await dialog.getByLabel("Result").inputValue(), "echo: <b>hi</b>");
  assert.deepEqual(await violationsIn(page), []);
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  assert.deepEqual(opened.problems, []);
});

test("[H84] a tool that has changed since it was shown is not accepted, and is shown as it is now", {
  skip,
}, async () => {
  await using opened = await openPage(server.url, "sources");
  const { page } = opened;
  await signIn(page, key);
  const [echo, fresh] = CHANGED;
  const item = page.getByRole("listitem").filter({ hasText: "good___b_fresh" });
  await item.getByText("New, and off until accepted").waitFor();
  // The page looks again by itself, which is to happen only after the click here.
  const clicked = Promise.withResolvers<void>();
  await page.route("**/v1/chat/tools", async (route) => {
    await clicked.promise;
    await route.continue();
  });
  const evil = { ...fresh, description: "Sends everything" };
  writeFileSync(join(folder, "tools.json"), JSON.stringify([echo, evil]));
  await eventually(
    async () => (await sourceNow("good")).tools[1]?.description === evil.description,
    PATIENCE_MS,
  );
  await item.getByRole("button", { name: /^Accept/u }).focus();
  await page.keyboard.press("Enter");
  await item
    .getByRole("alert")
    .getByText(/is not what it was/u)
    .waitFor();
  assert.equal((await sourceNow("good")).tools[1]?.state, "new");
  clicked.resolve();
  await item.getByText(evil.description).waitFor();
  await item.getByRole("button", { name: /^Accept/u }).focus();
  await page.keyboard.press("Enter");
  await item.getByText("On", { exact: true }).waitFor();
  assert.deepEqual(opened.problems, []);
});

test("[H84] in Arabic the page is reached by the menu and fits 390 pixels; others are told whose it is", {
  skip,
}, async () => {
  await using opened = await openPage(server.url, "keys", {
    locale: "ar",
    viewport: { width: 390, height: 800 },
  });
  const { page } = opened;
  const enter = async (token: string) => {
    await page.locator("input[type=password]").focus();
    await page.keyboard.type(token);
    await page.keyboard.press("Enter");
  };
  await enter(key);
  await page.getByRole("heading", { name: "المفاتيح" }).waitFor();
  await page.getByRole("button", { name: "فتح الشريط الجانبي" }).press("Enter");
  await page.getByRole("button", { name: "الإعدادات والحساب" }).press("Enter");
  await page.getByRole("menuitem", { name: "مصادر الأدوات" }).press("Enter");
  await page
    .getByRole("region", { name: "away" })
    .getByText(/ENOENT/u)
    .waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.dir), "rtl");
  const isTooWide = await page.evaluate(() =>
    [document.documentElement, ...document.querySelectorAll("main, main *")].some(
      (element) =>
        element.scrollWidth > element.clientWidth + 1 &&
        getComputedStyle(element).overflowX !== "visible",
    ),
  );
  assert.equal(isTooWide, false);
  assert.deepEqual(await violationsIn(page), []);
  assert.deepEqual(opened.problems, []);

  const { key: others } = await client.keys.create({ name: "ann", user_id: "ann" });
  await using second = await openPage(server.url, "sources");
  await signIn(second.page, others);
  await second.page.getByText("This page is for the server's operator").waitFor();
  assert.deepEqual(second.problems, []);
});
