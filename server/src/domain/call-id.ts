import { MAX_NAME_CHARACTERS } from "./text.ts";

/** Of an id with its escapes, as a part of an address. */
const MAX_ESCAPED_CHARACTERS = 512;
/** Neither what cannot be seen nor what means something in an address. */
const PLAIN = /^[^\p{C}\s/\\?#%]+$/u;
/** What addresses leave out. */
const DOTS = /^\.{1,2}$/;

/**
 * Whether that can be the id of a call of a tool. It is a part of addresses and of keys of the store, and clients send it
 * back, so that it is neither empty nor long, and has no character that an address would change.
 */
export const isCallId = (id: string): boolean =>
  id.length <= MAX_NAME_CHARACTERS &&
  PLAIN.test(id) &&
  !DOTS.test(id) &&
  encodeURIComponent(id).length <= MAX_ESCAPED_CHARACTERS;

/** An id for a call beside those that are taken: some providers give calls the same ids in each answer. */
export function idAmong(taken: ReadonlySet<string>, wanted: string): string {
  if (!taken.has(wanted)) return wanted;
  let number = taken.size + 1;
  while (taken.has(`${wanted}_${number}`)) number++;
  const id = `${wanted}_${number}`;
  return isCallId(id) ? id : `call_${crypto.randomUUID()}`;
}
