import { DISTURBED_SHARE, waitForCalm } from "./accounting.ts";
import { median } from "./histogram.ts";
import type { LoadResult } from "./recorder.ts";
import type { Comparison, Scenario } from "./scenarios.ts";
import { openSeededDirectory } from "./seed.ts";
import { type Site, startBaseline, startMeasured, type Target } from "./targets.ts";

export type Spread = { readonly median: number; readonly lowest: number; readonly highest: number };

/** A comparison over all rounds; `isMet` is null where nothing is demanded or nothing could be judged. */
export type Finding = {
  readonly comparison: Comparison;
  readonly ours: Spread;
  readonly baseline: Spread;
  readonly compared: Spread;
  readonly isMet: boolean | null;
};

export type Round = { readonly ours: LoadResult; readonly baseline: LoadResult };

export type ScenarioResult = {
  readonly scenario: Scenario;
  readonly findings: readonly Finding[];
  /** The rounds that count: the calmest, when other work disturbed some. */
  readonly rounds: readonly Round[];
  readonly repeatedRounds: number;
  /** Other work at its worst in the rounds that count, in shares of one processor. */
  readonly disturbance: number;
  readonly errors: readonly string[];
};

const spreadOf = (values: readonly number[]): Spread => ({
  median: median(values),
  lowest: Math.min(...values),
  highest: Math.max(...values),
});

function compare(comparison: Comparison, { ours, baseline }: Round): number {
  switch (comparison.by) {
    case "ratio":
      return comparison.read(ours) / comparison.read(baseline);
    case "difference":
      return comparison.read(ours) - comparison.read(baseline);
    case "itself":
      return comparison.read(ours);
  }
}

function findOut(comparison: Comparison, rounds: readonly Round[], isSound: boolean): Finding {
  const compared = spreadOf(rounds.map((round) => compare(comparison, round)));
  const { atLeast, atMost } = comparison;
  const isDemanding = atLeast !== undefined || atMost !== undefined;
  const isMet =
    compared.median >= (atLeast ?? Number.NEGATIVE_INFINITY) &&
    compared.median <= (atMost ?? Number.POSITIVE_INFINITY);
  return {
    comparison,
    ours: spreadOf(rounds.map(({ ours }) => comparison.read(ours))),
    baseline: spreadOf(rounds.map(({ baseline }) => comparison.read(baseline))),
    compared,
    isMet: isDemanding && isSound ? isMet : null,
  };
}

const errorsOf = (target: Target, number: number, { errors, firstError }: LoadResult): string[] =>
  errors === 0
    ? []
    : [
        `round ${number}, ${target.name}: ${errors === 1 ? "" : `${errors} ×, first: `}${firstError}`,
      ];

/** How much other work ran meanwhile, at worst; in shares of one processor. */
const disturbanceOf = ({ ours, baseline }: Round): number =>
  Math.max(ours.use.foreignShare, baseline.use.foreignShare);

/** A disturbed round is repeated, but never more than this many rounds for one. */
const ATTEMPTS_PER_ROUND = 3;

/**
 * Both servers side by side on the same processor, loaded in turns: A B, B A, A B … Which rounds
 * count depends on how calm the machine was, never on what they showed; errors count in any case.
 */
export async function measureScenario(scenario: Scenario, site: Site): Promise<ScenarioResult> {
  const { rounds: wanted, patienceSeconds, targetFile } = site.options;
  const { environment = {} } = scenario;
  const seeded =
    scenario.isSeeded && targetFile === undefined ? await openSeededDirectory(site) : undefined;
  await using baseline = stopping(await startBaseline(scenario.baseline, site, environment));
  await using ours = stopping(await startMeasured(site, environment, seeded));
  const rounds: Round[] = [];
  const errors: string[] = [];

  const measure = async (target: Target): Promise<LoadResult> => {
    await waitForCalm(patienceSeconds * 1000);
    const result = await scenario.run(target, site, rounds.length === 0);
    errors.push(...errorsOf(target, rounds.length + 1, result));
    return result;
  };

  const isCalm = (round: Round) => disturbanceOf(round) <= DISTURBED_SHARE;
  while (
    rounds.filter(isCalm).length < wanted &&
    rounds.length < wanted * ATTEMPTS_PER_ROUND &&
    errors.length === 0
  ) {
    process.stderr.write(`  ${scenario.name}: round ${rounds.length + 1}\n`);
    if (rounds.length % 2 === 0) {
      const first = await measure(ours.target);
      rounds.push({ ours: first, baseline: await measure(baseline.target) });
    } else {
      const first = await measure(baseline.target);
      rounds.push({ ours: await measure(ours.target), baseline: first });
    }
  }
  const calmest = rounds.toSorted((a, b) => disturbanceOf(a) - disturbanceOf(b)).slice(0, wanted);
  const isSound = errors.length === 0;
  return {
    scenario,
    findings: scenario.comparisons.map((comparison) => findOut(comparison, calmest, isSound)),
    rounds: calmest,
    repeatedRounds: rounds.length - calmest.length,
    disturbance: Math.max(...calmest.map(disturbanceOf)),
    errors,
  };
}

const stopping = (target: Target) => ({
  target,
  [Symbol.asyncDispose]: () => target.process.stop(),
});
