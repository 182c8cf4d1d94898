/*
 * The network's first layer as what it is: the magnitudes of a windowed Fourier transform, by a
 * fast one (radix 2, decimation in time) instead of the convolution that the model file spells out.
 */

/**
 * Magnitudes of two windows of sound at once.
 * @param firstFrom, secondFrom where the windows begin in `sound`; `firstTo`, `secondTo` where their
 * magnitudes, half the length plus one, begin in `magnitudes`
 */
export type Transform = (
  sound: Float32Array,
  firstFrom: number,
  secondFrom: number,
  magnitudes: Float32Array,
  firstTo: number,
  secondTo: number,
) => void;

/** @param window its length is a power of two */
export const createTransform = (window: Float32Array): Transform => {
  const length = window.length;
  const half = length / 2;
  const reversed = bitReversal(length);
  const cosines = Float64Array.from({ length: half }, (_, k) =>
    Math.cos((2 * Math.PI * k) / length),
  );
  const sines = Float64Array.from(
    { length: half },
    (_, k) => -Math.sin((2 * Math.PI * k) / length),
  );
  const real = new Float64Array(length);
  const imaginary = new Float64Array(length);

  const transform = () => {
    for (let size = 1; size < length; size *= 2) {
      const step = half / size;
      for (let k = 0; k < size; k++) {
        const cosine = cosines[k * step] as number;
        const sine = sines[k * step] as number;
        for (let a = k; a < length; a += 2 * size) {
          const b = a + size;
          const re = (real[b] as number) * cosine - (imaginary[b] as number) * sine;
          const im = (real[b] as number) * sine + (imaginary[b] as number) * cosine;
          real[b] = (real[a] as number) - re;
          imaginary[b] = (imaginary[a] as number) - im;
          real[a] = (real[a] as number) + re;
          imaginary[a] = (imaginary[a] as number) + im;
        }
      }
    }
  };

  return (sound, firstFrom, secondFrom, magnitudes, firstTo, secondTo) => {
    for (let i = 0; i < length; i++) {
      const target = reversed[i] as number;
      real[target] = (sound[firstFrom + i] as number) * (window[i] as number);
      imaginary[target] = (sound[secondFrom + i] as number) * (window[i] as number);
    }
    transform();
    // One window was the real part and the other the imaginary part. Symmetry separates them again.
    for (let bin = 0; bin <= half; bin++) {
      const mirror = (length - bin) % length;
      const [re, im] = [real[bin] as number, imaginary[bin] as number];
      const [mirrorRe, mirrorIm] = [real[mirror] as number, imaginary[mirror] as number];
      magnitudes[firstTo + bin] = 0.5 * root(re + mirrorRe, im - mirrorIm);
      magnitudes[secondTo + bin] = 0.5 * root(im + mirrorIm, re - mirrorRe);
    }
  };
};

const root = (a: number, b: number): number => Math.sqrt(a * a + b * b);

const bitReversal = (length: number): Uint16Array => {
  const reversed = new Uint16Array(length);
  for (let i = 1; i < length; i++)
    reversed[i] = ((reversed[i >> 1] as number) >> 1) | (i & 1 ? length / 2 : 0);
  return reversed;
};

/**
 * The window inside a convolution's weights (real rows, then imaginary ones).
 * @throws RangeError when they are not a windowed Fourier transform
 */
export const windowOf = (basis: Float32Array, length: number): Float32Array => {
  const window = basis.slice(0, length);
  const bins = length / 2 + 1;
  for (let bin = 0; bin < bins; bin++)
    for (let i = 0; i < length; i++) {
      const angle = (2 * Math.PI * bin * i) / length;
      const weight = window[i] as number;
      const real = (basis[bin * length + i] as number) - weight * Math.cos(angle);
      const imaginary = (basis[(bins + bin) * length + i] as number) + weight * Math.sin(angle);
      if (Math.abs(real) > 1e-4 || Math.abs(imaginary) > 1e-4)
        throw new RangeError("its first layer is not a Fourier transform");
    }
  return window;
};
