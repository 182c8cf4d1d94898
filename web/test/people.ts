// Who comes to the page: people with keys, and the page's parts that they look for.
import { createClient } from "@colloquy/client";
import type { Page } from "playwright-core";

/** Makes the first key, which is an operator's, and claims the server by it. */
export async function claim(server: {
  readonly url: string;
  readonly claimCode: string | null;
}): Promise<string> {
  const { key } = await createClient({ baseUrl: server.url, token: "local" }).keys.create({
    name: "first",
    claim_code: server.claimCode ?? undefined,
  });
  return key;
}

export async function signIn(page: Page, key: string, { stays = false } = {}): Promise<void> {
  await page.getByLabel("Key", { exact: true }).fill(key);
  if (stays) await page.getByLabel("Stay signed in on this device").check();
  await page.getByRole("button", { name: "Sign in" }).click();
}
