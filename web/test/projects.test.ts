// Projects on the page: folders in the sidebar, their pages, and what is moved into them, typed and clicked.
// Takes: 20 s
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createClient } from "@colloquy/client";
import type { Page } from "playwright-core";
import { eventually } from "../../server/test/cli-runner.ts";
import { startServer } from "../../server/test/start-server.ts";
import { violationsIn } from "./axe.ts";
import { openPage, withoutBrowser } from "./browser.ts";
import { listed, message, replied, said } from "./chat-page.ts";

const skip = withoutBrowser;
let server: Awaited<ReturnType<typeof startServer>>;
before(async () => {
  server = await startServer();
});
after(() => server[Symbol.asyncDispose]());

const client = () => createClient({ baseUrl: server.url, token: "local" });
const folders = (page: Page) => page.getByRole("list", { name: "Projects" });
const heading = (page: Page, name: string) => page.getByRole("heading", { level: 1, name });

test("a project is made, told what models should know, and begun in, by keyboard alone", {
  skip,
}, async () => {
  await client().conversations.create({ title: "Of tides" });
  await using opened = await openPage(server.url);
  const { page } = opened;
  await page.getByRole("link", { name: "Projects", exact: true }).press("Enter");
  await page.getByText("There are no projects yet.").waitFor();
  await page.getByRole("button", { name: "New project" }).press("Enter");
  await page.getByRole("textbox", { name: "Name" }).waitFor();
  await page.keyboard.type("House");
  await page.keyboard.press("Enter");
  await heading(page, "House").waitFor();
  const [made] = await client().projects.list();
  assert.ok(made);

  await page.getByRole("textbox", { name: "Instructions" }).focus();
  await page.keyboard.type("Metric units, please");
  await page.getByText("Saved").waitFor();
  assert.equal((await client().projects.get(made.id)).instructions, "Metric units, please");
  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser"),
    page.getByRole("button", { name: "Add files" }).press("Enter"),
  ]);
  await chooser.setFiles({
    name: "plan.txt",
    mimeType: "text/plain",
    buffer: Buffer.from("Seven windows"),
  });
  const files = page.getByRole("list", { name: "Files" });
  await files.getByText("plan.txt").waitFor();
  assert.deepEqual(await violationsIn(page), [], "the page of a project");

  await page
    .getByRole("main")
    .getByRole("link", { name: "New conversation in House" })
    .press("Enter");
  await page.getByRole("link", { name: "Project: House" }).waitFor();
  await message(page).focus();
  await page.keyboard.type("How many windows?");
  await page.keyboard.press("Enter");
  await said(page, "Echo: How many windows?").waitFor();
  await replied(page);
  const told = JSON.stringify(server.model.requests.at(-1)?.body?.messages);
  assert.match(told, /Metric units, please/);
  assert.match(told, /Seven windows/);

  const house = folders(page).getByRole("link", { name: "House", exact: true });
  await house.focus();
  await page.keyboard.press("ArrowRight");
  const inside = folders(page).getByRole("link", { name: "How many windows?" });
  await inside.waitFor();
  assert.equal(await listed(page, "How many windows?").count(), 1, "it is in its folder alone");
  await page.keyboard.press("ArrowDown");
  assert.equal(await inside.evaluate((link) => link === document.activeElement), true);
  await page.keyboard.press("ArrowUp");
  assert.deepEqual(await violationsIn(page), [], "a conversation of a project, its folder open");
  await page.keyboard.press("ArrowLeft");
  await inside.waitFor({ state: "detached" });
  await page.keyboard.press("ArrowRight");
  await inside.press("Enter");
  await page.reload();
  await inside.waitFor();
  await listed(page, "Of tides").waitFor();
  assert.equal(await listed(page, "How many windows?").count(), 1, "from the server, too");
  assert.equal(await inside.getAttribute("aria-current"), "page", "the folder stays open");

  await house.press("Enter");
  await files.getByRole("button", { name: "Remove plan.txt" }).press("Enter");
  await files.waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Undo" }).press("Enter");
  await files.getByText("plan.txt").waitFor();
  await page.getByRole("button", { name: "This project" }).press("Enter");
  await page.getByRole("menuitem", { name: "Delete" }).press("Enter");
  await page.getByText("House deleted. Its conversations are kept.").waitFor();
  await house.waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Undo" }).press("Enter");
  await house.waitFor();
  await house.press("Enter");
  await page.getByRole("button", { name: "This project" }).press("Enter");
  await page.getByRole("menuitem", { name: "Delete" }).press("Enter");
  await page.getByText("There are no projects yet.").waitFor();
  // Leaving the page ends the time to undo.
  await page.goto(`${server.url}/app/agents`);
  const left = () => client().projects.list();
  await eventually(async () => (await left()).length === 0, 30_000);
  await page.reload();
  await listed(page, "How many windows?").waitFor();
  assert.deepEqual(opened.problems, []);
});

test("a conversation is moved by its menu, alone and with others, into a new project too, taken back, and found in its folder", {
  skip,
}, async () => {
  const { projects, conversations } = client();
  const [garden] = await Promise.all([projects.create({ name: "Garden" })]);
  const titles = ["Of roses", "Of beans", "Of paths"];
  for (const title of titles) await conversations.create({ title });
  await using opened = await openPage(server.url);
  const { page } = opened;
  const inGarden = async () => (await conversations.list({ project_id: garden.id })).total;
  await folders(page).getByRole("button", { name: "Open Garden" }).click();
  await folders(page).getByText("It has no conversations yet.").waitFor();

  await listed(page, "Of roses").focus();
  await page.getByRole("button", { name: "More about “Of roses”" }).press("Enter");
  await page.getByRole("menuitem", { name: "Move to a project" }).press("Enter");
  const move = page.getByRole("dialog", { name: "Move “Of roses”" });
  await move.getByRole("button", { name: "Garden" }).waitFor();
  assert.deepEqual(await violationsIn(page), [], "the choice of a project");
  await move.getByRole("button", { name: "Garden" }).press("Enter");
  await page.getByText("Conversation moved to Garden").waitFor();
  await folders(page).getByRole("link", { name: "Of roses" }).waitFor();
  assert.equal(await inGarden(), 1);
  await page.getByRole("button", { name: "Undo" }).press("Enter");
  await folders(page).getByRole("link", { name: "Of roses" }).waitFor({ state: "detached" });
  await listed(page, "Of roses").waitFor();
  assert.equal(await inGarden(), 0);

  for (const title of titles)
    await page.getByRole("checkbox", { name: `Select “${title}”` }).check({ force: true });
  await page.getByRole("button", { name: "Move to a project" }).press("Enter");
  await page.getByRole("button", { name: "New project" }).press("Enter");
  await page.getByRole("textbox", { name: "Name" }).waitFor();
  await page.keyboard.type("Plants");
  await page.keyboard.press("Enter");
  await page.getByText("3 conversations moved to Plants").waitFor();
  for (const title of titles) await listed(page, title).waitFor({ state: "detached" });
  await folders(page).getByRole("link", { name: "Plants", exact: true }).press("Enter");
  await heading(page, "Plants").waitFor();
  const main = page.getByRole("list", { name: "Conversations" });
  await main.getByRole("link", { name: "Of beans" }).waitFor();
  assert.equal(await main.getByRole("listitem").count(), 3);

  await main.getByRole("button", { name: "More about “Of beans”" }).press("Enter");
  await page.getByRole("menuitem", { name: "Move to a project" }).press("Enter");
  await page.getByRole("button", { name: "Remove from its project" }).press("Enter");
  await main.getByRole("link", { name: "Of beans" }).waitFor({ state: "detached" });
  await listed(page, "Of beans").waitFor();

  await page.keyboard.press("Control+k");
  await page.keyboard.type("Of paths");
  await page.getByRole("option", { name: "Of paths", exact: true }).waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "Project: Plants" }).waitFor();
  assert.deepEqual(opened.problems, []);
});

test("on a phone the folders are in the drawer, and a project that another page deletes is gone", {
  skip,
}, async () => {
  const { id } = await client().projects.create({ name: "Boat" });
  const { id: sail } = await client().conversations.create({ title: "Of sails", project_id: id });
  await using opened = await openPage(server.url, `projects/${id}`, {
    ...{ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
  });
  const { page } = opened;
  await heading(page, "Boat").waitFor();
  await page.getByRole("list", { name: "Conversations" }).getByText("Of sails").waitFor();
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(width <= 390, `${width} pixels`);
  await page.getByRole("button", { name: "Open the sidebar" }).tap();
  await folders(page).getByRole("button", { name: "Open Boat" }).tap();
  await folders(page).getByRole("link", { name: "Of sails" }).tap();
  await page.waitForURL(`**/c/${sail}`);
  await page.getByRole("link", { name: "Project: Boat" }).waitFor();
  await client().projects.delete(id);
  await page.goto(`${server.url}/app/projects/${id}`);
  await page.getByText("This project no longer exists.").waitFor();
  assert.deepEqual(opened.problems, []);
});
