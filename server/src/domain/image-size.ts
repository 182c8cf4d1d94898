/** The size of an image in pixels. */
export type ImageSize = { readonly width: number; readonly height: number };

type ReadSize = (head: FirstBytes) => ImageSize | null;

/** Reads numbers from the first bytes of a file; 0 beyond their end. */
class FirstBytes {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get length(): number {
    return this.#bytes.length;
  }

  byte(at: number): number {
    return this.#bytes[at] ?? 0;
  }

  /** @param count the number of bytes, most significant first */
  big(at: number, count: number): number {
    let value = 0;
    for (let place = 0; place < count; place++) value = value * 256 + this.byte(at + place);
    return value;
  }

  /** @param count the number of bytes, least significant first */
  little(at: number, count: number): number {
    let value = 0;
    for (let place = count - 1; place >= 0; place--) value = value * 256 + this.byte(at + place);
    return value;
  }

  text(at: number, count: number): string {
    return String.fromCharCode(...this.#bytes.subarray(at, at + count));
  }
}

const sizeOfPng: ReadSize = (head) =>
  head.text(12, 4) === "IHDR" ? { width: head.big(16, 4), height: head.big(20, 4) } : null;

const sizeOfGif: ReadSize = (head) => ({ width: head.little(6, 2), height: head.little(8, 2) });

const sizeOfWebp: ReadSize = (head) => {
  switch (head.text(12, 4)) {
    case "VP8 ":
      return { width: head.little(26, 2) & 0x3fff, height: head.little(28, 2) & 0x3fff };
    case "VP8L": {
      const bits = head.little(21, 4);
      return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
    }
    case "VP8X":
      return { width: head.little(24, 3) + 1, height: head.little(27, 3) + 1 };
    default:
      return null;
  }
};

const MARKER = 0xff;
/** Segments without a length: TEM and the restart markers. */
const isBare = (marker: number): boolean => marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7);
/** The markers of all start-of-frame segments. The numbers of DHT, JPG and DAC lie between them. */
const isFrame = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
const START_OF_SCAN = 0xda;

const sizeOfJpeg: ReadSize = (head) => {
  for (let at = 2; at + 9 < head.length; ) {
    if (head.byte(at) !== MARKER) return null;
    const marker = head.byte(at + 1);
    if (marker === MARKER) at += 1;
    else if (isBare(marker)) at += 2;
    else if (isFrame(marker)) return { width: head.big(at + 7, 2), height: head.big(at + 5, 2) };
    else if (marker === START_OF_SCAN) return null;
    else at += 2 + Math.max(2, head.big(at + 2, 2));
  }
  return null;
};

const READERS: Readonly<Record<string, ReadSize>> = {
  "image/png": sizeOfPng,
  "image/gif": sizeOfGif,
  "image/webp": sizeOfWebp,
  "image/jpeg": sizeOfJpeg,
};

/** The size of an image, read from its first bytes; null if they do not contain it. */
export function imageSize(mediaType: string, head: Uint8Array): ImageSize | null {
  const size = READERS[mediaType]?.(new FirstBytes(head)) ?? null;
  return size && size.width > 0 && size.height > 0 ? size : null;
}
