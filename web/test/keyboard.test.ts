// Hands on the keyboard alone, through every dialog and shortcut: nothing goes that nobody asked to lose.
// Takes: 30 s
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import type { Page } from "playwright-core";
import { startServer } from "../../server/test/start-server.ts";
import { NEW_PROFILE, openPage, withoutBrowser } from "./browser.ts";
import { isEdited, listed, message, messages, replied, said } from "./chat-page.ts";
import { conversationOf } from "./seed.ts";

const skip = withoutBrowser;
let server: Awaited<ReturnType<typeof startServer>>;
before(async () => {
  server = await startServer();
});
after(() => server[Symbol.asyncDispose]());

const contentsOf = (list: readonly { readonly id: string; readonly content: string }[]) =>
  list.map(({ id, content }) => [id, content]);

/** Letters that are shortcuts, typed by somebody who believes to be writing. */
const LETTERS = "rcrnw/r";

/** What has the focus, in words: a field by its label, anything else by its name. */
const focused = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const element = document.activeElement;
    const label = (element as HTMLInputElement | null)?.labels?.[0]?.textContent;
    return label ?? element?.getAttribute("aria-label") ?? element?.textContent ?? "";
  });

const scroller = (page: Page) => page.getByRole("region", { name: "Messages" });

/** In the middle of a long conversation, whose end is nowhere in the page. */
async function scrollToTheMiddle(page: Page) {
  await scroller(page).focus();
  await page.mouse.move(700, 300);
  for (let tries = 0; tries < 40 && (await said(page, "Reply 499").count()) > 0; tries++)
    await page.mouse.wheel(0, -1500);
  await said(page, "Reply 499").waitFor({ state: "detached" });
  await messages(page).first().waitFor();
}

test("R, C and ArrowUp in the middle of 500 messages act on the last one, and none of the others goes", {
  skip,
}, async () => {
  const { path, list } = await conversationOf(server.url, 500);
  const before = await list();
  await using opened = await openPage(server.url, path, {
    permissions: ["clipboard-read", "clipboard-write"],
  });
  const { page } = opened;
  await said(page, "Reply 499").waitFor();
  await scrollToTheMiddle(page);
  await page.keyboard.press("c");
  await page.waitForFunction(() => navigator.clipboard.readText().then(Boolean));
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^Reply 499\b/);

  await scroller(page).focus();
  server.model.next({ text: "The last one, answered again." });
  await page.keyboard.press("r");
  await page
    .getByRole("button", { name: "Latest" })
    .click({ timeout: 5_000 })
    .catch(() => {});
  await said(page, "The last one, answered again.").waitFor();
  await replied(page);
  const now = await list();
  assert.equal(now.length, 500);
  assert.deepEqual(contentsOf(now.slice(0, 498)), contentsOf(before.slice(0, 498)));

  await scrollToTheMiddle(page);
  await message(page).focus();
  await page.keyboard.press("ArrowUp");
  const edited = page.getByRole("textbox", { name: "Your message" });
  assert.equal(await edited.inputValue(), "Message 498");
  await isEdited(page);
  await page.keyboard.press("Escape");
  assert.equal((await list()).length, 500);
  assert.deepEqual(opened.problems, []);
});

/** Opens the menu of that button and chooses an item, by keyboard alone. */
async function choose(page: Page, button: string | RegExp, item: string) {
  const opener = page.getByRole("button", { name: button, exact: true }).first();
  await opener.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("menu").waitFor();
  const items = page.getByRole("menuitem", { name: item });
  for (let steps = 0; steps < 12; steps++) {
    if (await items.evaluate((element) => element.hasAttribute("data-active-item"))) break;
    await page.keyboard.press("ArrowDown");
  }
  await page.keyboard.press("Enter");
}

type Visit = {
  readonly dialog: string | RegExp;
  readonly open: (page: Page) => Promise<void>;
  /** What has the focus in it, and when it is closed again. */
  readonly first: string | RegExp;
  readonly opener: string | RegExp;
  readonly typed?: string;
};

const DIALOGS: readonly Visit[] = [
  {
    dialog: "Rename",
    open: (page) => choose(page, "This conversation", "Rename"),
    first: "Title",
    opener: "This conversation",
    typed: "r c r n w / r",
  },
  {
    dialog: "Rename",
    async open(page) {
      await page.getByRole("navigation").locator("a[aria-current=page]").focus();
      await page.keyboard.press("F2");
    },
    first: "Title",
    opener: /^About /,
    typed: "a r c r n w ? r",
  },
  {
    dialog: "Keyboard shortcuts",
    async open(page) {
      await scroller(page).focus();
      await page.keyboard.press("?");
    },
    first: "Close",
    opener: "Messages",
  },
  {
    dialog: "Keyboard shortcuts",
    open: (page) => choose(page, /Settings and account/, "Keyboard shortcuts"),
    first: "Close",
    opener: /Settings and account/,
  },
  {
    dialog: "Import conversations",
    open: (page) => choose(page, /Settings and account/, "Import conversations"),
    first: /Choose files/,
    opener: /Settings and account/,
  },
];

for (const count of [2, 500])
  test(`by keyboard alone through every dialog of a conversation of ${count} messages: the first field has the focus, letters are letters, no message goes`, {
    skip,
  }, async () => {
    const { path, title, list } = await conversationOf(server.url, count);
    const before = contentsOf(await list());
    await using opened = await openPage(server.url, path);
    const { page } = opened;
    await said(page, `Reply ${count - 1}`).waitFor();
    await listed(page, title).waitFor();
    const asked = server.model.requests.length;
    for (const { dialog, open, first, opener, typed = LETTERS } of DIALOGS) {
      await open(page);
      // At once, as somebody types who knows what comes.
      await page.keyboard.type(typed);
      const window = page.getByRole("dialog", { name: dialog });
      await window.waitFor();
      assert.ok(
        match(await focused(page), first),
        `${dialog}: ${await focused(page)} has the focus`,
      );
      await page.keyboard.type(typed);
      if (first === "Title")
        assert.ok((await window.getByRole("textbox").inputValue()).endsWith(typed));
      await page.keyboard.press("Escape");
      await window.waitFor({ state: "detached" });
      await page.waitForFunction(() => document.activeElement !== document.body);
      assert.ok(match(await focused(page), opener), `${dialog}: then ${await focused(page)}`);
      assert.equal(new URL(page.url()).pathname, `/app/${path}`);
    }
    assert.equal(server.model.requests.length, asked, "nothing was asked of the model");
    assert.deepEqual(contentsOf(await list()), before);
    assert.deepEqual(opened.problems, []);
  });

const match = (text: string, wanted: string | RegExp): boolean =>
  typeof wanted === "string" ? text === wanted : wanted.test(text);

test("a dialog without a field begins at the button that changes nothing; agents and keys are made and deleted by keyboard", {
  skip,
}, async () => {
  await using opened = await openPage(server.url, "agents");
  const { page } = opened;
  const press = async (name: string) => {
    await page.getByRole("button", { name, exact: true }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor();
  };
  const name = `Tutor r ${randomUUID().slice(0, 4)}`;
  await press("New agent");
  assert.equal(await focused(page), "Name");
  await page.keyboard.type(name);
  await page.keyboard.press("Tab");
  await page.keyboard.type("Ask back r c n");
  await page.getByRole("button", { name: "Save" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name }).waitFor();
  await press(`Edit ${name}`);
  assert.equal(await focused(page), "Name");
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  assert.equal(await focused(page), `Edit ${name}`);
  await press(`Delete ${name}`);
  assert.equal(await focused(page), "Cancel");
  await page.keyboard.type(LETTERS);
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  assert.equal(await focused(page), `Delete ${name}`);
  await page.getByRole("heading", { name }).waitFor();
  await press(`Delete ${name}`);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name }).waitFor({ state: "detached" });
  assert.deepEqual(opened.problems, []);
});

test("letters typed on a menu, a choice or a list of choices are no shortcuts, and a held key acts once", {
  skip,
}, async () => {
  const { path, list } = await conversationOf(server.url, 4);
  await using opened = await openPage(server.url, path);
  const { page } = opened;
  await said(page, "Reply 3").waitFor();
  const asked = server.model.requests.length;
  await page.getByRole("combobox", { name: /^Model/ }).focus();
  await page.keyboard.type(LETTERS);
  await page.keyboard.press("Enter");
  await page
    .getByRole("listbox")
    .or(page.getByRole("dialog", { name: "Model" }))
    .first()
    .waitFor();
  await page.keyboard.type(LETTERS);
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: /settings and account/i }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("menu").waitFor();
  await page.keyboard.type("rcrwr");
  await page.keyboard.press("Escape");
  await page.getByRole("menu").waitFor({ state: "detached" });
  assert.equal(server.model.requests.length, asked);
  assert.equal((await list()).length, 4);
  assert.equal(new URL(page.url()).pathname, `/app/${path}`);

  await scroller(page).focus();
  server.model.next({ text: "Once." });
  await page.keyboard.down("r");
  for (let times = 0; times < 5; times++) await page.keyboard.down("r");
  await page.keyboard.up("r");
  await said(page, "Once.").waitFor();
  await replied(page);
  assert.equal(server.model.requests.length, asked + 1);
  assert.equal((await list()).length, 4);
  assert.deepEqual(opened.problems, []);
});

test("Escape in a field that is about something else leaves the running reply alone", {
  skip,
}, async () => {
  await using opened = await openPage(server.url);
  const { page } = opened;
  server.model.next({ text: "It goes on and on", hold: 2 });
  await message(page).waitFor();
  await page.keyboard.type("Tell me more");
  await page.keyboard.press("Enter");
  await said(page, "It goes").waitFor();
  await page.keyboard.press("Control+k");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  const stop = page.getByRole("button", { name: "Stop the reply" });
  assert.ok(await stop.isEnabled());
  server.model.release();
  await said(page, "It goes on and on").waitFor();
  await replied(page);
  assert.equal(await said(page, "Stopped").count(), 0);
  assert.deepEqual(opened.problems, []);
});

test("what is focused the moment it is there keeps the focus: the field has it before that", {
  skip,
}, async () => {
  await using opened = await openPage(server.url, "agents", NEW_PROFILE);
  const { page } = opened;
  await page.addInitScript(() => {
    new MutationObserver((_, observer) => {
      const button = document.querySelector<HTMLElement>("[data-attach] + button");
      if (!button) return;
      observer.disconnect();
      button.focus();
    }).observe(document, { subtree: true, childList: true });
  });
  await page.goto(`${server.url}/app/`);
  await page.getByRole("combobox", { name: /^Model/ }).waitFor();
  await page.waitForLoadState("networkidle");
  assert.equal(
    await page.evaluate(() => document.activeElement?.getAttribute("aria-label")),
    "Attach files",
  );
  assert.deepEqual(opened.problems, []);
});
