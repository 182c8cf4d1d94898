/*
 * Sound as it is sent and received: WAV (16-bit PCM, mono), which wire 003 carries in base64.
 */

export type Sound = {
  readonly samples: Int16Array<ArrayBuffer>;
  readonly sampleRateHz: number;
};

const HEADER_BYTES = 44;
const BYTES_PER_SAMPLE = 2;
const RIFF = 0x46464952;
const WAVE = 0x45564157;
const FORMAT_CHUNK = 0x20746d66;
const DATA_CHUNK = 0x61746164;

export const durationMs = ({ samples, sampleRateHz }: Sound): number =>
  (samples.length / sampleRateHz) * 1000;

export function toWavBase64({ samples, sampleRateHz }: Sound): string {
  const header = wavHeader(samples.length, sampleRateHz);
  return btoa(
    binaryText(header) +
      binaryText(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength)),
  );
}

/** One file of pieces of sound that follow each other. */
export function toWav(pieces: readonly Sound["samples"][], sampleRateHz: number): Blob {
  const count = pieces.reduce((sum, { length }) => sum + length, 0);
  return new Blob([wavHeader(count, sampleRateHz), ...pieces], { type: "audio/wav" });
}

/** Samples follow it as browsers have them in memory: little-endian, as WAV wants them. */
function wavHeader(sampleCount: number, sampleRateHz: number): Uint8Array<ArrayBuffer> {
  const dataBytes = sampleCount * BYTES_PER_SAMPLE;
  const view = new DataView(new ArrayBuffer(HEADER_BYTES));
  view.setUint32(0, RIFF, true);
  view.setUint32(4, HEADER_BYTES - 8 + dataBytes, true);
  view.setUint32(8, WAVE, true);
  view.setUint32(12, FORMAT_CHUNK, true);
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, sampleRateHz, true);
  view.setUint32(28, sampleRateHz * BYTES_PER_SAMPLE, true);
  view.setUint16(32, BYTES_PER_SAMPLE, true);
  view.setUint16(34, 16, true);
  view.setUint32(36, DATA_CHUNK, true);
  view.setUint32(40, dataBytes, true);
  return new Uint8Array(view.buffer);
}

/** @returns null where there is no sound, or none of that kind */
export function fromWavBase64(text: string): Sound | null {
  const bytes = bytesOf(text);
  if (!bytes || bytes.length < HEADER_BYTES) return null;
  const view = new DataView(bytes.buffer);
  if (view.getUint32(0, true) !== RIFF || view.getUint32(8, true) !== WAVE) return null;
  let sampleRateHz = 0;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const chunkBytes = view.getUint32(at + 4, true);
    const from = at + 8;
    const id = view.getUint32(at, true);
    if (id === FORMAT_CHUNK) {
      const isMono16 =
        view.getUint16(from + 2, true) === 1 && view.getUint16(from + 14, true) === 16;
      if (!isMono16) return null;
      sampleRateHz = view.getUint32(from + 4, true);
    } else if (id === DATA_CHUNK) {
      const count = Math.floor(Math.min(chunkBytes, bytes.length - from) / BYTES_PER_SAMPLE);
      const samples = Int16Array.from({ length: count }, (_, index) =>
        view.getInt16(from + index * BYTES_PER_SAMPLE, true),
      );
      return count > 0 && sampleRateHz > 0 ? { samples, sampleRateHz } : null;
    }
    at = from + chunkBytes + (chunkBytes % 2);
  }
  return null;
}

const PIECE_BYTES = 0x2000;

/** Piece by piece: a call takes only so many arguments. */
function binaryText(bytes: Uint8Array): string {
  let text = "";
  for (let from = 0; from < bytes.length; from += PIECE_BYTES)
    text += String.fromCharCode(...bytes.subarray(from, from + PIECE_BYTES));
  return text;
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    return null;
  }
}
