// What tests say of the chat page, in the words of whoever uses it.
import type { Locator, Page } from "playwright-core";

export const message = (page: Page): Locator => page.getByRole("textbox", { name: "Message" });

/** The messages that are shown, oldest first. */
export const messages = (page: Page): Locator =>
  page.getByRole("region", { name: "Messages" }).getByRole("article");

/** The message or reply with that text in it. */
export const said = (page: Page, text: string | RegExp): Locator =>
  messages(page).filter({ hasText: text });

/** Waits until one can type in the message that is said differently. */
export const isEdited = (page: Page): Promise<unknown> =>
  page.waitForFunction(() => document.activeElement?.matches("textarea:not([data-composer])"));

export async function send(page: Page, text: string): Promise<void> {
  await message(page).fill(text);
  await message(page).press("Enter");
}

/** Waits until no reply runs. */
export const replied = (page: Page): Promise<void> =>
  page.getByRole("button", { name: "Send", exact: true }).waitFor();

export const listed = (page: Page, title: string | RegExp): Locator =>
  page.getByRole("navigation").getByRole("link", { name: title });
