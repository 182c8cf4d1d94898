import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

const PATHS = [process.env.CHROMIUM_PATH, "/usr/bin/chromium", "/usr/bin/google-chrome"];

/** Where Chromium is; null: not installed. */
const chromiumPath: string | null =
  PATHS.find((path) => path !== undefined && existsSync(path)) ?? null;

if (!chromiumPath && process.env.CI)
  throw new Error("Chromium is missing: apt-get install chromium, or set CHROMIUM_PATH");

/** For tests that need it: why they are skipped, or false. */
export const withoutBrowser: string | false =
  chromiumPath === null && "Chromium is not installed (apt-get install chromium)";

/** Debian's Chromium without windows: a page then costs a fifth less. It has no microphone, and nothing to allow one with. */
const SHELL = "/usr/bin/chromium-headless-shell";
const shellPath: string | null =
  process.env.CHROMIUM_PATH === undefined && existsSync(SHELL) ? SHELL : chromiumPath;

let running: Promise<Browser> | null = null;

/**
 * Pages of the browser's own address bar, which no test sees: with them each new profile costs a second of a processor, and
 * without them a quarter.
 */
const UNWANTED = ["WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup"];

/** A program that starts Chromium without them: Playwright has a list of its own, and Chromium takes the last list alone. */
function withoutUnwanted(path: string): string {
  const folder = mkdtempSync(join(tmpdir(), "colloquy-browser-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const program = join(folder, "chromium");
  const lines = [
    "#!/bin/sh",
    "for argument do",
    "  shift",
    `  case $argument in --disable-features=*) argument="$argument,${UNWANTED.join()}" ;; esac`,
    '  set -- "$@" "$argument"',
    "done",
    `exec '${path}' "$@"`,
  ];
  writeFileSync(program, `${lines.join("\n")}\n`, { mode: 0o755 });
  return program;
}

/** One browser a test file; `args` count for the first call only. */
export function browser(args: readonly string[] = []): Promise<Browser> {
  running ??= launch(shellPath, args);
  return running;
}

/** The same with all that people have, for a file that asks before any other does: pages may use microphones. */
export function wholeBrowser(args: readonly string[] = []): Promise<Browser> {
  running ??= launch(chromiumPath, args);
  return running;
}

function launch(path: string | null, args: readonly string[]): Promise<Browser> {
  // Chromium spins under faketime: its pages get the pretended time from a script instead.
  const { LD_PRELOAD: _, ...environment } = process.env;
  return chromium.launch({
    executablePath: withoutUnwanted(path ?? "chromium"),
    env: environment,
    args: ["--no-sandbox", "--disable-dev-shm-usage", ...args],
  });
}

after(async () => (await running)?.close());

/** What went wrong in a page, apart from what the test asks for: errors of scripts, refusals by the CSP. */
export type OpenPage = {
  readonly page: Page;
  readonly problems: readonly string[];
  [Symbol.asyncDispose](): Promise<void>;
};

/** For a page whose first load matters, and for one with a clock, scripts or functions of the test's own. */
export const NEW_PROFILE: BrowserContextOptions = {};

/** Pages of tests that are over: one that has its code compiled is there with a quarter of the work of a new one. */
const unused: Page[] = [];

/** The limit of every wait, which is long because a busy machine is slow and only failures take all of it. */
const PATIENCE_MS = 60_000;
/** After how long a page that does not become empty is given up. */
const FORGET_MS = 10_000;
/** A path that no server is asked for. */
const EMPTY_PAGE = "/empty-page-of-tests";

/** Those that tests and `openPage` use: without its own for the end, a profile is never closed. */
const EVENTS = ["console", "dialog", "download", "framenavigated", "pageerror", "popup"] as const;
const NETWORK_EVENTS = ["request", "requestfailed", "requestfinished", "response"] as const;

function removeListeners(page: Page): void {
  for (const event of [...EVENTS, ...NETWORK_EVENTS, "websocket", "worker"] as const)
    page.removeAllListeners(event);
  for (const event of ["page", "console", "dialog", ...NETWORK_EVENTS] as const)
    page.context().removeAllListeners(event);
}

/** Leaves nothing of a test in its page and profile but their caches. */
async function forget(page: Page, origins: Iterable<string>): Promise<void> {
  const context = page.context();
  for (const other of context.pages()) if (other !== page) await other.close();
  removeListeners(page);
  await page.unrouteAll({ behavior: "ignoreErrors" });
  await context.unrouteAll({ behavior: "ignoreErrors" });
  await context.setOffline(false);
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
  await page.mouse.move(0, 0);
  page.on("dialog", (dialog) => void dialog.accept().catch(() => {}));
  await page.route(`**${EMPTY_PAGE}`, (route) =>
    route.fulfill({ contentType: "text/html", body: "<title>Empty</title>" }),
  );
  for (const origin of origins) {
    await page.goto(`${origin}${EMPTY_PAGE}`);
    await page.evaluate(async () => {
      localStorage.clear();
      sessionStorage.clear();
      for (const { name = "" } of (await indexedDB?.databases()) ?? [])
        await new Promise((resolve) => {
          indexedDB.deleteDatabase(name).onsuccess = resolve;
        });
    });
  }
  await page.unrouteAll({ behavior: "ignoreErrors" });
  removeListeners(page);
  await context.clearCookies();
  await context.clearPermissions();
}

/**
 * One page at that address of the web app, in a profile that has nothing of other tests.
 * @param options of a new profile; without them that of a test that is over is taken, where there is one
 */
export async function openPage(
  serverUrl: string,
  path = "",
  options?: BrowserContextOptions,
  base = "/app/",
): Promise<OpenPage> {
  const canBeReused = options === undefined;
  const page = (canBeReused ? unused.pop() : undefined) ?? (await newPage(options));
  const problems: string[] = [];
  const origins = new Set<string>();
  const watch = (opened: Page) =>
    opened.on("framenavigated", (frame) => origins.add(new URL(frame.url()).origin));
  watch(page);
  page.context().on("page", watch);
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" && !/Failed to load resource/.test(message.text()))
      problems.push(message.text());
  });
  await page.goto(`${serverUrl}${base}${path}`);
  return {
    page,
    problems,
    async [Symbol.asyncDispose]() {
      origins.delete("null");
      // A page that the test has closed or broken is not used again.
      const isForgotten =
        canBeReused && !page.isClosed() && (await isDoneInTime(forget(page, origins)));
      if (isForgotten) unused.push(page);
      else await page.context().close();
    },
  };
}

const isDoneInTime = (work: Promise<void>): Promise<boolean> =>
  Promise.race([
    work.then(
      () => true,
      () => false,
    ),
    sleep(FORGET_MS, false, { ref: false }),
  ]);

async function newPage(options: BrowserContextOptions = {}): Promise<Page> {
  const context = await (await browser()).newContext({ locale: "en-GB", ...options });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  if (process.env.FAKETIME) await pretendTime(page);
  return page;
}

/** The dates of a page, and of those that it opens, become this process's; timers and `performance` stay as they are. */
async function pretendTime(page: Page): Promise<void> {
  const behindMs = await page.evaluate((nowMs) => nowMs - Date.now(), Date.now());
  await page.context().addInitScript((offsetMs) => {
    const RealDate = Date;
    const now = () => RealDate.now() + offsetMs;
    window.Date = new Proxy(RealDate, {
      apply: () => new RealDate(now()).toString(),
      construct: (target, given, made) =>
        Reflect.construct(target, given.length ? given : [now()], made),
      get: (target, name) => (name === "now" ? now : Reflect.get(target, name)),
    });
  }, behindMs);
}
