// The app below a path of somebody's host, behind a real nginx: nothing is asked for outside of that path.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import type { Page } from "playwright-core";
import { skipWithoutNginx, startNginx } from "../../server/test/nginx.ts";
import { type StartOptions, startServer } from "../../server/test/start-server.ts";
import { browser, openPage, withoutBrowser } from "./browser.ts";
import { message, replied, said, send } from "./chat-page.ts";
import { claim, signIn } from "./people.ts";
import { watchSocket } from "./voice-page.ts";

const skip = withoutBrowser || skipWithoutNginx();

before(async () => {
  if (!skip) await browser();
});

const passedTo = (address: string) => `location /colloquy/ {
  proxy_pass ${address};
  proxy_http_version 1.1;
  proxy_set_header Host $http_host;
  proxy_set_header Upgrade $http_upgrade;
  proxy_set_header Connection "upgrade";
  proxy_buffering off;
}`;

/** What is asked for at the proxy's address, but not below the path. */
function watchStrays(page: Page, origin: string): string[] {
  const strays: string[] = [];
  const look = (address: string) => {
    const url = new URL(address);
    const isOurs = url.host === new URL(origin).host;
    if (isOurs && !url.pathname.startsWith("/colloquy/")) strays.push(address);
  };
  page.context().on("request", (request) => look(request.url()));
  page.on("websocket", (socket) => look(socket.url()));
  return strays;
}

async function everythingWorks(options: StartOptions, address: (port: number) => string) {
  await using server = await startServer(options);
  const key = await claim(server);
  await using proxy = await startNginx(passedTo(address(server.port)));
  await using opened = await openPage(proxy.url, "", {}, "/colloquy/");
  const { page } = opened;
  const strays = watchStrays(page, proxy.url);
  assert.equal(page.url(), `${proxy.url}/colloquy/app/`);
  await signIn(page, key);
  await send(page, "Hello from below");
  await replied(page);
  await said(page, "You said: Hello from below").waitFor();
  assert.match(page.url(), /\/colloquy\/app\/c\/[0-9a-f-]{36}$/);

  await page.reload();
  await said(page, "You said: Hello from below").waitFor();
  await page.goto(`${proxy.url}/colloquy/app`);
  await message(page).waitFor();
  await page.goto(`${proxy.url}/colloquy/app/no/such/page`);
  await page.getByRole("link", { name: "Go to your conversations" }).click();
  await message(page).waitFor();

  const socket = watchSocket(page);
  await page.getByRole("button", { name: "Speak" }).click();
  await socket.until("connection_established");
  assert.match(socket.addresses()[0] ?? "", /\/colloquy\/ws$/);

  await page.goto(`${proxy.url}/colloquy/none/such`);
  await page.getByRole("heading", { name: "There is nothing at this address" }).waitFor();
  await page.getByRole("link", { name: "Go to the conversations" }).click();
  await message(page).waitFor();
  assert.deepEqual(opened.problems, []);
  await page.goto(`${proxy.url}/colloquy/docs`);
  await page.locator(".opblock").first().waitFor();
  assert.deepEqual(strays, []);
}

test("a proxy that takes the path away needs no setting", { skip }, () =>
  everythingWorks({ builtIn: true }, (port) => `http://127.0.0.1:${port}/`),
);

test("a proxy that passes the path on needs it in PUBLIC_URL", { skip }, () =>
  everythingWorks(
    { builtIn: true, environment: { PUBLIC_URL: "https://example.com/colloquy/" } },
    (port) => `http://127.0.0.1:${port}`,
  ),
);
