import { asciiAt } from "./wav.ts";

/**
 * The name of the format (`MP3`, `WebM`, `JSON`, …) if the bytes are certainly neither WAV nor bare PCM;
 * null otherwise, since any bytes can be bare PCM. A signature of two bytes occurs in real sound
 * now and then, so it must occur twice.
 * @param isFirst true at the beginning of a stream, where even a few letters cannot be sound
 */
export const nameForeignBytes = (bytes: Uint8Array, isFirst: boolean): string | null => {
  for (const [name, offset, signature] of SIGNATURES)
    if (asciiAt(bytes, offset, signature.length) === signature) return name;
  if (isFrameSequence(bytes, mp3FrameBytes)) return "MP3";
  if (isFrameSequence(bytes, aacFrameBytes)) return "AAC";
  return nameOfText(bytes, isFirst ? 4 : 12);
};

const SIGNATURES: readonly (readonly [name: string, offset: number, signature: string])[] = [
  ["WebM", 0, "\x1aE\xdf\xa3"],
  ["Ogg", 0, "OggS"],
  ["FLAC", 0, "fLaC"],
  ["MP3", 0, "ID3\x02"],
  ["MP3", 0, "ID3\x03"],
  ["MP3", 0, "ID3\x04"],
  ["MP4", 4, "ftyp"],
  ["AIFF", 0, "FORM"],
  ["Core Audio", 0, "caff"],
  ["AMR", 0, "#!AMR"],
  ["big-endian WAV", 0, "RIFX"],
  ["AVI", 8, "AVI "],
  ["WebP", 8, "WEBP"],
  ["PNG", 0, "\x89PNG"],
  ["JPEG", 0, "\xff\xd8\xff\xe0"],
  ["PDF", 0, "%PDF"],
  ["ZIP", 0, "PK\x03\x04"],
];

const isFrameSequence = (
  bytes: Uint8Array,
  frameBytesAt: (bytes: Uint8Array, offset: number) => number,
): boolean => {
  const first = frameBytesAt(bytes, 0);
  return first > 0 && frameBytesAt(bytes, first) > 0;
};

const MPEG1_LAYER3_KBPS = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0];
const MPEG2_LAYER3_KBPS = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0];
const MPEG1_RATES_HZ = [44_100, 48_000, 32_000];

/** The length of the MPEG layer 3 frame (ISO 11172-3) that begins at the offset, or 0. */
const mp3FrameBytes = (bytes: Uint8Array, offset: number): number => {
  const [sync = 0, kind = 0, rates = 0] = bytes.subarray(offset, offset + 3);
  if (sync !== 0xff || (kind & 0xe6) !== 0xe2) return 0;
  const version = (kind >> 3) & 3;
  const rateHz = MPEG1_RATES_HZ[(rates >> 2) & 3];
  const kbps = (version === 3 ? MPEG1_LAYER3_KBPS : MPEG2_LAYER3_KBPS)[rates >> 4] ?? 0;
  if (version === 1 || rateHz === undefined || kbps === 0) return 0;
  const divisor = version === 3 ? 1 : version === 2 ? 2 : 4;
  const scale = version === 3 ? 144_000 : 72_000;
  return Math.floor((scale * kbps) / (rateHz / divisor)) + ((rates >> 1) & 1);
};

/** The length of the ADTS frame (ISO 13818-7) that begins at the offset, or 0. */
const aacFrameBytes = (bytes: Uint8Array, offset: number): number => {
  const header = bytes.subarray(offset, offset + 6);
  const [sync = 0, kind = 0, , high = 0, middle = 0, low = 0] = header;
  if (header.length < 6 || sync !== 0xff || (kind & 0xf6) !== 0xf0) return 0;
  const length = ((high & 3) << 11) | (middle << 3) | (low >> 5);
  return length > 7 ? length : 0;
};

const TEXT_LOOKED_AT = 64;

const nameOfText = (bytes: Uint8Array, shortest: number): string | null => {
  const start = bytes.subarray(0, TEXT_LOOKED_AT);
  const isPrintable = (byte: number) => (byte >= 0x20 && byte < 0x7f) || (byte >= 9 && byte <= 13);
  if (start.length < shortest || !start.every(isPrintable)) return null;
  const text = asciiAt(start, 0, start.length).trimStart();
  if (/^[{[]/.test(text)) return "JSON";
  if (text.startsWith("<")) return "HTML or XML";
  return /^[\w+/-]+={0,2}\s*$/.test(text) ? "base64 in base64, or other text" : "text";
};
