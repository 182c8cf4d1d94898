// The programs of Debian that tests of speech need: missing ones fail where the tests must be whole, and skip elsewhere.
import {
  findPocketsphinx,
  INSTALL_POCKETSPHINX,
} from "../src/adapters/speech/pocketsphinx/find.ts";
import { skipUnless } from "./skip.ts";

export const pocketsphinxPaths = findPocketsphinx();

export const skipWithoutPocketsphinx = (): string | false =>
  skipUnless(pocketsphinxPaths !== null, `pocketsphinx is not installed: ${INSTALL_POCKETSPHINX}`);
