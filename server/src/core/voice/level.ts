const QUIETEST_DBFS = -100;

/** The level of a piece of sound, in decibels below the largest possible one. */
export function levelDbfs(samples: Int16Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const power = sum / Math.max(1, samples.length) / 32_768 ** 2;
  return power === 0 ? QUIETEST_DBFS : Math.max(QUIETEST_DBFS, 10 * Math.log10(power));
}
