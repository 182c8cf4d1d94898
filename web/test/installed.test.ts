// The page as an app: what is installed, what it says offline, and what it tells of long answers.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startServer } from "../../server/test/start-server.ts";
import { violationsIn } from "./axe.ts";
import { NEW_PROFILE, openPage, withoutBrowser } from "./browser.ts";
import { message, replied, said } from "./chat-page.ts";

const skip = withoutBrowser;
let server: Awaited<ReturnType<typeof startServer>>;
before(async () => {
  server = await startServer();
});
after(() => server[Symbol.asyncDispose]());

test("the manifest names the app and icons that are there, each as large as it says", {
  skip,
}, async () => {
  const page = await (await fetch(`${server.url}/app/`)).text();
  const address = /<link rel="manifest" href="([^"]+)"/.exec(page)?.[1] ?? "";
  const answer = await fetch(new URL(address, `${server.url}/app/`));
  assert.match(answer.headers.get("content-type") ?? "", /^application\/manifest\+json/);
  const manifest = (await answer.json()) as {
    icons: { src: string; sizes: string; type: string; purpose?: string }[];
    start_url: string;
  };
  assert.equal(new URL(manifest.start_url, answer.url).pathname, "/app/");
  assert.ok(manifest.icons.some(({ purpose }) => purpose === "maskable"));
  for (const { src, sizes, type } of manifest.icons) {
    const icon = await fetch(new URL(src, answer.url));
    assert.equal(icon.headers.get("content-type")?.split(";")[0], type, src);
    const bytes = Buffer.from(await icon.arrayBuffer());
    if (type === "image/png")
      assert.equal(`${bytes.readUInt32BE(16)}x${bytes.readUInt32BE(20)}`, sizes, src);
  }
});

test("a page in a tab has no worker; an installed one says that it is offline, goes on by itself, and keeps neither a build nor an answer of the server", {
  skip,
}, async () => {
  await using opened = await openPage(server.url, "", NEW_PROFILE);
  const { page } = opened;
  await message(page).waitFor();
  const workers = () =>
    page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length);
  assert.equal(await workers(), 0);

  // What an installed app is shown in; nothing else of it can be had without a desktop.
  await page.addInitScript(`
    const ask = window.matchMedia.bind(window);
    window.matchMedia = (query) =>
      query === "(display-mode: standalone)" ? ask("all") : ask(query);
  `);
  await page.reload();
  await message(page).waitFor();
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    if (!navigator.serviceWorker.controller)
      await new Promise((resolve) => {
        navigator.serviceWorker.addEventListener("controllerchange", resolve, { once: true });
      });
  });
  const byWorker: string[] = [];
  page.on("response", (response) => {
    if (response.fromServiceWorker()) byWorker.push(new URL(response.url()).pathname);
  });
  await page.goto(`${server.url}/app/agents`);
  await page.getByRole("heading", { name: "Agents" }).waitFor();
  const kept = await page.evaluate(async () => {
    const addresses: string[] = [];
    for (const name of await caches.keys())
      for (const { url } of await (await caches.open(name)).keys())
        addresses.push(new URL(url).pathname);
    return addresses.sort();
  });
  const shell = ["icon.svg", "offline.css", "offline.html", "offline.js"];
  assert.deepEqual(
    kept,
    shell.map((name) => `/app/${name}`),
  );
  assert.deepEqual(
    byWorker.filter((path) => path.includes("/assets/") || path.includes("/v1/")),
    [],
    "scripts and answers pass by the worker",
  );

  await page.context().setOffline(true);
  await page.reload();
  await page.getByRole("heading", { name: "You are offline" }).waitFor();
  assert.equal(new URL(page.url()).pathname, "/app/agents");
  assert.deepEqual(await violationsIn(page), []);
  await page.setViewportSize({ width: 320, height: 640 });
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0);
  await page.context().setOffline(false);
  await page.getByRole("heading", { name: "Agents" }).waitFor();
});

test("a long answer that comes while one is elsewhere is told of, once that was asked for, and says nothing of what was said", {
  skip,
}, async () => {
  await using opened = await openPage(server.url, "", NEW_PROFILE);
  const { page } = opened;
  await page.addInitScript(`
    window.told = [];
    window.asked = 0;
    window.isAway = false;
    window.Notification = class {
      static permission = "default";
      static async requestPermission() { window.asked++; return (this.permission = "granted"); }
      constructor(text, options) { window.told.push([text, JSON.stringify(options)]); }
      close() {}
    };
    const now = Date.now;
    window.ahead = 0;
    Date.now = () => now() + window.ahead;
    Object.defineProperty(document, "visibilityState", { get: () => window.isAway ? "hidden" : "visible" });
    navigator.serviceWorker.register = async () => null;
  `);
  await page.reload();
  const asked = () => page.evaluate("window.asked");
  const told = () => page.evaluate("window.told") as Promise<[string, string][]>;
  const say = async (words: string, seconds: number) => {
    server.model.forget();
    server.model.next({ pieces: [`Secret of ${seconds} seconds`, ", told"], hold: 1 });
    await message(page).focus();
    await page.keyboard.type(words);
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Stop the reply" }).waitFor();
    await server.model.held();
    // The page counts from when the message was stored: the first word of its answer is there no sooner.
    await said(page, `Secret of ${seconds} seconds`).waitFor();
    await page.evaluate(`window.ahead += ${seconds * 1000}; window.isAway = true`);
    server.model.release();
    await replied(page);
    await page.evaluate("window.isAway = false");
  };
  await say("Not yet asked for", 31);
  assert.deepEqual([await asked(), await told()], [0, []]);

  await page.getByRole("button", { name: "Settings and account" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("menuitem", { name: "Notify me of long answers" }).waitFor();
  await page.keyboard.type("Notify");
  await page.keyboard.press("Enter");
  await page.getByText("You will be notified when").waitFor();
  assert.equal(await asked(), 1);
  await say("A short one", 3);
  assert.deepEqual(await told(), []);
  await say("A long one", 30);
  await page.waitForFunction(
    () => (window as unknown as { told: readonly unknown[] }).told.length === 1,
  );
  const [[text = "", options = ""] = []] = await told();
  assert.equal(text, "The answer is ready");
  assert.doesNotMatch(`${text}${options}`, /secret|long one/i);
  assert.deepEqual(opened.problems, []);
});
