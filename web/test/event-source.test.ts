// The browser's own EventSource, as pages of other people's making use it, over a network that breaks off.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { createClient } from "@colloquy/client";
import type { Page } from "playwright-core";
import { startServer } from "../../server/test/start-server.ts";
import { startTcpProxy } from "../../server/test/tcp-proxy.ts";
import { browser, withoutBrowser } from "./browser.ts";
import { claim } from "./people.ts";

const skip = withoutBrowser;
const TEXT = "one two three four five six";

/** A page of somebody else's, which knows nothing of Colloquy. */
const elsewhere = createServer((_request, response) => {
  response.setHeader("content-type", "text/html");
  response.end("<!doctype html><title>Elsewhere</title>");
});
let server: Awaited<ReturnType<typeof startServer>>;
let origin = "";
let key = "";
before(async () => {
  if (skip) return;
  elsewhere.listen(0, "127.0.0.1");
  await once(elsewhere, "listening");
  origin = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`;
  server = await startServer({ environment: { CORS_ORIGINS: origin } });
  key = await claim(server);
});
after(async () => {
  elsewhere.closeAllConnections();
  elsewhere.close();
  await server?.[Symbol.asyncDispose]();
});

type Watched = {
  readonly ids: readonly string[];
  readonly events: readonly { readonly type: string; readonly data: unknown }[];
  /** How often it was connected. */
  readonly opened: number;
  /** How often it lost the connection and meant to come back. */
  readonly lost: number;
};

/** Gets a ticket as a page does, and opens an EventSource with it. */
const watch = (page: Page, base: string, id: string): Promise<void> =>
  page.evaluate(
    async ({ base, id, key }) => {
      const answer = await fetch(`${base}/v1/chat/tickets`, {
        method: "POST",
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        body: JSON.stringify({ conversation_id: id }),
      });
      const { ticket } = (await answer.json()).data;
      const path = `/v1/chat/conversations/${id}/messages/stream?ticket=${ticket}`;
      const source = new EventSource(`${base}${path}`);
      const watched = {
        ids: [] as string[],
        events: [] as { type: string; data: unknown }[],
        opened: 0,
        lost: 0,
        isOver: false,
      };
      Object.assign(window, { watched });
      source.onopen = () => watched.opened++;
      source.onmessage = ({ data, lastEventId }) => {
        watched.ids.push(lastEventId);
        watched.events.push(data === "[DONE]" ? { type: "DONE", data: null } : JSON.parse(data));
      };
      source.onerror = () => {
        if (source.readyState === EventSource.CLOSED) watched.isOver = true;
        else watched.lost++;
      };
    },
    { base, id, key },
  );

const sawText = (page: Page, text: string) =>
  page.waitForFunction(
    (text) => {
      const { events } = Reflect.get(window, "watched");
      const chunks = events.filter(({ type }: { type: string }) => type === "ai_chunk");
      return (
        chunks
          .map(({ data }: { data: string }) => data)
          .join("")
          .trim() === text
      );
    },
    text,
    { timeout: 30_000 },
  );

for (const isOwn of [true, false])
  test(`[H8] an EventSource of ${isOwn ? "the server's own origin" : "an origin of CORS_ORIGINS"} goes on by itself after a cut, without a gap or a repeat, and ends by the 204`, {
    skip,
  }, async () => {
    await using proxy = await startTcpProxy(server.port);
    const base = `http://127.0.0.1:${proxy.port}`;
    const context = await (await browser()).newContext();
    try {
      const page = await context.newPage();
      const statuses: number[] = [];
      page.on("response", (response) => {
        if (response.url().includes("/messages/stream?ticket=")) statuses.push(response.status());
      });
      await page.goto(isOwn ? `${base}/app/` : `${origin}/`);
      const client = createClient({ baseUrl: server.url, token: key });
      const { id } = await client.conversations.create({});
      const asked = server.model.requests.length;
      server.model.next({ text: TEXT, hold: 3 });
      const reply = await client.messages.stream(id, { content: "Count" });
      await watch(page, base, id);
      await sawText(page, "one two three");
      proxy.cut();
      await page.waitForFunction(() => Reflect.get(window, "watched").lost === 1);
      server.model.release();
      assert.equal(await reply.text(), TEXT);
      await page.waitForFunction(() => Reflect.get(window, "watched").isOver, null, {
        timeout: 60_000,
      });
      const seen: Watched = await page.evaluate(() => Reflect.get(window, "watched"));
      const chunks = seen.events.filter(({ type }) => type === "ai_chunk");
      assert.equal(chunks.map(({ data }) => data).join(""), TEXT);
      assert.deepEqual(
        seen.events.map(({ type }) => type).filter((type) => type !== "ai_chunk"),
        ["user_message", "ai_complete", "DONE"],
      );
      // The last two have one id: it is where the reply ended.
      assert.equal(new Set(seen.ids).size, seen.ids.length - 1);
      // It was cut off once, and once ended by itself.
      assert.deepEqual([seen.opened, seen.lost], [2, 2]);
      assert.deepEqual(statuses, [200, 200, 204]);
      assert.equal(server.model.requests.length, asked + 1);
    } finally {
      await context.close();
    }
  });

test("[H8] an EventSource of any other origin reads nothing, whatever ticket it has", {
  skip,
}, async () => {
  const client = createClient({ baseUrl: server.url, token: key });
  const reply = await client.conversations.start({ content: "Hello" });
  await reply.text();
  const { url } = await client.tickets.forStream(reply.conversationId);
  assert.ok(url.startsWith(`${server.url}/v1/chat/conversations/`));
  const read = async (address: string) => {
    const context = await (await browser()).newContext();
    try {
      const page = await context.newPage();
      await page.goto(address);
      return await page.evaluate(
        (url) =>
          new Promise<string>((resolve) => {
            const source = new EventSource(url);
            source.onmessage = ({ data }) => resolve(data);
            source.onerror = () => resolve("refused");
          }),
        url,
      );
    } finally {
      await context.close();
    }
  };
  assert.equal(await read(`${origin.replace("127.0.0.1", "localhost")}/`), "refused");
  assert.match(await read(`${origin}/`), /user_message/);
});
