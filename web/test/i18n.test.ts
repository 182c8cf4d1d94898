// A language is a file with all the words of English in it, no more and no less, and the same places to fill in.
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";

const DIRECTORY = join(import.meta.dirname, "../src/i18n");

/** Plurals differ between languages: what i18next appends for them is left out. */
const PLURAL = /_(?:zero|one|two|few|many|other)$/;

type Words = { readonly [name: string]: string | Words };

/** Each text by its name, with what is filled into it. */
function textsIn(words: Words, prefix = ""): Map<string, string> {
  const texts = new Map<string, string>();
  for (const [name, value] of Object.entries(words)) {
    if (typeof value === "string") {
      const places = [...value.matchAll(/\{\{\s*(\w+)\s*\}\}/g)].map(([, place]) => place);
      // "One more" need not say the number.
      const shown = [...new Set(places)].filter((place) => place !== "count").sort();
      texts.set(`${prefix}${name.replace(PLURAL, "")}`, shown.join(", "));
    } else
      for (const [inner, places] of textsIn(value, `${prefix}${name}.`)) texts.set(inner, places);
  }
  return texts;
}

const read = (file: string): Map<string, string> =>
  new Map([...textsIn(JSON.parse(readFileSync(file, "utf8")))].sort());

const english = read(join(DIRECTORY, "en.json"));

for (const file of globSync(join(DIRECTORY, "*.json")))
  test(`${basename(file)} says all that English says`, () => {
    const words = read(file);
    const missing = [...english.keys()].filter((name) => !words.has(name));
    assert.deepEqual(missing, [], "to be said in this language, too");
    assert.deepEqual(Object.fromEntries(words), Object.fromEntries(english));
  });

test("a text with a number has every form that its language has for numbers", () => {
  for (const file of globSync(join(DIRECTORY, "*.json"))) {
    const language = basename(file, ".json");
    const { pluralCategories } = new Intl.PluralRules(language).resolvedOptions();
    const names = namesIn(JSON.parse(readFileSync(file, "utf8")));
    const missing = [...names]
      .filter((name) => name.endsWith("_other"))
      .flatMap((name) => pluralCategories.map((form) => name.replace(/other$/, form)))
      .filter((name) => !names.has(name));
    assert.deepEqual(missing, [], language);
  }
});

/** As they stand in the file. */
const namesIn = (words: Words, prefix = ""): Set<string> =>
  new Set(
    Object.entries(words).flatMap(([name, value]) =>
      typeof value === "string" ? [`${prefix}${name}`] : [...namesIn(value, `${prefix}${name}.`)],
    ),
  );

test("every text that the page names is there", () => {
  const sources = globSync(join(DIRECTORY, "../**/*.{ts,tsx}"));
  const missing = sources.flatMap((file) =>
    [...readFileSync(file, "utf8").matchAll(/\bt\(\s*"([\w.]+)"/g)]
      .map(([, name = ""]) => name)
      .filter((name) => !english.has(name))
      .map((name) => `${basename(file)}: ${name}`),
  );
  assert.deepEqual(missing, []);
});
