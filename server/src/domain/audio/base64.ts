/*
 * Base64 (RFC 4648), the plain and the URL-safe alphabet, and the `data:` URL around it (RFC 2397).
 * Node's own decoder skips invalid characters; this one refuses them.
 */

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const SPACE = 64;
const PADDING = 65;
const FOREIGN = 255;

const VALUES = new Uint8Array(128).fill(FOREIGN);
for (let i = 0; i < ALPHABET.length; i++) VALUES[ALPHABET.charCodeAt(i)] = i;
VALUES["-".charCodeAt(0)] = 62;
VALUES["_".charCodeAt(0)] = 63;
VALUES["=".charCodeAt(0)] = PADDING;
for (const space of " \t\r\n") VALUES[space.charCodeAt(0)] = SPACE;

/**
 * The decoded bytes, or null if the text is not base64. White space is allowed anywhere. The padding may
 * be missing, but it must not be wrong.
 */
export const decodeBase64 = (text: string): Uint8Array | null => {
  const from = dataOffset(text);
  if (from === null) return null;
  const bytes = new Uint8Array(Math.floor(((text.length - from) * 3) / 4));
  let length = 0;
  let bits = 0;
  let digits = 0;
  let padding = 0;
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const value = code < 128 ? (VALUES[code] as number) : FOREIGN;
    if (value < 64) {
      if (padding > 0) return null;
      bits = (bits << 6) | value;
      if ((++digits & 3) === 0) {
        bytes[length++] = bits >> 16;
        bytes[length++] = bits >> 8;
        bytes[length++] = bits;
        bits = 0;
      }
    } else if (value === PADDING) padding++;
    else if (value !== SPACE) return null;
  }
  const rest = digits & 3;
  if (rest === 1 || (padding > 0 && padding !== (4 - rest) % 4)) return null;
  if (rest >= 2) bytes[length++] = bits >> (rest === 2 ? 4 : 10);
  if (rest === 3) bytes[length++] = bits >> 2;
  return bytes.subarray(0, length);
};

/** The offset at which the base64 begins: 0, or the end of `data:…;base64,`. Null for any other `data:` URL. */
const dataOffset = (text: string): number | null => {
  if (!text.startsWith("data:")) return 0;
  const comma = text.slice(0, 256).indexOf(",");
  return comma >= 0 && text.slice(0, comma).endsWith(";base64") ? comma + 1 : null;
};
