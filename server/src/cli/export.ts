import type { Owner } from "../domain/principal.ts";
import type { ArchiveCounts, ArchiveRecord } from "../ports/archive.ts";
import type { FileStore } from "../ports/file-store.ts";
import { chooseFileStore, FILE_FOLDER } from "../wiring/files.ts";
import { fileBytesOutput } from "./archive/file-bytes.ts";
import { endLine, headerLine, noRecords, RECORD_TYPES, recordLine } from "./archive/format.ts";
import { fileOutput, type Output, standardOutput } from "./archive/output.ts";
import { type Command, readArguments, say } from "./command.ts";
import { configOfProcess } from "./environment.ts";
import { INTERRUPTED_EXIT_CODE, interruption } from "./interruption.ts";
import { nameOption } from "./owner-options.ts";
import { type Progress, showProgress } from "./progress.ts";
import { storageOf } from "./storage.ts";
import { counted, listed } from "./wording.ts";

const HELP = `colloquy export: write everything as JSON Lines

  colloquy export backup.jsonl
  colloquy export | gzip > backup.jsonl.gz
  colloquy export --user alice --without-keys alice.jsonl
  colloquy export --without-files texts.jsonl

  --user ID         only what belongs to that user
  --tenant NAME     only what belongs to that tenant
  --without-keys    leave the API keys and the invitations out (only their SHA-256
                    is ever stored)
  --without-files   leave the files of users out: only their names are in it then
  --force           replace FILE if it is there

Without FILE, or with -, it goes to standard output. A FILE is for you alone (mode
0600), and appears once it is whole. A server may go on running; a reply that is
being generated is left out, and one that waits for a decision is taken along with
its questions. The audit log and sessions are left out ('colloquy backup' has them).
'colloquy import' reads it.
`;

export const exportCommand: Command = async (args) => {
  const parsed = readArguments(
    args,
    {
      user: { type: "string" },
      tenant: { type: "string" },
      "without-keys": { type: "boolean", default: false },
      "without-files": { type: "boolean", default: false },
      force: { type: "boolean", default: false },
    },
    HELP,
    1,
  );
  if (!parsed) return 0;
  const { values, positionals } = parsed;
  const [file = "-"] = positionals;
  const isWanted = filterOf({
    userId: nameOption(values.user, "--user"),
    tenantId: nameOption(values.tenant, "--tenant"),
    withKeys: !values["without-keys"],
  });
  const config = configOfProcess();
  const files = values["without-files"] ? null : chooseFileStore(config);
  const storage = storageOf(config);
  if (!(await storage.isInUse()))
    throw new Error(
      `There is nothing to export: no server has stored anything in ${storage.name}.`,
    );

  await using store = await storage.open();
  using interrupted = interruption();
  const stored = await store.countRecords();
  const total = RECORD_TYPES.reduce((sum, type) => sum + stored[type], 0);
  await using output = file === "-" ? standardOutput() : await fileOutput(file, values.force);
  const written = noRecords();
  let isEnded: boolean;
  const lacking: Lacking = { withFiles: 0, missing: 0 };
  {
    using progress = showProgress(total, { isHidden: file === "-" && process.stdout.isTTY });
    await output.write(headerLine(new Date(), isWanted ? null : stored));
    const records = store.exportRecords();
    isEnded = await writeRecords({
      records,
      isWanted,
      output,
      written,
      progress,
      signal: interrupted.signal,
      ...{ files, lacking },
    });
  }
  if (interrupted.signal.aborted) {
    say(
      file === "-" ? "Stopped; what was written is not whole." : `Stopped; ${file} was not made.`,
    );
    return INTERRUPTED_EXIT_CODE;
  }
  if (!isEnded) return 0;
  await output.write(endLine(written));
  await output.finish();
  say(`Exported ${summaryOf(written)}${file === "-" ? "" : ` to ${file}`}.`);
  if (!files && lacking.withFiles > 0)
    say(
      `${counted(lacking.withFiles, "message")} had files: their names are in it, the files are not.`,
    );
  if (lacking.missing > 0)
    say(
      `${counted(lacking.missing, "file")} had no bytes in DATA_DIR/${FILE_FOLDER}, deleted meanwhile or missing before: only their names are in it.`,
    );
  return 0;
};

type Filter = (record: ArchiveRecord) => boolean;

/** Null if everything is exported. */
function filterOf(wanted: {
  userId: string | undefined;
  tenantId: string | undefined;
  withKeys: boolean;
}): Filter | null {
  const { userId, tenantId, withKeys } = wanted;
  if (userId === undefined && tenantId === undefined && withKeys) return null;
  return (record) => {
    const owner = ownerIn(record);
    if (userId !== undefined && owner.userId !== userId) return false;
    if (tenantId !== undefined && owner.tenantId !== tenantId) return false;
    return withKeys || (record.type !== "key" && record.type !== "invitation");
  };
}

function ownerIn(record: ArchiveRecord): Owner {
  if (record.type === "key") return record.key;
  return record.type === "invitation" ? record.invitation : record.owner;
}

type Writing = {
  readonly records: AsyncIterable<ArchiveRecord>;
  readonly isWanted: Filter | null;
  readonly output: Output;
  readonly written: ArchiveCounts;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** Null: files are left out. */
  readonly files: FileStore | null;
  readonly lacking: Lacking;
};

type Lacking = {
  /** Messages with attached files. */
  withFiles: number;
  /** Files whose bytes are not there. */
  missing: number;
};

/** @returns false if the export was stopped or its reader has gone */
async function writeRecords({
  records,
  isWanted,
  output,
  written,
  progress,
  signal,
  files,
  lacking,
}: Writing): Promise<boolean> {
  const bytes = files && fileBytesOutput(files, output);
  let seen = 0;
  for await (const record of records) {
    if (signal.aborted) return false;
    seen++;
    if (seen % 256 === 0) progress.update(seen, summaryOf(written));
    if (isWanted && !isWanted(record)) continue;
    if (record.type === "message" && record.message.attachments) lacking.withFiles++;
    if (record.type === "file" && !bytes) continue;
    if (record.type === "file" && !(await bytes?.write(record.file))) {
      lacking.missing++;
      continue;
    }
    written[record.type]++;
    if (!(await output.write(recordLine(record)))) return false;
  }
  return !signal.aborted;
}

/** Where there is none of them, they are not spoken of. */
const RARE: ReadonlySet<ArchiveRecord["type"]> = new Set([
  ...(["profile", "prompt", "memory", "project", "file", "invitation"] as const),
]);

const summaryOf = (counts: ArchiveCounts): string =>
  listed(
    RECORD_TYPES.filter((type) => !RARE.has(type) || counts[type] > 0).map((type) =>
      counted(counts[type], type),
    ),
  );
