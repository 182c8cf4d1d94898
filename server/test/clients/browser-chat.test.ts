// The unmodified useChat of ai 5, 6 and 7 in Chromium, typed at and clicked by the keyboard, on a page of another origin.
// Takes: 20 s
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { build } from "vite";
import { browser, openPage, withoutBrowser } from "../../../web/test/browser.ts";
import { PNG } from "../completions-client.ts";
import { startServer } from "../start-server.ts";
import { startTcpProxy } from "../tcp-proxy.ts";
import { send } from "../wire-client.ts";
import { callScript } from "./use-chat-scripts.ts";

const HTML =
  '<!doctype html><title>Chat</title><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>';

/** Serves the page, as its author's own server does. */
async function startPage() {
  const built = await build({
    configFile: false,
    logLevel: "error",
    root: import.meta.dirname,
    cacheDir: join(tmpdir(), "colloquy-chat-page"),
    define: { "process.env.NODE_ENV": '"production"' },
    build: {
      write: false,
      target: "esnext",
      minify: false,
      rolldownOptions: { input: join(import.meta.dirname, "chat-page.ts") },
    },
  });
  const [output] = "output" in built ? built.output : assert.fail("one bundle");
  const server = createServer(({ url = "" }, response) => {
    const isCode = url.startsWith("/page.js");
    response.setHeader("content-type", isCode ? "text/javascript" : "text/html; charset=utf-8");
    response.end(isCode ? output.code : HTML);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

describe("useChat in Chromium", { skip: withoutBrowser }, () => {
  let server: Awaited<ReturnType<typeof startServer>>;
  let site: Awaited<ReturnType<typeof startPage>>;
  before(async () => {
    [server, site] = await Promise.all([startServer(), startPage(), browser()]);
  });
  after(async () => {
    site.close();
    await server[Symbol.asyncDispose]();
  });

  /** A new user's page with one conversation. */
  async function open(version: number, address = server.url) {
    const user = randomUUID();
    const headers = { authorization: "Bearer local", "x-user-id": user };
    const query = new URLSearchParams({
      version: String(version),
      id: "chat",
      user,
      server: address,
    });
    const opened = await openPage(site.url, `?${query}`, undefined, "/");
    const { page } = opened;
    // The page has asked then whether a reply is being generated.
    await page.waitForFunction(() =>
      performance.getEntriesByType("resource").some(({ name }) => name.endsWith("/stream")),
    );
    const input = page.getByLabel("Message");
    const articles = page.locator("article");
    const replies = page.locator("article[data-role=assistant]");
    return {
      ...opened,
      async say(text: string) {
        await input.focus();
        await page.keyboard.type(text);
        await page.keyboard.press("Enter");
      },
      async press(name: string) {
        await page.getByRole("button", { name }).focus();
        await page.keyboard.press("Enter");
      },
      /** Waits until the newest reply shows that. */
      shows: (text: string) => replies.last().filter({ hasText: text }).waitFor(),
      is: (status: string) => page.locator(`main[data-status=${status}]`).waitFor(),
      said: () => articles.allTextContents(),
      /** The conversation as wire 004 shows it: role, words, and how it ended. */
      async stored(): Promise<string[]> {
        const get = (path: string) => send(server, "GET", `/v1/chat${path}`, undefined, headers);
        const [{ id }] = (await get("/conversations")).body.data;
        const { data } = (await get(`/conversations/${id}/messages`)).body;
        return data.map(
          ({ role, content, status }: Record<string, string>) => `${role} ${status}: ${content}`,
        );
      },
    };
  }

  for (const version of [5, 6, 7]) {
    test(`[UI1] [UI5] [UI6] ai ${version} in Chromium: a message is typed, its reply streams, and a page that is reloaded meanwhile shows it to its end`, async () => {
      await using chat = await open(version);
      await chat.is("ready");
      const question = '{{reply text="alpha bravo charlie delta" hold=2}} Go';
      await chat.say(question);
      await chat.shows("alpha bravo");
      assert.ok(!(await chat.said()).at(-1)?.includes("charlie"), "it is shown as it is said");
      await chat.page.reload();
      await chat.shows("alpha bravo");
      assert.equal((await chat.said()).length, 2);
      server.model.release();
      await chat.shows("charlie delta");
      await chat.is("ready");
      assert.deepEqual(await chat.said(), [question, "alpha bravo charlie delta"]);
      await chat.page.reload();
      await chat.shows("charlie delta");
      assert.deepEqual(await chat.said(), [question, "alpha bravo charlie delta"]);
      assert.deepEqual(await chat.stored(), [
        `user complete: ${question}`,
        "assistant complete: alpha bravo charlie delta",
      ]);
      assert.deepEqual(chat.problems, []);
    });

    test(`[UI2] [UI5] ai ${version} in Chromium: a reply is stopped, keeps what was said, and the next message goes on`, async () => {
      await using chat = await open(version);
      await chat.is("ready");
      const question = '{{reply text="alpha bravo charlie" hold=1}} Go';
      await chat.say(question);
      await chat.shows("alpha");
      await chat.press("Stop");
      await chat.is("ready");
      assert.deepEqual(await chat.said(), [question, "alpha "]);
      await chat.say("And now?");
      await chat.shows("Echo: And now?");
      await chat.is("ready");
      assert.deepEqual(await chat.stored(), [
        `user complete: ${question}`,
        "assistant interrupted: alpha ",
        "user complete: And now?",
        "assistant complete: Echo: And now?",
      ]);
      assert.deepEqual(chat.problems, []);
    });

    test(`[UI7] ai ${version} in Chromium: a picture is chosen and seen by the model, which asks for the page's tool and goes on with what it gave`, async () => {
      await using chat = await open(version);
      await chat.is("ready");
      const choosing = chat.page.waitForEvent("filechooser");
      await chat.page.getByLabel("Picture").focus();
      await chat.page.keyboard.press("Enter");
      const picture = {
        name: "dot.png",
        mimeType: "image/png",
        buffer: Buffer.from(PNG, "base64"),
      };
      await (await choosing).setFiles(picture);
      server.model.next(callScript("weather", '{"city":"Ulm"}'), { text: "It is nice." });
      await chat.say("What is this, and how is the weather?");
      await chat.shows("It is nice.");
      await chat.is("ready");
      const [first = "", second] = await chat.said();
      assert.match(
        first,
        /how is the weather\?.*\[image\/png\]|\[image\/png\].*how is the weather\?/,
      );
      assert.equal(second, "Let me look. [sunny]It is nice.");
      const told = server.model.requests.at(-1)?.body?.messages ?? [];
      assert.deepEqual(
        told.map(({ role }) => role),
        ["user", "assistant", "tool"],
      );
      assert.ok(JSON.stringify(told[0]).includes(PNG));
      await chat.page.reload();
      await chat.shows("Let me look. [sunny]It is nice.");
      assert.deepEqual(chat.problems, []);
    });

    test(`[UI2] [UI4] ai ${version} in Chromium: a failure is told, and another try gives a whole reply in its place`, async () => {
      await using chat = await open(version);
      await chat.is("ready");
      const question = `{{reply of=${randomUUID()} text="alpha bravo charlie" error=2 failTimes=1}} Go`;
      await chat.say(question);
      const alert = chat.page.getByRole("alert");
      await alert.waitFor();
      assert.match((await alert.textContent()) ?? "", /^[A-Z].*model.*/i);
      await chat.press("Try again");
      await chat.shows("charlie");
      await chat.is("ready");
      const whole = [`user complete: ${question}`, "assistant complete: alpha bravo charlie"];
      assert.deepEqual(await chat.said(), [question, "alpha bravo charlie"]);
      assert.deepEqual(await chat.stored(), whole);
      assert.deepEqual(chat.problems, []);
    });

    test(`[UI5] [UI6] ai ${version} in Chromium: a connection that is lost in the middle of a reply is an error; the page connects again, and nothing is doubled`, async () => {
      await using network = await startTcpProxy(server.port);
      await using chat = await open(version, network.through(server.url).replace(/\/$/, ""));
      await chat.is("ready");
      const question = '{{reply text="alpha bravo charlie delta" hold=2}} Go';
      await chat.say(question);
      await chat.shows("alpha bravo");
      network.cut();
      await chat.is("error");
      await chat.press("Reconnect");
      await chat.is("streaming");
      await chat.shows("alpha bravo");
      server.model.release();
      await chat.shows("charlie delta");
      await chat.is("ready");
      assert.deepEqual(await chat.said(), [question, "alpha bravo charlie delta"]);
      assert.equal((await chat.stored()).length, 2);
    });
  }
});
