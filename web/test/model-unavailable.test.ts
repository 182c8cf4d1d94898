// A model that only the operator can bring back, in Chromium and by keyboard.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startServer } from "../../server/test/start-server.ts";
import { violationsIn } from "./axe.ts";
import { openPage, withoutBrowser } from "./browser.ts";
import { claim, signIn } from "./people.ts";

const skip = withoutBrowser;
const REFUSED = {
  failStatus: 401,
  failBody: { error: { message: "Account acme-42 is suspended" } },
};

let server: Awaited<ReturnType<typeof startServer>>;
before(async () => {
  server = await startServer({ environment: { LOG_LEVEL: "silent" } });
});
after(() => server[Symbol.asyncDispose]());

test("[X12] users read in their language that the model is not available, nothing of the provider, and Retry asks again; operators are led to the reason", {
  skip,
}, async () => {
  const ask = async (locale: string, key?: string) => {
    const opened = await openPage(server.url, "", { locale });
    const { page } = opened;
    if (key) await signIn(page, key);
    await page.locator("[data-composer]").waitFor();
    await page.locator("[data-composer]").focus();
    await page.keyboard.type("Tell me of whales");
    await page.keyboard.press("Enter");
    return opened;
  };
  server.model.next(REFUSED);
  {
    await using opened = await ask("de-DE");
    const { page } = opened;
    const problem = page
      .getByRole("alert")
      .getByText("Das Modell des Servers ist gerade nicht verfügbar.");
    await problem.waitFor();
    assert.deepEqual(await violationsIn(page), []);
    await page.reload();
    await problem.waitFor();
    assert.doesNotMatch(await page.content(), /acme|suspended|OPENAI/i);
    assert.equal(await page.getByRole("link", { name: "Warum?" }).count(), 0);
    server.model.next({ text: "Wale singen." });
    await page.getByRole("button", { name: "Noch einmal versuchen" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("article").filter({ hasText: "Wale singen." }).waitFor();
    assert.equal(await problem.count(), 0);
    assert.deepEqual(opened.problems, []);
  }
  const key = await claim(server);
  server.model.next(REFUSED);
  await using opened = await ask("en-GB", key);
  const { page } = opened;
  await page.getByRole("alert").getByText("The server's model is not available now.").waitFor();
  assert.doesNotMatch(await page.content(), /acme/);
  await page.getByRole("link", { name: "See why" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Status" }).waitFor();
  await page
    .getByRole("alert")
    .getByText(/openai.*Account acme-42 is suspended/)
    .waitFor();
  assert.deepEqual(await violationsIn(page), []);
});
