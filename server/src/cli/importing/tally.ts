import type { Fate } from "../../core/importing/destination.ts";
import type { ArchiveCounts, ArchiveRecord } from "../../ports/archive.ts";
import { noRecords, RECORD_TYPES } from "../archive/format.ts";
import { counted, listed, onOneLine } from "../wording.ts";

const MAX_REASONS = 10;
const MAX_REASON_CHARACTERS = 300;

/** The reason for which the store refuses a new record. */
const REFUSALS: Record<ArchiveRecord["type"], string> = {
  conversation: "its id belongs to somebody else, or its alias to another conversation",
  message: "its conversation was not taken, or its place in it is another message's",
  agent: "its id is taken",
  profile: "that user has one",
  prompt: "its id is taken",
  memory: "its id is taken",
  project: "its id is taken",
  key: "its id is another key's",
  invitation: "its id is another invitation's",
  file: "its bytes are not in the archive, or not whole",
};

/** What became of a file, piece by piece. */
export type Tally = ReturnType<typeof createTally>;

export function createTally() {
  const taken = noRecords();
  const there = noRecords();
  const refused = noRecords();
  const leftOut = new Map<string, number>();
  const reasons: string[] = [];
  let notUnderstood = 0;
  let repairs = 0;

  return {
    add(record: ArchiveRecord, fate: Fate): void {
      const counts: ArchiveCounts = { taken, there, refused }[fate];
      counts[record.type]++;
    },
    /** Something of the file that has no place here. @param noun in the singular */
    leaveOut(noun: string, amount = 1): void {
      if (amount > 0) leftOut.set(noun, (leftOut.get(noun) ?? 0) + amount);
    },
    misunderstand(place: string, reason: string): void {
      notUnderstood++;
      if (reasons.length < MAX_REASONS)
        reasons.push(`${place}: ${onOneLine(reason).slice(0, MAX_REASON_CHARACTERS)}`);
    },
    repair(): void {
      repairs++;
    },
    get taken() {
      return sum(taken);
    },
    get understood() {
      return sum(taken) + sum(there) + sum(refused) + leftOut.size;
    },
    get notUnderstood() {
      return notUnderstood;
    },
    get refused() {
      return sum(refused);
    },
    /** @param noun what a piece of the file is */
    summary({
      isRehearsal,
      noun,
    }: {
      readonly isRehearsal: boolean;
      readonly noun: string;
    }): string {
      const lines = [
        [isRehearsal ? "would be taken" : "taken", recordsOf(taken) || "nothing"],
        ["there already", recordsOf(there)],
        ["left out", listed([...leftOut].map(([what, amount]) => countedNoun(amount, what)))],
        ...RECORD_TYPES.map((type) => [
          isRehearsal ? "would be refused" : "refused",
          refused[type] ? `${counted(refused[type], type)}: ${REFUSALS[type]}` : "",
        ]),
        ["not understood", notUnderstood ? counted(notUnderstood, noun) : ""],
        ...reasons.map((reason) => ["", reason]),
        ["", notUnderstood > reasons.length ? "…" : ""],
        [
          "changed",
          repairs
            ? `${counted(repairs, "text")} with characters that cannot be stored; � stands for them`
            : "",
        ],
      ];
      return lines
        .map(([label = "", text]) => (text ? `  ${label.padEnd(16)}  ${text}\n` : ""))
        .join("");
    },
  };
}

const sum = (counts: ArchiveCounts): number =>
  RECORD_TYPES.reduce((total, type) => total + counts[type], 0);

const recordsOf = (counts: ArchiveCounts): string =>
  listed(RECORD_TYPES.flatMap((type) => (counts[type] ? [counted(counts[type], type)] : [])));

/** The plural of `message of a tool` is in its first word. */
function countedNoun(amount: number, what: string): string {
  const [noun = "", ...rest] = what.split(" ");
  return [counted(amount, noun), ...rest].join(" ");
}
