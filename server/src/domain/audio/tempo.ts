/*
 * Speech faster or slower at the same pitch: overlap-add of pieces, each taken where it continues the one before best
 * (W. Verhelst and M. Roelands, "An overlap-add technique based on waveform similarity", 1993).
 */
/** One stream of sound with 16,000 samples a second. */
export type Tempo = {
  /** What is ready. */
  push(samples: Int16Array): Int16Array;
  /** The rest. The stream is over after it. */
  flush(): Int16Array;
};

/** 15 ms: half of a piece, by which each overlaps the next. */
const HOP_SAMPLES = 240;
/** 10 ms in each direction: a period of the deepest voices. */
const REACH_SAMPLES = 160;
/** Of the places of a piece and of the samples that are compared, every second one is enough. */
const STRIDE = 2;

const RISING = Float32Array.from(
  { length: HOP_SAMPLES },
  (_, index) => 0.5 - 0.5 * Math.cos((Math.PI * (index + 0.5)) / HOP_SAMPLES),
);

/** @param speed 1: as it is; 2: in half the time */
export const createTempo = (speed: number): Tempo => {
  if (speed === 1) return { push: (samples) => samples, flush: () => new Int16Array(0) };
  /** What is still needed of the sound, and where in the sound it begins. */
  let held = new Int16Array(0);
  let heldFrom = 0;
  let pieces = 0;
  /** Where the piece before would go on. */
  let continuation = 0;
  let tail = new Float32Array(HOP_SAMPLES);

  const at = (index: number): number => held[index - heldFrom] ?? 0;
  const wantedAt = (piece: number): number => Math.round(piece * HOP_SAMPLES * speed);
  const likeness = (start: number): number => {
    let product = 0;
    let power = 1;
    for (let i = 0; i < HOP_SAMPLES; i += STRIDE) {
      const sample = at(start + i);
      product += sample * at(continuation + i);
      power += sample * sample;
    }
    return product / Math.sqrt(power);
  };
  const startOf = (piece: number): number => {
    const wanted = wantedAt(piece);
    if (piece === 0) return wanted;
    let best = wanted;
    let most = likeness(wanted);
    const first = Math.max(0, wanted - REACH_SAMPLES);
    for (let start = first; start <= wanted + REACH_SAMPLES; start += STRIDE) {
      const found = likeness(start);
      if (found > most) [best, most] = [start, found];
    }
    return best;
  };
  const forget = (): void => {
    const needed = Math.max(0, Math.min(continuation, wantedAt(pieces) - REACH_SAMPLES));
    if (needed <= heldFrom) return;
    held = held.slice(needed - heldFrom);
    heldFrom = needed;
  };
  const next = (): Int16Array => {
    const start = startOf(pieces);
    const made = new Int16Array(HOP_SAMPLES);
    const following = new Float32Array(HOP_SAMPLES);
    for (let i = 0; i < HOP_SAMPLES; i++) {
      const rising = pieces === 0 ? 1 : (RISING[i] ?? 0);
      const value = Math.round((tail[i] ?? 0) + rising * at(start + i));
      made[i] = Math.max(-32_768, Math.min(32_767, value));
      following[i] = (1 - (RISING[i] ?? 0)) * at(start + HOP_SAMPLES + i);
    }
    tail = following;
    continuation = start + HOP_SAMPLES;
    pieces++;
    return made;
  };
  /** Every piece that begins before `end`. */
  const upTo = (end: number): Int16Array => {
    const made: Int16Array[] = [];
    while (wantedAt(pieces) < end) made.push(next());
    forget();
    const joined = new Int16Array(made.length * HOP_SAMPLES);
    for (const [index, piece] of made.entries()) joined.set(piece, index * HOP_SAMPLES);
    return joined;
  };

  return {
    push(samples) {
      const joined = new Int16Array(held.length + samples.length);
      joined.set(held);
      joined.set(samples, held.length);
      held = joined;
      return upTo(heldFrom + held.length - REACH_SAMPLES - 2 * HOP_SAMPLES);
    },
    flush: () => upTo(heldFrom + held.length),
  };
};
