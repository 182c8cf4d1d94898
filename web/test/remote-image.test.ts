// An image of another host: nobody there hears of the reader until the reader allows it, and then as little as can be.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { startServer } from "../../server/test/start-server.ts";
import { openPage, withoutBrowser } from "./browser.ts";
import { said, send } from "./chat-page.ts";

const skip = withoutBrowser;
const ONE_PIXEL = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

/** A host of images that notes who comes; to `/away` it answers with a redirect. */
async function startImageHost(awayTo = "") {
  const visits: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    visits.push(request);
    if (request.url === "/away") return response.writeHead(302, { location: awayTo }).end();
    return response.writeHead(200, { "content-type": "image/png" }).end(ONE_PIXEL);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    visits,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

test("it is loaded when it is asked for, without a word of where it stands", { skip }, async () => {
  await using images = await startImageHost();
  await using server = await startServer();
  server.model.next({ text: `Look: ![a cat](http://${images.host}/cat.png?who=me)` });
  await using opened = await openPage(server.url);
  const { page } = opened;
  await send(page, "Show me a cat");
  const reply = said(page, "Look:");
  await reply.getByRole("link", { name: "a cat" }).waitFor();
  assert.equal(images.visits.length, 0);

  await reply.getByRole("button", { name: `Show image from ${images.host}` }).click();
  const image = page.frameLocator("iframe").locator("img");
  await image.waitFor();
  assert.equal(await image.evaluate((element: HTMLImageElement) => element.naturalWidth), 1);
  const [visit] = images.visits;
  assert.equal(visit?.url, "/cat.png?who=me");
  for (const header of ["referer", "origin", "cookie", "authorization"])
    assert.equal(visit?.headers[header], undefined, header);
});

test("a host that was allowed cannot send the reader on to another", { skip }, async () => {
  await using other = await startImageHost();
  await using images = await startImageHost(`http://${other.host}/cat.png`);
  await using server = await startServer();
  await using opened = await openPage(server.url);
  const { page } = opened;
  const frame = `${server.url}/app/image?src=${encodeURIComponent(`http://${images.host}/away`)}`;
  const failing = page.waitForEvent("requestfailed", (request) =>
    request.url().includes("/cat.png"),
  );
  assert.equal((await page.goto(frame))?.status(), 403, "not as a page of its own");
  assert.equal(images.visits.length, 0);
  await page.goto(`${server.url}/app/`);
  await page.evaluate((source) => {
    const element = document.createElement("iframe");
    element.src = source;
    document.body.append(element);
  }, frame);
  await failing;
  assert.ok(images.visits.length >= 1);
  assert.equal(other.visits.length, 0);
});
