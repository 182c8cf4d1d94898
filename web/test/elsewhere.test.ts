// The page built for another place than the server's own, with the settings of documents 001 and 003.
// Runs: apart
// Takes: 20 s
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { before, test } from "node:test";
import { promisify } from "node:util";
import { startServer } from "../../server/test/start-server.ts";
import { skipWithoutPocketsphinx } from "../../server/test/voice-debian.ts";
import { openPage, wholeBrowser, withoutBrowser } from "./browser.ts";
import { message, said, send } from "./chat-page.ts";
import { MICROPHONE_ARGS, willHear } from "./microphone.ts";
import { claim, signIn } from "./people.ts";
import { watchSocket } from "./voice-page.ts";

const skip = withoutBrowser || skipWithoutPocketsphinx();
const ROOT = join(import.meta.dirname, "../..");
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};

before(async () => {
  if (!skip) await wholeBrowser(MICROPHONE_ARGS);
});

const build = (directory: string, environment: Readonly<Record<string, string>>) =>
  promisify(execFile)(
    process.execPath,
    [join(ROOT, "node_modules/vite/bin/vite.js"), "build", "--outDir", directory, "--base", "/"],
    { cwd: join(ROOT, "web"), env: { ...process.env, ...environment } },
  );

/** Any web server: it knows nothing of Colloquy. */
async function serveFiles(directory: string) {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const name = extname(pathname) ? pathname : "/index.html";
    try {
      const file = await readFile(join(directory, name));
      response.setHeader("content-type", TYPES[extname(name)] ?? "application/octet-stream");
      response.end(file);
    } catch {
      response.writeHead(404).end();
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://localhost:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

test("a page served elsewhere chats and speaks, at the rate that was set, and says what it does", {
  skip,
}, async () => {
  const directory = await mkdtemp(join(tmpdir(), "colloquy-page-"));
  try {
    await using files = await serveFiles(directory);
    await using server = await startServer({
      builtIn: true,
      environment: { CORS_ORIGINS: files.origin },
    });
    await build(directory, {
      VITE_API_BASE_URL: `${server.url}/`,
      NEXT_PUBLIC_API_URL: "http://localhost:9",
      NEXT_PUBLIC_WS_URL: `ws://127.0.0.1:${server.port}/ws`,
      NEXT_PUBLIC_SAMPLE_RATE: "24000",
      NEXT_PUBLIC_DEBUG: "true",
    });
    await willHear(400, "Please turn on the light in the kitchen.");
    await using opened = await openPage(files.origin, "", { permissions: ["microphone"] }, "/");
    const { page } = opened;
    const notes: string[] = [];
    page.on("console", (note) => note.type() === "debug" && notes.push(note.text()));
    await send(page, "Hello from elsewhere");
    await said(page, "You said: Hello from elsewhere").waitFor();

    const socket = watchSocket(page);
    await page.getByRole("button", { name: "Speak" }).click();
    await said(page, /You said: Please turn on .* the kitchen/).waitFor({ timeout: 15_000 });
    assert.deepEqual(socket.addresses(), [`ws://127.0.0.1:${server.port}/ws`]);
    const wav = Buffer.from(socket.sent("audio_chunk")[0]?.audio_data as string, "base64");
    assert.equal(wav.readUInt32LE(24), 24_000);
    assert.ok(
      notes.some((note) => note.includes("voice: listening")),
      notes.join("\n"),
    );

    const key = await claim(server);
    await page.reload();
    await signIn(page, key);
    await message(page).waitFor();
    await page.goto(`${files.origin}/status`);
    await page.getByText("healthy", { exact: true }).waitFor();
    assert.deepEqual(opened.problems, []);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

test("settings that cannot work stop the build, all at once, by their names", async () => {
  const directory = await mkdtemp(join(tmpdir(), "colloquy-page-"));
  try {
    await assert.rejects(
      build(directory, {
        VITE_API_BASE_URL: "chat.example.com",
        NEXT_PUBLIC_API_URL: "ftp://chat.example.com",
        NEXT_PUBLIC_WS_URL: "https://chat.example.com/ws",
        NEXT_PUBLIC_SAMPLE_RATE: "16k",
        NEXT_PUBLIC_DEBUG: "yes",
      }),
      ({ stderr }: { stderr: string }) =>
        [
          "VITE_API_BASE_URL must be the server's address",
          "NEXT_PUBLIC_API_URL must be the server's address",
          "NEXT_PUBLIC_WS_URL must be the voice socket's address",
          "NEXT_PUBLIC_SAMPLE_RATE must be a number of Hz",
          "NEXT_PUBLIC_DEBUG must be true or false",
        ].every((mistake) => stderr.includes(mistake)),
    );
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
