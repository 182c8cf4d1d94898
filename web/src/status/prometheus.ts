/*
 * Prometheus' text format, as /metrics has it (https://prometheus.io/docs/instrumenting/exposition_formats/).
 */

export type Labels = Readonly<Record<string, string>>;
export type Sample = { readonly labels: Labels; readonly value: number };
/** The samples of each metric, by its name. */
export type Metrics = ReadonlyMap<string, readonly Sample[]>;

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;
const ESCAPES: Readonly<Record<string, string>> = { "\\n": "\n", "\\\\": "\\", '\\"': '"' };

export function readMetrics(text: string): Metrics {
  const metrics = new Map<string, Sample[]>();
  for (const line of text.split("\n")) {
    const [, name, labelText = "", value] = LINE.exec(line) ?? [];
    if (name === undefined || value === undefined) continue;
    const sample = { labels: labelsIn(labelText), value: numberOf(value) };
    const samples = metrics.get(name);
    if (samples) samples.push(sample);
    else metrics.set(name, [sample]);
  }
  return metrics;
}

const labelsIn = (text: string): Labels =>
  Object.fromEntries(
    [...text.matchAll(LABEL)].map(([, name = "", value = ""]) => [
      name,
      value.replace(/\\[n\\"]/g, (sequence) => ESCAPES[sequence] ?? sequence),
    ]),
  );

const numberOf = (text: string): number =>
  text === "+Inf" ? Number.POSITIVE_INFINITY : text === "-Inf" ? -Infinity : Number(text);

/** Of all samples of that name which `isMeant`; 0 where there are none. */
export const sumOf = (
  metrics: Metrics,
  name: string,
  isMeant: (labels: Labels) => boolean = () => true,
): number =>
  (metrics.get(name) ?? []).reduce(
    (sum, { labels, value }) => (isMeant(labels) ? sum + value : sum),
    0,
  );

/** How many values were at most so large, by that bound; over all labels. */
export type Buckets = ReadonlyMap<number, number>;

export function bucketsOf(metrics: Metrics, name: string): Buckets {
  const buckets = new Map<number, number>();
  for (const { labels, value } of metrics.get(`${name}_bucket`) ?? []) {
    const bound = numberOf(labels.le ?? "");
    buckets.set(bound, (buckets.get(bound) ?? 0) + value);
  }
  return buckets;
}

/** What has come since then. */
export const bucketsSince = (now: Buckets, then: Buckets): Buckets =>
  new Map([...now].map(([bound, count]) => [bound, count - (then.get(bound) ?? 0)]));

/**
 * The value below which that share of all values is: a straight line within its bucket, as
 * Prometheus' histogram_quantile has it. Null where there are none.
 */
export function quantile(buckets: Buckets, share: number): number | null {
  const bounds = [...buckets.keys()].sort((a, b) => a - b);
  const total = buckets.get(Number.POSITIVE_INFINITY) ?? 0;
  if (total <= 0) return null;
  const rank = share * total;
  let [lower, below] = [0, 0];
  for (const bound of bounds) {
    const count = buckets.get(bound) ?? 0;
    if (count >= rank) {
      if (!Number.isFinite(bound)) return lower;
      return lower + ((bound - lower) * (rank - below)) / Math.max(1, count - below);
    }
    [lower, below] = [bound, count];
  }
  return lower;
}
