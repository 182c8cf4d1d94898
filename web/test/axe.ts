// Whether everybody can use a page, as far as axe-core can tell.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

type Violation = { readonly id: string; readonly nodes: readonly { readonly html: string }[] };
type Options = { readonly resultTypes: readonly string[]; readonly runOnly?: readonly string[] };
declare const axe: {
  run(options: Options): Promise<{ readonly violations: readonly Violation[] }>;
};

/** The rules whose outcome depends on the colours: all others are the same in both schemes. */
const ABOUT_COLOURS = ["color-contrast", "link-in-text-block"];

/** What is wrong with the page as it is now, in words; in both colour schemes. */
export async function violationsIn(page: Page): Promise<string[]> {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(source);
  const found: string[] = [];
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    const violations = await page.evaluate(
      async (options) =>
        (await axe.run(options)).violations.map(
          ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`,
        ),
      {
        resultTypes: ["violations"],
        ...(colorScheme === "dark" && { runOnly: ABOUT_COLOURS }),
      },
    );
    found.push(...violations.map((violation) => `${colorScheme}: ${violation}`));
  }
  return found;
}
