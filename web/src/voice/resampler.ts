/** Brings sound from one sample rate to another, piece by piece, without a seam between the pieces. */
export type Resampler = { push(samples: Float32Array): Float32Array };

/** Zero crossings of the filter on each side: what is above the new rate's half must not fold back. */
const HALF_WIDTH = 16;
/** Of the lower of both rates' halves; the filter needs room to fall. */
const CUTOFF = 0.94;

/** A polyphase filter with a windowed sinc (Blackman), for any two whole rates. */
export function createResampler(fromHz: number, toHz: number): Resampler {
  if (fromHz === toHz) return { push: (samples) => samples.slice() };
  const divisor = greatestCommonDivisor(fromHz, toHz);
  const [step, phaseCount] = [fromHz / divisor, toHz / divisor];
  const cutoff = Math.min(1, toHz / fromHz) * CUTOFF;
  const reach = Math.ceil(HALF_WIDTH / cutoff);
  const phases = Array.from({ length: phaseCount }, (_, phase) =>
    kernel(phase / phaseCount, reach, cutoff),
  );
  /** What is still needed of the sound so far; begins with silence. */
  let kept = new Float32Array(reach);
  /** Of the next output sample: its whole position in `kept`, and its phase. */
  let position = reach;
  let phase = 0;

  return {
    push(samples) {
      const input = new Float32Array(kept.length + samples.length);
      input.set(kept);
      input.set(samples, kept.length);
      const output: number[] = [];
      while (position + reach < input.length) {
        const weights = phases[phase] as Float32Array;
        let sum = 0;
        for (let tap = 0; tap < weights.length; tap++)
          sum += (input[position - reach + 1 + tap] as number) * (weights[tap] as number);
        output.push(sum);
        phase += step;
        position += Math.floor(phase / phaseCount);
        phase %= phaseCount;
      }
      const from = Math.max(0, Math.min(input.length, position - reach));
      kept = input.slice(from);
      position -= from;
      return Float32Array.from(output);
    },
  };
}

/** The weights of the samples around an output that lies `fraction` after one of them; their sum is 1. */
function kernel(fraction: number, reach: number, cutoff: number): Float32Array {
  const weights = Float64Array.from({ length: 2 * reach }, (_, tap) => {
    const distance = tap - reach + 1 - fraction;
    const angle = (Math.PI * (distance + reach)) / reach;
    const window = 0.42 - 0.5 * Math.cos(angle) + 0.08 * Math.cos(2 * angle);
    const x = Math.PI * distance * cutoff;
    return (x === 0 ? 1 : Math.sin(x) / x) * window;
  });
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return Float32Array.from(weights, (weight) => weight / sum);
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
