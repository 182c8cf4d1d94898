import type { Destination } from "../../core/importing/destination.ts";
import { parseRepaired, parsingProblem } from "../../core/importing/repair.ts";
import type { ArchiveCounts, ArchiveRecord } from "../../ports/archive.ts";
import type { Job } from "../importing/job.ts";
import { linesOf } from "../importing/lines.ts";
import type { Piece } from "../importing/pieces.ts";
import { ImportProblem } from "../importing/problem.ts";
import type { Tally } from "../importing/tally.ts";
import { counted, listed } from "../wording.ts";
import { type ArchiveLine, checkHeader, decodeLine } from "./decode.ts";
import { NotUnderstood } from "./fields.ts";
import { incomingFileBytes } from "./file-bytes.ts";
import { BYTES, END, noRecords, RECORD_TYPES } from "./format.ts";

const BATCH_RECORDS = 500;
const BATCH_CHARACTERS = 4_000_000;

/**
 * Imports the records of an archive. Records that were imported stay, even if a later one fails.
 * @throws ImportProblem when it is none, or not whole
 */
export async function importArchive({
  chunks,
  destination,
  tally,
  files,
  signal,
  onProgress,
}: Job): Promise<void> {
  using bytes = incomingFileBytes(files === "none" ? null : files);
  const batch = batching(destination, tally, onProgress);
  const found = noRecords();
  let hasHeader = false;
  let promised: ArchiveCounts | null = null;
  try {
    for await (const piece of linesOf(chunks)) {
      if (signal.aborted) return;
      if (piece.text !== null && !/\S/.test(piece.text)) continue;
      if (!hasHeader) {
        readHeader(piece);
        hasHeader = true;
        continue;
      }
      const line: ArchiveLine | null = promised ? misplaced(piece, tally) : readLine(piece, tally);
      if (line?.type === END) promised = line.counts;
      else if (line?.type === BYTES) {
        await bytes.add(line.sha256, line.piece);
        onProgress();
      } else if (line) {
        found[line.type]++;
        if (line.type !== "file") await batch.add(line, piece.text?.length ?? 0);
        else if (files === "none") tally.leaveOut("file, which this server does not take");
        else if (await bytes.has(line.file)) await batch.add(line, piece.text?.length ?? 0);
        else tally.add(line, "refused");
      }
    }
  } finally {
    await batch.flush();
  }
  if (signal.aborted) return;
  if (!promised) throw new ImportProblem("It ends without its end line: the file was cut off.");
  if (tally.notUnderstood === 0) checkCounts(found, promised);
}

function readHeader({ text }: Piece): void {
  try {
    checkHeader(JSON.parse(text ?? ""));
  } catch (error) {
    if (error instanceof NotUnderstood)
      throw new ImportProblem(`It cannot be imported: ${error.message}.`);
    throw new ImportProblem(
      "It cannot be imported: its first line is no header of a Colloquy archive.",
    );
  }
}

function readLine(piece: Piece, tally: Tally): ArchiveLine | null {
  const misunderstand = (reason: string) => {
    tally.misunderstand(`line ${piece.number}`, reason);
    return null;
  };
  if (piece.text === null) return misunderstand("it is far too long");
  if (piece.isDamaged) tally.repair();
  try {
    return decodeLine(parseRepaired(piece.text, tally.repair));
  } catch (error) {
    return misunderstand(error instanceof NotUnderstood ? error.message : parsingProblem(error));
  }
}

function misplaced(piece: Piece, tally: Tally): null {
  tally.misunderstand(`line ${piece.number}`, "it stands behind the end line");
  return null;
}

/** @throws ImportProblem */
function checkCounts(found: ArchiveCounts, promised: ArchiveCounts): void {
  const missing = RECORD_TYPES.filter((type) => found[type] !== promised[type]);
  if (missing.length === 0) return;
  const say = (counts: ArchiveCounts) => listed(missing.map((type) => counted(counts[type], type)));
  throw new ImportProblem(
    `It should hold ${say(promised)}, and holds ${say(found)}: lines are missing, or there twice.`,
  );
}

function batching(destination: Destination, tally: Tally, onProgress: () => void) {
  let records: ArchiveRecord[] = [];
  let characters = 0;
  const flush = async () => {
    const batch = records;
    records = [];
    characters = 0;
    const fates = await destination.put(batch);
    for (const [place, record] of batch.entries()) tally.add(record, fates[place] ?? "refused");
    onProgress();
  };
  return {
    flush,
    async add(record: ArchiveRecord, length: number) {
      records.push(record);
      characters += length;
      if (records.length >= BATCH_RECORDS || characters >= BATCH_CHARACTERS) await flush();
    },
  };
}
