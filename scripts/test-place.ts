// Where a test file believes to be, so that none depends on the time zone or the language of the machine.
import { createHash } from "node:crypto";

type Place = { readonly TZ: string; readonly LANG: string };

/**
 * Time zones before and after UTC, with and without half hours, with daylight saving in either half of the year; beside
 * them languages with digits, separators and small letters of their own.
 */
const PLACES: readonly Place[] = [
  { TZ: "Pacific/Auckland", LANG: "tr_TR.UTF-8" },
  { TZ: "Asia/Kolkata", LANG: "hi_IN.UTF-8" },
  { TZ: "America/Los_Angeles", LANG: "ar_EG.UTF-8" },
  { TZ: "UTC", LANG: "C.UTF-8" },
];

/**
 * The environment of a test file, which is the same in every run. Where `TZ` or `TEST_CLOCK` is set, the file has the
 * environment that it was given.
 * @param title the file, and what it is run on
 */
export function placeOf(title: string): Place | Record<string, never> {
  if (process.env.TZ || process.env.TEST_CLOCK) return {};
  const [first = 0] = createHash("sha256").update(title).digest();
  return PLACES[first % PLACES.length] ?? {};
}
