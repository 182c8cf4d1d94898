import { DISTURBED_SHARE } from "./accounting.ts";
import { median } from "./histogram.ts";
import type { Finding, ScenarioResult, Spread } from "./measure.ts";
import type { Options } from "./options.ts";
import type { LoadResult } from "./recorder.ts";
import type { Comparison } from "./scenarios.ts";

const HEADINGS = ["figure", "ours", "baseline", "compared (lowest–highest)", "target", ""];

function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size >= 100) return String(Math.round(value));
  return size >= 10 ? value.toFixed(1) : value.toFixed(2);
}

const suffixOf = ({ by, unit }: Comparison): string => (by === "ratio" ? "×" : ` ${unit}`);

function formatCompared({ comparison, compared }: Finding): string {
  const { median, lowest, highest } = compared;
  const range = `${formatNumber(lowest)}–${formatNumber(highest)}`;
  return `${formatNumber(median)}${suffixOf(comparison)} (${range})`;
}

function formatTarget({ comparison }: Finding): string {
  const suffix = suffixOf(comparison);
  if (comparison.atLeast !== undefined) return `≥ ${comparison.atLeast}${suffix}`;
  if (comparison.atMost !== undefined) return `≤ ${comparison.atMost}${suffix}`;
  return "";
}

/** A disturbed verdict says so: it counts for --strict, but nobody should quote it. */
function formatVerdict({ isMet }: Finding, { errors, disturbance }: ScenarioResult): string {
  if (errors.length > 0) return "INVALID";
  if (isMet === null) return "";
  const verdict = isMet ? "met" : "MISSED";
  return disturbance > DISTURBED_SHARE ? `${verdict} (disturbed)` : verdict;
}

function rowsOf(result: ScenarioResult): string[][] {
  const format = ({ median }: Spread, { unit }: Comparison) => `${formatNumber(median)} ${unit}`;
  return result.findings.map((finding) => [
    finding.comparison.label,
    format(finding.ours, finding.comparison),
    format(finding.baseline, finding.comparison),
    formatCompared(finding),
    formatTarget(finding),
    formatVerdict(finding, result),
  ]);
}

function alignTable(rows: readonly string[][], isMarkdown: boolean): string[] {
  const all = [HEADINGS, ...rows];
  const widths = HEADINGS.map((_, column) =>
    Math.max(...all.map((row) => Array.from(row[column] ?? "").length)),
  );
  const pad = (row: readonly string[]) =>
    row.map((cell, column) => cell + " ".repeat((widths[column] ?? 0) - Array.from(cell).length));
  const lines = all.map((row) => pad(row).join(isMarkdown ? " | " : "   "));
  if (!isMarkdown) return lines.map((line) => `  ${line.trimEnd()}`);
  const rule = widths.map((width) => "-".repeat(Math.max(3, width))).join(" | ");
  return lines.toSpliced(1, 0, rule).map((line) => `| ${line} |`);
}

/** What the reader must know to judge the figures. */
function remarksOn(
  { rounds, repeatedRounds, disturbance, scenario }: ScenarioResult,
  options: Options,
): string[] {
  const middle = (list: readonly LoadResult[], read: (result: LoadResult) => number) =>
    median(list.map(read));
  const percent = (share: number) => `${Math.round(share * 100)}%`;
  const ours = rounds.map((round) => round.ours);
  const baselines = rounds.map((round) => round.baseline);
  const remarks = [
    `server busy: ours ${percent(middle(ours, (r) => r.use.serverShare))}, baseline ${percent(middle(baselines, (r) => r.use.serverShare))} of its processor; ${middle(ours, (r) => r.use.serverResidentMegabytes).toFixed(0)} MB and ${middle(baselines, (r) => r.use.serverResidentMegabytes).toFixed(0)} MB`,
  ];
  const loadShare = Math.max(
    middle(ours, (r) => r.use.loadShare),
    middle(baselines, (r) => r.use.loadShare),
  );
  if (loadShare > 0.9) {
    remarks.push(
      `load generator and model were busy ${percent(loadShare)}: they may be the limit, the faster server is underrated`,
    );
  }
  if (repeatedRounds > 0) {
    remarks.push(`${repeatedRounds} rounds repeated because other work ran on this machine`);
  }
  if (disturbance > DISTURBED_SHARE) {
    remarks.push(
      `DISTURBED: other work took up to ${percent(disturbance)} of a processor in the rounds that count`,
    );
  }
  if (scenario.name === "stream") {
    const pieces = ours.map((r) => r.piecesPerReply);
    remarks.push(`text pieces a reply: ${median(pieces)} (the model sends 20)`);
  }
  if (scenario.name === "open") remarks.push(`${options.openStreams} streams`);
  if (scenario.isSeeded && options.targetFile === undefined) {
    remarks.push(`${options.listedMessages} messages stored in ours, 500 conversations listed`);
  }
  return remarks;
}

export function formatResult(result: ScenarioResult, options: Options): string {
  const { scenario, errors } = result;
  const title = `${scenario.name}: ${scenario.title}`;
  const table = alignTable(rowsOf(result), options.isMarkdown);
  const bullet = options.isMarkdown ? "- " : "  · ";
  const notes = [...errors.map((error) => `ERROR in ${error}`), ...remarksOn(result, options)].map(
    (note) => bullet + note,
  );
  const parts = options.isMarkdown ? [`### ${title}`, "", ...table, ""] : [title, ...table];
  return [...parts, ...notes, ""].join("\n");
}
