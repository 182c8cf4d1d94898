// Front ends of this machine at another port, and development proxies before the server.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createServer } from "vite";
import { eventually } from "../../server/test/cli-runner.ts";
import { freePort } from "../../server/test/free-port.ts";
import { startProcess } from "../../server/test/server-process.ts";
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

const EXAMPLE = new URL("../../server/test/voice-examples/client-js.txt", import.meta.url);

test("[S1] [X13] a front end of another port talks to /ws as document 003 prints it, with a server that has no settings of its own", {
  skip,
}, async () => {
  const directory = await mkdtemp(join(tmpdir(), "colloquy-origins-"));
  try {
    const port = await freePort();
    await using _server = await startProcess({
      PORT: String(port),
      DATA_DIR: directory,
      OLLAMA_BASE_URL: "http://127.0.0.1:9",
    });
    await using frontEnd = await startFrontEnd({ port });
    await using opened = await openPage(frontEnd.url, "", {}, "/");
    const example = await readFile(EXAMPLE, "utf8");
    const printed = example.replace("ws://localhost:8000/ws", `ws://localhost:${port}/ws`);
    assert.notEqual(printed, example);
    // What the example leaves to the page: its function for sound, and here a typed text in place of spoken words.
    const script = `(() => {
      const types = [];
      window.types = types;
      const playAudio = () => {};
      ${printed}
      ws.addEventListener("message", ({ data }) => {
        const { type } = JSON.parse(data);
        types.push(type);
        if (type === "conversation_started") ws.send(JSON.stringify({ type: "text_input", text: "Hi" }));
      });
      ws.addEventListener("close", ({ code }) => types.push("closed " + code));
    })()`;
    const lines: string[] = [];
    opened.page.on("console", (message) => lines.push(message.text()));
    await opened.page.evaluate(script);
    await opened.page.waitForFunction(() =>
      Reflect.get(window, "types").some((type: string) => /^(?:ai_response|closed)/.test(type)),
    );
    const types: string[] = await opened.page.evaluate(() => Reflect.get(window, "types"));
    assert.deepEqual(types.slice(0, 2), ["connection_established", "conversation_started"]);
    assert.ok(types.includes("ai_response"), types.join());
    assert.ok(lines.includes("Connected to AI"));
    assert.ok(
      lines.some((line) => /^AI Response: \S/.test(line)),
      lines.join("\n"),
    );
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
