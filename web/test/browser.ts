import { existsSync } from "node:fs";
import { after } from "node:test";
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

let running: Promise<Browser> | null = null;

/** One browser a test file; `args` count for the first call only. */
export function browser(args: readonly string[] = []): Promise<Browser> {
  // Chromium spins under faketime: its pages get the pretended time by their own clock instead.
  const { LD_PRELOAD: _, ...environment } = process.env;
  running ??= chromium.launch({
    executablePath: chromiumPath ?? "chromium",
    env: environment,
    args: ["--no-sandbox", "--disable-dev-shm-usage", ...args],
  });
  return running;
}

after(async () => (await running)?.close());

/** What went wrong in a page, apart from what the test asks for: errors of scripts, refusals by the CSP. */
export type OpenPage = {
  readonly page: Page;
  readonly problems: readonly string[];
  [Symbol.asyncDispose](): Promise<void>;
};

/** A fresh profile with one page in it, at that address of the web app. */
export async function openPage(
  serverUrl: string,
  path = "",
  options: BrowserContextOptions = {},
  base = "/app/",
): Promise<OpenPage> {
  const context = await (await browser()).newContext({ locale: "en-GB", ...options });
  context.setDefaultTimeout(20_000);
  if (process.env.FAKETIME) await context.clock.install({ time: new Date() });
  const page = await context.newPage();
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" && !/Failed to load resource/.test(message.text()))
      problems.push(message.text());
  });
  await page.goto(`${serverUrl}${base}${path}`);
  return { page, problems, [Symbol.asyncDispose]: () => context.close() };
}
