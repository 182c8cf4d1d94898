// The programs of Debian that tests of speech need: missing ones fail where the tests must be whole, and skip elsewhere.
import assert from "node:assert/strict";
import {
  findPocketsphinx,
  INSTALL_POCKETSPHINX,
} from "../src/adapters/speech/pocketsphinx/find.ts";

/** @returns the reason to skip, or false. @throws in CI, where everything is to be installed */
export function skipUnless(isInstalled: boolean, reason: string): string | false {
  if (isInstalled) return false;
  if (process.env.CI) assert.fail(reason);
  return reason;
}

export const pocketsphinxPaths = findPocketsphinx();

export const skipWithoutPocketsphinx = (): string | false =>
  skipUnless(pocketsphinxPaths !== null, `pocketsphinx is not installed: ${INSTALL_POCKETSPHINX}`);
