/*
 * Band-limited resampling of a stream: a polyphase windowed-sinc filter (J. O. Smith, "Digital
 * Audio Resampling"), Kaiser window. The stop band begins at half the lower of the two rates, so
 * no aliasing reaches the audible band.
 */

/** One stream with the state of its filter: chunks give the same samples as the whole would. */
export type Resampler = {
  /** Takes samples at the input rate and returns the samples at the output rate that are complete. */
  push(samples: Float32Array): Float32Array;
  /** Returns the last samples, as if silence followed. A new stream begins after that. */
  flush(): Float32Array;
};

/** The zero crossings of the sinc on each side. With 32 the transition band is 8% of the lower rate. */
const ZERO_CROSSINGS = 32;
/** Kaiser's β for a stop band of −80 dB. */
const KAISER_BETA = 7.86;
/** The middle of the transition band, which ends at half the lower rate. */
const ROLL_OFF = 0.92;
/** The largest table. Unusual rates such as 44,101 Hz would need a larger one and are interpolated between phases. */
const MAX_TABLE_ENTRIES = 100_000;
const INTERPOLATED_PHASES = 128;
const CACHED_FILTERS = 16;

type Filter = {
  /** The output and the input rate, divided by their greatest common divisor. */
  readonly up: number;
  readonly down: number;
  readonly halfTaps: number;
  /** The number of phases in the table; equal to `up` if every position has a row of its own. */
  readonly phases: number;
  /** `phases + 1` rows of `2 × halfTaps` coefficients. */
  readonly table: Float32Array;
};

const filters = new Map<string, Filter>();

/** @param inputHz, outputHz whole numbers above zero */
export const createResampler = (inputHz: number, outputHz: number): Resampler => {
  if (inputHz === outputHz) return { push: (samples) => samples, flush: () => new Float32Array(0) };
  const filter = filterFor(inputHz, outputHz);
  const { up, down, halfTaps } = filter;
  const start = () => ({ pending: new Float32Array(halfTaps - 1), phase: 0 });
  let { pending, phase } = start();

  const push = (samples: Float32Array): Float32Array => {
    const input = new Float32Array(pending.length + samples.length);
    input.set(pending);
    input.set(samples, pending.length);
    const reach = input.length - 2 * halfTaps;
    const count = reach < 0 ? 0 : Math.floor(((reach + 1) * up - 1 - phase) / down) + 1;
    const output = new Float32Array(count);
    let first = 0;
    for (let i = 0; i < count; i++) {
      output[i] = convolve(filter, input, first, phase);
      phase += down;
      const steps = Math.floor(phase / up);
      first += steps;
      phase -= steps * up;
    }
    pending = input.slice(first);
    return output;
  };
  return {
    push,
    flush() {
      const rest = push(new Float32Array(halfTaps));
      ({ pending, phase } = start());
      return rest;
    },
  };
};

/** The output sample at `first + halfTaps − 1 + phase ÷ up` of the input. */
const convolve = (filter: Filter, input: Float32Array, first: number, phase: number): number => {
  const taps = 2 * filter.halfTaps;
  const exact = filter.phases === filter.up;
  const place = exact ? phase : (phase * filter.phases) / filter.up;
  const row = Math.floor(place);
  const value = dot(filter.table, row * taps, input, first, taps);
  if (exact) return value;
  const next = dot(filter.table, (row + 1) * taps, input, first, taps);
  return value + (next - value) * (place - row);
};

const dot = (
  a: Float32Array,
  aFrom: number,
  b: Float32Array,
  bFrom: number,
  length: number,
): number => {
  let even = 0;
  let odd = 0;
  for (let i = 0; i < length; i += 2) {
    even += (a[aFrom + i] as number) * (b[bFrom + i] as number);
    odd += (a[aFrom + i + 1] as number) * (b[bFrom + i + 1] as number);
  }
  return even + odd;
};

const filterFor = (inputHz: number, outputHz: number): Filter => {
  const key = `${inputHz}→${outputHz}`;
  const known = filters.get(key);
  if (known) return known;
  const divisor = greatestCommonDivisor(inputHz, outputHz);
  const filter = designFilter(outputHz / divisor, inputHz / divisor);
  const [oldest] = filters.keys();
  if (filters.size >= CACHED_FILTERS && oldest !== undefined) filters.delete(oldest);
  filters.set(key, filter);
  return filter;
};

const designFilter = (up: number, down: number): Filter => {
  const bandwidth = Math.min(1, up / down);
  const halfTaps = Math.ceil(ZERO_CROSSINGS / bandwidth);
  const taps = 2 * halfTaps;
  const phases = up * taps > MAX_TABLE_ENTRIES ? INTERPOLATED_PHASES : up;
  const table = new Float32Array((phases + 1) * taps);
  const cutoff = bandwidth * ROLL_OFF;
  for (let row = 0; row <= phases; row++) {
    const values = Array.from({ length: taps }, (_, tap) => {
      const distance = tap - halfTaps + 1 - row / phases;
      return sinc(cutoff * distance) * kaiser(distance / halfTaps);
    });
    const sum = values.reduce((total, value) => total + value, 0);
    table.set(
      values.map((value) => value / sum),
      row * taps,
    );
  }
  return { up, down, halfTaps, phases, table };
};

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

/** The window is not divided by I₀(β), since every row is scaled to a sum of one. */
const kaiser = (x: number): number =>
  Math.abs(x) > 1 ? 0 : besselI0(KAISER_BETA * Math.sqrt(1 - x * x));

/** The modified Bessel function of the first kind of order zero, by its power series. */
const besselI0 = (x: number): number => {
  const quarter = (x * x) / 4;
  let term = 1;
  let sum = 1;
  for (let k = 1; term > sum * 1e-9; k++) {
    term *= quarter / (k * k);
    sum += term;
  }
  return sum;
};

const greatestCommonDivisor = (a: number, b: number): number =>
  b === 0 ? a : greatestCommonDivisor(b, a % b);
