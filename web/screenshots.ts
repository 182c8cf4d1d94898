/* Takes the pictures in docs/screenshots: `npm run screenshots`, with Chromium installed. */
import { mkdirSync } from "node:fs";
import { chromium, type Page } from "playwright-core";
import { startModelServer } from "../server/test/model-server.ts";
import { startServer } from "../server/test/start-server.ts";
import { claim, signIn } from "./test/people.ts";

const FOLDER = new URL("../docs/screenshots/", import.meta.url).pathname;
const DESKTOP = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };
const DAY_MS = 24 * 3_600_000;

const REPLY = `The Moon pulls the water on the near side of the Earth harder than the Earth itself, and the Earth harder than the water on the far side. What is left is a **stretch in both directions**: two bulges, and so two high tides a day.

The force falls with the *cube* of the distance, which is why the Moon wins over the much heavier Sun:

$$
a \\approx \\frac{2 G M r}{d^3}
$$

| Body | Mass (kg) | Distance (km) | Tide |
| --- | --: | --: | --: |
| Moon | 7.3 × 10²² | 384,400 | 1 |
| Sun | 2.0 × 10³⁰ | 149,600,000 | 0.46 |

\`\`\`python
def tide(mass, distance, radius=6.371e6, g=6.674e-11):
    return 2 * g * mass * radius / distance**3  # m/s²
\`\`\``;

const EARLIER: readonly (readonly [daysAgo: number, title: string, isPinned?: true])[] = [
  [0, "Packing list for the Lofoten", true],
  [0, "Regular expression for ISO dates"],
  [1, "Sourdough that does not rise"],
  [1, "Letter to the landlord"],
  [3, "Explain Bayes with two coins"],
  [5, "Names for a grey cat"],
  [20, "Tax on a second job"],
];

const SHORT_REPLY = `Because the Moon does not only pull the water. It pulls the *whole* Earth, and the far side least of all.

1. On the side of the Moon, the water is pulled ahead of the Earth.
2. On the far side, the Earth is pulled ahead of the water.

Both look the same from here: a bulge. The Earth turns below the two once a day, so a coast passes through **two high tides**, about 12 hours and 25 minutes apart.`;

const MODEL = "openai/gpt-4o-mini";
const OTHER_MODEL = "anthropic/claude-sonnet-4";
const MODELS = [MODEL, OTHER_MODEL, "mistralai/mistral-large"];
await using model = await startModelServer({
  listing: { object: "list", data: MODELS.map((id) => ({ id })) },
});
await using server = await startServer({
  environment: { MODEL, OPENAI_BASE_URL: model.url },
});
const conversations = EARLIER.map(([daysAgo, title, isPinned = false], index) => {
  const at = Date.now() - daysAgo * DAY_MS - (index + 1) * 60_000;
  const messages = [
    { role: "user", content: title, timestamp: at },
    { role: "assistant", content: "Gladly.", timestamp: at + 2000 },
  ];
  return { id: title, title, is_pinned: isPinned, created_at: at, updated_at: at, messages };
});
await fetch(`${server.url}/v1/chat/conversations/import`, {
  method: "POST",
  headers: { authorization: "Bearer local", "content-type": "application/json" },
  body: JSON.stringify({ conversations }),
});

mkdirSync(FOLDER, { recursive: true });
await using browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--font-render-hinting=none",
  ],
});

type Look = { readonly size: typeof DESKTOP; readonly scheme: "light" | "dark" };

async function open(path: string, { size, scheme }: Look): Promise<Page> {
  const context = await browser.newContext({
    viewport: size,
    colorScheme: scheme,
    locale: "en-GB",
    permissions: ["microphone"],
    ...(size === PHONE ? { isMobile: true, hasTouch: true, deviceScaleFactor: 2 } : {}),
  });
  const page = await context.newPage();
  await page.goto(`${server.url}/app/${path}`);
  await page.getByRole("main").waitFor();
  return page;
}

async function take(page: Page, name: string): Promise<void> {
  await page.waitForLoadState("networkidle");
  await page.screenshot({ path: `${FOLDER}${name}.png` });
  process.stdout.write(`docs/screenshots/${name}.png\n`);
}

const light = { size: DESKTOP, scheme: "light" } as const;
const first = await open("", light);
model.next({ text: REPLY });
await first.getByRole("textbox", { name: "Message" }).fill("Why are there two high tides a day?");
await first.getByRole("button", { name: "Send" }).click();
await first.locator("code", { hasText: "def tide" }).waitFor();
await first.locator(".katex").first().waitFor();
await first.mouse.move(0, 0);
await take(first, "chat-light");
const conversation = new URL(first.url()).pathname.replace(/^\/app\//, "");

await take(await open(conversation, { size: DESKTOP, scheme: "dark" }), "chat-dark");
await take(await open(conversation, { size: PHONE, scheme: "light" }), "chat-phone");

/** Two answers side by side, from their beginning. */
async function compare(look: Look, name: string): Promise<void> {
  const page = await open("", look);
  await page.getByRole("combobox", { name: /^Model: / }).click();
  await page.getByRole("button", { name: "Compare with …" }).click();
  await page.getByRole("option", { name: OTHER_MODEL }).click();
  model.next(
    { model: MODEL, text: REPLY, costUsd: 0.00021 },
    { model: OTHER_MODEL, text: SHORT_REPLY, costUsd: 0.0031, delayMs: 900 },
  );
  const field = page.getByRole("textbox", { name: "Message" });
  await field.fill("Why is it high tide on the far side, too?");
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByText("12 hours and 25 minutes").waitFor({ state: "attached" });
  await page.getByRole("button", { name: "Send" }).waitFor();
  await page.getByRole("region", { name: "Messages" }).evaluate((thread) => {
    thread.scrollTop = 0;
  });
  await page.mouse.move(0, 0);
  await take(page, name);
  // It is in no other picture's list.
  const path = new URL(page.url()).pathname.split("/").at(-1);
  await fetch(`${server.url}/v1/chat/conversations/${path}`, {
    method: "DELETE",
    headers: { authorization: "Bearer local" },
  });
}
await compare(light, "compare-light");
await compare({ size: PHONE, scheme: "dark" }, "compare-phone");

const spoken = await open(conversation, light);
await spoken.getByRole("button", { name: "Speak" }).click();
await spoken.getByText("Listening").waitFor();
await spoken.waitForTimeout(3000);
await take(spoken, "voice");

// Figures are for operators, whom the first key makes.
const key = await claim(server);
const status = await open("status", light);
await signIn(status, key);
await status.getByText("Turns a minute").waitFor();
await status.waitForTimeout(7000);
await take(status, "status");
