import type { Size, TestFile } from "./test-plan.ts";

/** A campaign is begun only when so many times its usual duration is left. */
const MARGIN = 1.5;

export type ChosenCampaign = {
  readonly name: string;
  readonly path: string;
  readonly setting: string;
  readonly value: string;
  readonly seconds: number;
};

export type Outcome = {
  /** Begins with `passed`, `failed` or `not run`. */
  readonly outcome: string;
  readonly seconds?: number;
  readonly figures?: readonly string[];
  /** When it ended, in ISO 8601. */
  readonly at?: string;
};

/** So many times its usual duration, and it hangs. */
const MAX_DELAY = 4;
const LEAST_LIMIT_SECONDS = 120;

/** After how long a campaign that usually takes that long has failed. */
export function limitOf(seconds: number): number {
  return Math.max(MAX_DELAY * seconds, LEAST_LIMIT_SECONDS);
}

/** Whether a campaign that takes that long is to be begun with so much time left. */
export function fitsInto(seconds: number, secondsLeft: number): boolean {
  return seconds * MARGIN <= secondsLeft;
}

/**
 * @param names of files; none: all
 * @returns the campaigns to run, the shortest first, and the names that no campaign has
 */
export function chooseCampaigns(files: readonly TestFile[], names: readonly string[], size: Size) {
  const campaigns: ChosenCampaign[] = files
    .flatMap(({ name, path, campaign }) =>
      campaign && (!names.length || names.includes(name))
        ? [{ name, path, setting: campaign.setting, ...campaign.sizes[size] }]
        : [],
    )
    .sort((one, other) => one.seconds - other.seconds);
  const known = new Set(files.flatMap(({ name, campaign }) => (campaign ? [name] : [])));
  return { campaigns, unknown: names.filter((name) => !known.has(name)) };
}

/** The report in Markdown. */
export function reportOf(run: {
  readonly size: Size;
  readonly commit: string;
  readonly machine: string;
  readonly rows: readonly (Omit<ChosenCampaign, "seconds"> & Outcome)[];
}): string {
  const lines = run.rows.map(
    ({ name, setting, value, outcome, seconds, at }) =>
      `| ${name} | ${setting}=${value} | ${outcome} | ${seconds || ""} | ${at ?? ""} |`,
  );
  const figures = run.rows
    .filter((row) => row.figures?.length)
    .map((row) => `## ${row.name}\n\n${row.figures?.map((text) => `- ${text}`).join("\n")}\n`);
  return `# Campaigns, ${run.size} size

Commit ${run.commit}, on ${run.machine}.

| Campaign | Size | Outcome | Seconds | Ended |
| --- | --- | --- | ---: | --- |
${lines.join("\n")}

${figures.join("\n")}`;
}
