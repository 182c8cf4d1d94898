// One long visit, from the first sight of a server to signing out, typed and clicked as a person does: on a desktop and on a phone.
// Takes: 30 s
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { startServer } from "../../server/test/start-server.ts";
import { openPage, withoutBrowser } from "./browser.ts";
import { listed, message, replied, said } from "./chat-page.ts";

const skip = withoutBrowser;
const STEPS = 40;
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
const CLIPBOARD = { permissions: ["clipboard-read", "clipboard-write"] };

for (const [device, options] of [
  ["desktop", { viewport: { width: 1440, height: 900 }, ...CLIPBOARD }],
  ["phone", { ...PHONE, ...CLIPBOARD }],
] as const)
  test(`a walk of ${STEPS} steps on a ${device}: nothing that was said is lost, and nothing goes wrong on the way`, {
    skip,
  }, async () => {
    await using server = await startServer({
      environment: { SHARE_LINKS: "true" },
    });
    await using opened = await openPage(server.url, "", options);
    const { page, problems } = opened;
    const taken: string[] = [];
    for (const [name, take] of Object.entries(walk(page, device === "phone", server))) {
      await take().catch((error: unknown) => {
        throw new Error(`Step ${taken.length + 1}, "${name}", after "${taken.at(-1)}"`, {
          cause: error,
        });
      });
      assert.deepEqual(problems, [], name);
      taken.push(name);
    }
    assert.equal(taken.length, STEPS);
  });

/** The steps by what a person would say of them, in their order. */
function walk(
  page: Page,
  isPhone: boolean,
  server: Awaited<ReturnType<typeof startServer>>,
): Record<string, () => Promise<void>> {
  const press = (role: "button" | "link" | "menuitem" | "option", name: string | RegExp) => {
    const found = page.getByRole(role, { name, exact: typeof name === "string" }).first();
    return isPhone ? found.tap() : found.click();
  };
  const type = (text: string) => page.keyboard.type(text);
  const key = (name: string) => page.keyboard.press(name);
  const write = async (text: string) => {
    await message(page).focus();
    await type(text);
    // The Enter key of a phone begins a new line.
    await (isPhone ? press("button", "Send") : key("Enter"));
  };
  const openSidebar = async () => {
    if (isPhone) await press("button", "Open the sidebar");
  };
  const begin = async () => {
    await openSidebar();
    await press("link", "New conversation");
  };
  const openListed = async (title: string) => {
    await openSidebar();
    await (isPhone ? listed(page, title).tap() : listed(page, title).click());
  };
  const fromMenu = async (item: string) => {
    await press("button", "This conversation");
    await press("menuitem", item);
  };
  const fromAccount = async (item: string) => {
    await openSidebar();
    await press("button", /settings and account/i);
    await press("menuitem", item);
  };
  const settings = (section: string) => press("link", section);
  let secret = "";
  let address = "";

  return {
    "see the greeting": () => message(page).waitFor(),
    "choose something to try": async () => {
      await press("button", "Explain something simply");
      assert.notEqual(await message(page).inputValue(), "");
    },
    "write something else instead": async () => {
      await message(page).focus();
      await key("Control+A");
      await write("Why is the sky blue? {{reply text=Rayleigh}}");
      await said(page, "Rayleigh").last().waitFor();
      await replied(page);
    },
    "ask on": async () => {
      await write("And the sunset red? {{reply text=Longer}}");
      await said(page, "Longer").last().waitFor();
      await replied(page);
    },
    "copy the answer": async () => {
      await said(page, "Longer").last().getByRole("button", { name: "Copy" }).click();
      await page.waitForFunction(async () => (await navigator.clipboard.readText()) === "Longer");
    },
    "have it answered again": async () => {
      server.model.next({ text: "Shorter waves are scattered away." });
      await said(page, "Longer").last().getByRole("button", { name: "Answer again" }).click();
      await said(page, "Shorter waves").waitFor();
      await replied(page);
    },
    "look at the version before": async () => {
      await press("button", "Previous version");
      await page.getByRole("group", { name: "Version 1 of 2" }).waitFor();
    },
    "and at the newer one": async () => {
      await press("button", "Next version");
      await said(page, "Shorter waves").waitFor();
    },
    "change the question": async () => {
      const question = said(page, "And the sunset").first();
      await (isPhone ? question.tap() : question.hover());
      await question.getByRole("button", { name: "Edit" }).click();
      await key("Control+A");
      await type("And Mars? {{reply text=Butterscotch}}");
      const send = page.locator("form").filter({ hasText: "as another version" });
      await (isPhone ? send.getByRole("button", { name: "Send" }).tap() : key("Enter"));
      await said(page, "Butterscotch").last().waitFor();
      await replied(page);
    },
    "reload in the middle of an answer": async () => {
      server.model.next({ text: "A long answer that comes in pieces.", hold: 3 });
      await write("Tell me more");
      await said(page, "A long").waitFor();
      await page.reload();
      await said(page, "A long").waitFor();
    },
    "write the next message meanwhile": async () => {
      await write("Thanks {{reply text=Gladly}}");
      await page.getByText("Waiting for the reply before it").first().waitFor();
    },
    "see both answered": async () => {
      server.model.release();
      await said(page, "A long answer that comes in pieces.").waitFor();
      await said(page, "Gladly").last().waitFor();
      await replied(page);
    },
    "stop an answer": async () => {
      server.model.next({ text: "This goes on and on.", hold: 2 });
      await write("Go on");
      await said(page, "This goes").waitFor();
      await press("button", "Stop the reply");
      await page.getByText("Stopped", { exact: true }).waitFor();
      server.model.release();
    },
    "rename the conversation": async () => {
      await fromMenu("Rename");
      await key("Control+A");
      await type("Colours of the sky");
      await key("Enter");
      await page.getByRole("dialog").waitFor({ state: "detached" });
    },
    "pin it": () => fromMenu("Pin"),
    "begin another": async () => {
      await begin();
      await write("Something to delete {{reply text=Fine}}");
      await said(page, "Fine").last().waitFor();
      await replied(page);
    },
    "delete it": async () => {
      await fromMenu("Delete");
      await page.getByText("“Something to delete {{reply text=Fine}}” deleted").waitFor();
    },
    "and bring it back": async () => {
      await press("button", "Undo");
      await openListed("Something to delete");
      await said(page, "Fine").last().waitFor();
    },
    "search for a word": async () => {
      await openSidebar();
      await page.keyboard.press("Control+K");
      await type("Butterscotch");
      await page
        .getByRole("option", { name: /Butterscotch/ })
        .first()
        .waitFor();
      await key("Escape");
    },
    "attach a file": async () => {
      const picking = page.waitForEvent("filechooser");
      await press("button", "Attach files");
      await (await picking).setFiles([
        { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("the notes") },
      ]);
      await page.getByRole("list", { name: "Attached files" }).getByText("notes.txt").waitFor();
    },
    "ask about it": async () => {
      await write("What do they say? {{reply text=Little}}");
      await said(page, "Little").last().waitFor();
      await replied(page);
      await page
        .getByRole("button", { name: /notes\.txt/ })
        .first()
        .waitFor();
    },
    "make an agent": async () => {
      await openSidebar();
      await press("link", "Agents");
      await press("button", "New agent");
      await page.getByRole("textbox", { name: "Name" }).focus();
      await type("Pirate");
      await key("Tab");
      await type("Answer as a pirate would.");
      await press("button", "Save");
      await page.getByRole("heading", { name: "Pirate" }).waitFor();
    },
    "talk to it": async () => {
      await press("link", "Talk to it");
      await write("Ahoy {{reply text=Arrr}}");
      await said(page, "Arrr").last().waitFor();
      await replied(page);
      const sent = JSON.stringify(server.model.requests.at(-1)?.body?.messages);
      assert.match(sent, /Answer as a pirate would\./);
    },
    "begin a temporary conversation": async () => {
      await begin();
      await press("button", "Temporary conversation");
      await page.getByText("Not listed and not searchable.").waitFor();
    },
    "say something between us": async () => {
      await write("A secret {{reply text=Hush}}");
      await said(page, "Hush").last().waitFor();
      await replied(page);
      assert.equal(await listed(page, "A secret").count(), 0);
    },
    "go back to the first": async () => {
      await openListed("Colours of the sky");
      await said(page, "Gladly").last().waitFor();
    },
    "share it by a link": async () => {
      await fromMenu("Share …");
      await press("button", "Make a link");
      const shown = page.getByRole("textbox", { name: "Link", exact: true });
      await shown.waitFor();
      address = await shown.inputValue();
      await key("Escape");
    },
    "see what the link shows": async () => {
      const other = await page.context().newPage();
      await other.goto(address);
      await other.getByText("Butterscotch", { exact: true }).waitFor();
      await other.close();
    },
    "open the settings": async () => {
      await fromAccount("Settings");
      await page.getByRole("heading", { name: "General" }).waitFor();
    },
    "choose the dark appearance": async () => {
      await press("button", "Dark");
      const scheme = () =>
        document.documentElement.dataset.theme ?? document.documentElement.style.colorScheme;
      assert.match(await page.evaluate(scheme), /dark/);
    },
    "write instructions of one's own": async () => {
      await settings("Your instructions");
      await page.getByRole("textbox", { name: "What every model should know" }).focus();
      await type("I am colour-blind.");
      await page.getByText("Saved", { exact: true }).waitFor();
    },
    "see the model told of them": async () => {
      await press("button", "Close settings");
      await begin();
      await write("Which lamp is red? {{reply text=Left}}");
      await said(page, "Left").last().waitFor();
      await replied(page);
      const sent = JSON.stringify(server.model.requests.at(-1)?.body?.messages);
      assert.match(sent, /I am colour-blind\./);
    },
    "read the page in German": async () => {
      await fromAccount("Settings");
      await page.getByRole("combobox", { name: "Language" }).selectOption("de");
      await page.getByRole("heading", { name: "Allgemein" }).waitFor();
    },
    "and in English again": async () => {
      await page.getByRole("combobox", { name: "Sprache" }).selectOption("en");
      await page.getByRole("heading", { name: "General" }).waitFor();
    },
    "look up the shortcuts": async () => {
      await press("button", "Show");
      await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
      await key("Escape");
    },
    "make the first key": async () => {
      await fromAccount("Keys");
      await press("button", "Create a key");
      const asking = page.getByRole("dialog", { name: "Create a key" });
      await asking.getByLabel("Code").focus();
      await type(server.claimCode ?? "");
      await key("Tab");
      await type("laptop");
      await key("Enter");
      const shown = page.getByRole("dialog", { name: "Your new key" });
      secret = (await shown.getByText(/^ck_/).textContent()) ?? "";
      await shown.getByLabel("I have put it in a safe place").check();
      await shown.getByRole("button", { name: "Close" }).click();
      await page.getByText("Current session").waitFor();
    },
    "look how the server is doing": async () => {
      await fromAccount("Status");
      await page.getByRole("heading", { name: "Activity" }).waitFor();
    },
    "sign out": async () => {
      await fromAccount("Sign out");
      await page.getByRole("heading", { name: "Sign in" }).waitFor();
    },
    "sign in with the key": async () => {
      await page.getByLabel("Key", { exact: true }).focus();
      await type(secret);
      await key("Enter");
      await page.getByRole("heading", { name: "Activity" }).waitFor();
      await openListed("Colours of the sky");
      for (const text of ["Rayleigh", "Butterscotch", "Gladly", "A long answer"])
        await said(page, text).last().waitFor();
    },
    "and sign out for good": async () => {
      await fromAccount("Sign out");
      await page.getByRole("heading", { name: "Sign in" }).waitFor();
    },
  };
}
