import { randomUUID } from "node:crypto";
import type { AudioBody } from "./client.ts";

/** `multipart/form-data` (RFC 7578) of some fields and one WAV file named `file`. */
export const multipartOf = (
  fields: Readonly<Record<string, string>>,
  wav: Uint8Array,
): AudioBody => {
  const boundary = `colloquy-${randomUUID()}`;
  const part = (disposition: string) =>
    `--${boundary}\r\nContent-Disposition: form-data; ${disposition}\r\n`;
  const text = Object.entries(fields)
    .map(([name, value]) => `${part(`name="${name}"`)}\r\n${value}\r\n`)
    .join("");
  const file = `${part('name="file"; filename="speech.wav"')}Content-Type: audio/wav\r\n\r\n`;
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    bytes: Buffer.concat([Buffer.from(text + file), wav, Buffer.from(`\r\n--${boundary}--\r\n`)]),
  };
};
