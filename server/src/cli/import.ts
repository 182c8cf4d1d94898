import type { Destination } from "../core/importing/destination.ts";
import { COMMAND } from "../domain/command.ts";
import { DEFAULT_USER, LOCAL_TENANT, type Owner } from "../domain/principal.ts";
import { chooseFileStore } from "../wiring/files.ts";
import { importArchive } from "./archive/import.ts";
import { importChats } from "./chatgpt/import.ts";
import { type Command, fail, print, readArguments, say, UsageError } from "./command.ts";
import { configOfProcess } from "./environment.ts";
import { patientDestination, rehearsal } from "./importing/destination.ts";
import type { Job } from "./importing/job.ts";
import { filesOf, openSource, type Source } from "./importing/source.ts";
import { createTally, type Tally } from "./importing/tally.ts";
import { INTERRUPTED_EXIT_CODE, interruption } from "./interruption.ts";
import { nameOption } from "./owner-options.ts";
import { showProgress } from "./progress.ts";
import { storageOf } from "./storage.ts";
import { bytesInWords, counted } from "./wording.ts";

const HELP = `colloquy import: take over conversations from a file

  colloquy import backup.jsonl             what 'colloquy export' wrote
  gunzip -c backup.jsonl.gz | colloquy import -
  colloquy import conversations.json       from a ChatGPT export
  colloquy import --user alice chatgpt-export/
                                           the folder of an unpacked one

  --user ID        whose the ChatGPT conversations become (default: the user who
                   speaks when nobody is named)
  --tenant NAME    the tenant of that user (default: ${LOCAL_TENANT})
  --dry-run        store nothing, only say what would be taken

An archive says itself whose everything is, and its ids and times stay as they
are; it brings the files of users along. From ChatGPT come all branches of each
conversation, as text; the one that was shown last is shown here. What is there
already is not taken twice, so that an import which was stopped can be started
again. A server may go on running.

The closing summary says what was and was not taken, and why. The exit code is 1
when something could not be imported.
`;

export const importCommand: Command = async (args) => {
  const parsed = readArguments(
    args,
    {
      user: { type: "string" },
      tenant: { type: "string" },
      "dry-run": { type: "boolean", default: false },
    },
    HELP,
    1,
  );
  if (!parsed) return 0;
  const { values, positionals } = parsed;
  const [path] = positionals;
  if (!path) throw new UsageError("Say which file to import.");
  const userId = nameOption(values.user, "--user");
  const tenantId = nameOption(values.tenant, "--tenant");
  const owner: Owner = { userId: userId ?? DEFAULT_USER, tenantId: tenantId ?? LOCAL_TENANT };
  const isRehearsal = values["dry-run"];
  using interrupted = interruption();
  using opened = new DisposableStack();
  const sources: Source[] = [];
  for (const file of await filesOf(path))
    sources.push(opened.use(await openSource(file, interrupted.signal)));
  if ((userId ?? tenantId) !== undefined && sources.some(({ format }) => format === "json-lines"))
    throw new UsageError(
      "--user and --tenant are for ChatGPT exports: an archive says itself whose everything is.",
    );

  const config = configOfProcess();
  const storage = storageOf(config);
  await using store = isRehearsal && !(await storage.isInUse()) ? null : await storage.open();
  const wasClaimed = (await store?.isClaimed()) ?? false;
  const destination = isRehearsal || !store ? rehearsal(store) : patientDestination(store);
  const files = isRehearsal ? null : (chooseFileStore(config) ?? "none");
  let exitCode = 0;
  for (const source of sources) {
    exitCode = Math.max(
      exitCode,
      await importSource(source, {
        ...{ owner, destination, files, isRehearsal },
        signal: interrupted.signal,
      }),
    );
    if (interrupted.signal.aborted) break;
  }
  if (!wasClaimed && (await store?.isClaimed()))
    say(
      `Keys or invitations came along, so the server is claimed now: everybody needs one. '${COMMAND} keys list' shows the keys, and '${COMMAND} keys create' makes one.`,
    );
  return exitCode;
};

type Importing = {
  readonly owner: Owner;
  readonly destination: Destination;
  readonly files: Job["files"];
  readonly isRehearsal: boolean;
  readonly signal: AbortSignal;
};

/** @returns the exit code */
async function importSource(
  source: Source,
  { owner, destination, files, isRehearsal, signal }: Importing,
): Promise<number> {
  const isArchive = source.format === "json-lines";
  const tally = createTally();
  let failure: unknown = null;
  {
    using progress = showProgress(source.sizeBytes);
    const onProgress = () =>
      progress.update(
        source.readBytes(),
        `${bytesInWords(source.readBytes())}, ${counted(tally.taken, "record")} taken`,
      );
    const job = { chunks: source.chunks, destination, tally, files, signal, onProgress };
    try {
      await (isArchive ? importArchive(job) : importChats(job, owner));
    } catch (error) {
      failure = error;
    }
  }
  print(
    `${source.name} (${isArchive ? "a Colloquy archive" : "a ChatGPT export"})\n${tally.summary({ isRehearsal, noun: isArchive ? "line" : "conversation" })}`,
  );
  if (failure) {
    if (!(failure instanceof Error)) throw failure;
    return fail(
      `${source.name}: ${failure.message}${tally.taken && !isRehearsal ? " What was taken stays." : ""}`,
    );
  }
  if (signal.aborted) {
    say("Stopped. What was taken stays; start it again to take the rest.");
    return INTERRUPTED_EXIT_CODE;
  }
  return verdictOn(tally, isArchive);
}

/** Formats of other programs may contain unknown elements; an archive of ours may not. */
function verdictOn(tally: Tally, isArchive: boolean): number {
  if (tally.refused > 0) return 1;
  if (tally.notUnderstood === 0) return 0;
  if (isArchive) return fail("Some lines of the archive are damaged; the rest was taken.");
  return tally.understood > 0
    ? 0
    : fail("Nothing of it is understood: is it the conversations.json of a ChatGPT export?");
}
