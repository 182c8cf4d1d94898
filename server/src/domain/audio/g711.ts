/*
 * The two laws of telephony (ITU-T G.711): a sample in eight bits, finer the quieter it is.
 */

export type Law = "mulaw" | "alaw";

const BIAS = 0x84;

const DECODE: Record<Law, (code: number) => number> = {
  mulaw(code) {
    const bits = ~code & 0xff;
    const size = ((((bits & 0x0f) << 3) + BIAS) << ((bits >> 4) & 7)) - BIAS;
    return bits & 0x80 ? -size : size;
  },
  alaw(code) {
    const bits = code ^ 0x55;
    const exponent = (bits >> 4) & 7;
    const mantissa = (bits & 0x0f) << 4;
    const size = exponent === 0 ? mantissa + 8 : (mantissa + 0x108) << (exponent - 1);
    return bits & 0x80 ? size : -size;
  },
};

const CODES = Array.from({ length: 256 }, (_, code) => code);

const decoded: Record<Law, Int16Array> = {
  mulaw: Int16Array.from(CODES, DECODE.mulaw),
  alaw: Int16Array.from(CODES, DECODE.alaw),
};

/** The 16-bit sample that a byte stands for. */
export const g711Sample = (law: Law, code: number): number => decoded[law][code & 0xff] ?? 0;

/** The code whose sample is nearest, by the sample plus 32,768. */
const encoders = new Map<Law, Uint8Array>();

function encoderOf(law: Law): Uint8Array {
  const known = encoders.get(law);
  if (known) return known;
  const rising = CODES.toSorted((a, b) => g711Sample(law, a) - g711Sample(law, b) || a - b);
  const encoder = new Uint8Array(65_536);
  let at = 0;
  for (let sample = -32_768; sample < 32_768; sample++) {
    for (; at + 1 < rising.length; at++) {
      const here = Math.abs(sample - g711Sample(law, rising[at] as number));
      const next = Math.abs(sample - g711Sample(law, rising[at + 1] as number));
      if (next > here) break;
    }
    encoder[sample + 32_768] = rising[at] as number;
  }
  encoders.set(law, encoder);
  return encoder;
}

/** A byte a sample. */
export function encodeG711(law: Law, samples: Int16Array): Uint8Array {
  const encoder = encoderOf(law);
  return Uint8Array.from(samples, (sample) => encoder[sample + 32_768] as number);
}
