// Front ends of this machine at another port, and development proxies before the server.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createServer } from "vite";
import { eventually } from "../../server/test/cli-runner.ts";
import { startServer } from "../../server/test/start-server.ts";
import { makeKey } from "../../server/test/wire-client.ts";
import { openPage, withoutBrowser } from "./browser.ts";

const skip = withoutBrowser;

/** A page at a port of its own, and Vite's proxy to the server below /proxied and /kept. */
async function startFrontEnd(server: { readonly port: number }) {
  const root = await mkdtemp(join(tmpdir(), "colloquy-front-end-"));
  await writeFile(join(root, "index.html"), "<!doctype html><title>A front end</title>");
  const target = `http://127.0.0.1:${server.port}`;
  const rewrite = (path: string) => path.replace(/^\/\w+/, "");
  const vite = await createServer({
    root,
    configFile: false,
    logLevel: "silent",
    cacheDir: join(root, "cache"),
    server: {
      host: "localhost",
      port: 0,
      hmr: false,
      watch: null,
      proxy: {
        "/proxied": { target, changeOrigin: true, ws: true, rewrite },
        "/kept": { target, changeOrigin: false, ws: true, rewrite },
      },
    },
  });
  await vite.listen();
  const address = vite.httpServer?.address();
  if (!address || typeof address === "string") throw new Error("Vite has no port");
  return {
    url: `http://localhost:${address.port}`,
    async [Symbol.asyncDispose]() {
      await vite.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** What a page gets of the server under that address: the status of a message, its reply, the first word of the voice socket. */
function talk(base: string): Promise<{ status: number; text: string; socket: string }> {
  return (async () => {
    const response = await fetch(`${base}/chat`, {
      method: "POST",
      credentials: "include",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ message: "Hello", user_id: "ann" }),
    }).then(
      async (answer) => ({ status: answer.status, text: await answer.text() }),
      (error: Error) => ({ status: 0, text: String(error) }),
    );
    const socket = await new Promise<string>((resolve) => {
      const address = new URL(`${base}/ws`, location.href);
      address.protocol = "ws:";
      const opened = new WebSocket(address);
      opened.onmessage = ({ data }) => resolve(JSON.parse(data).type);
      opened.onerror = () => resolve("refused");
    });
    return { ...response, socket };
  })();
}

test("[X13] a page of this machine at any port is let in until the server is claimed, directly and through a development proxy", {
  skip,
}, async () => {
  await using server = await startServer({ builtIn: true });
  await using frontEnd = await startFrontEnd(server);
  await using opened = await openPage(frontEnd.url, "", {}, "/");
  const { page } = opened;
  const direct = [`http://localhost:${server.port}`, `http://127.0.0.1:${server.port}`];
  for (const base of [...direct, "/proxied", "/kept"]) {
    const { status, text, socket } = await page.evaluate(talk, base);
    assert.deepEqual([status, socket], [200, "connection_established"], `${base}: ${text}`);
  }
  await makeKey(server);
  for (const base of direct)
    await eventually(async () => {
      const { status, socket } = await page.evaluate(talk, base);
      return status === 0 && socket === "refused";
    }, 20_000);
});
