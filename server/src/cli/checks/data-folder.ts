import { constants } from "node:fs";
import { access, readdir, stat, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import { REMEDY_FOR_REMAINS, remainsOfDatabase } from "../../adapters/stores/sqlite/beginning.ts";
import { bytesInWords } from "../wording.ts";
import { type Finding, failure, fine, warning } from "./finding.ts";
import { modeOf } from "./machine.ts";

const CHECK = "DATA_DIR";
const DISK = "disk";
const MIN_FREE_BYTES = 50_000_000;
const COMFORTABLE_FREE_BYTES = 1_000_000_000;

/** File systems on which the locks and the shared memory of the database do not work. */
const NETWORK_FILE_SYSTEMS: Record<number, string> = {
  26985: "NFS",
  4283649346: "CIFS",
  4266872130: "SMB",
};

/** Checks whether the server can keep its data in the folder. `isUsable` means that the store may be opened. */
export async function checkDataFolder(
  folder: string,
): Promise<{ findings: Finding[]; isUsable: boolean }> {
  const there = await stat(folder).catch(() => null);
  if (!there) return { findings: await checkFutureFolder(folder), isUsable: false };
  if (!there.isDirectory())
    return {
      findings: [
        failure(
          CHECK,
          `${folder} is not a folder`,
          "set DATA_DIR to a folder, or move that file away",
        ),
      ],
      isUsable: false,
    };

  const findings = await checkDisk(folder);
  const own = process.getuid?.();
  if (own !== undefined && there.uid !== own)
    return {
      findings: [
        ...findings,
        warning(
          CHECK,
          `${folder} belongs to another user (uid ${there.uid}; this is ${own}), so it was not looked into`,
          `run the server and its commands as that user: sudo -u '#${there.uid}' …`,
        ),
      ],
      isUsable: false,
    };
  if (!(await may(folder, constants.R_OK | constants.W_OK | constants.X_OK)))
    return {
      findings: [
        ...findings,
        failure(CHECK, `this user may not write to ${folder}`, `chmod u+rwx '${folder}'`),
      ],
      isUsable: false,
    };
  const remains = remainsOfDatabase(folder);
  if (remains !== null)
    return {
      findings: [...findings, failure(CHECK, remains, REMEDY_FOR_REMAINS)],
      isUsable: false,
    };
  const names = await readdir(folder);
  const barred: string[] = [];
  for (const name of names)
    if (!(await may(join(folder, name), constants.R_OK | constants.W_OK))) barred.push(name);
  if (barred.length > 0)
    return {
      findings: [
        ...findings,
        failure(
          CHECK,
          `this user may not write to ${barred.join(", ")} in ${folder}`,
          `give all of it to the user of the server: sudo chown -R ${own ?? "USER"} '${folder}'`,
        ),
      ],
      isUsable: false,
    };
  const isOpen = (there.mode & 0o077) !== 0;
  findings.unshift(
    isOpen
      ? warning(
          CHECK,
          `other users of this machine may look into ${folder} (mode ${modeOf(there.mode)})`,
          `chmod 700 '${folder}'`,
        )
      : fine(CHECK, `${folder} is writable, and for its owner alone`),
  );
  return { findings, isUsable: names.length > 0 };
}

/** A missing folder is created at the start of the server, if that is possible. */
async function checkFutureFolder(folder: string): Promise<Finding[]> {
  let nearest = dirname(folder);
  while (!(await may(nearest, constants.F_OK)) && dirname(nearest) !== nearest)
    nearest = dirname(nearest);
  if (!(await may(nearest, constants.W_OK | constants.X_OK)))
    return [
      failure(
        CHECK,
        `${folder} does not exist, and this user may not make it in ${nearest}`,
        "make it and give it to the user of the server, or set DATA_DIR",
      ),
    ];
  return [
    fine(CHECK, `${folder} does not exist yet; the first start makes it`),
    ...(await checkDisk(nearest)),
  ];
}

async function checkDisk(folder: string): Promise<Finding[]> {
  const disk = await statfs(folder);
  const freeBytes = disk.bavail * disk.bsize;
  const free = `${bytesInWords(freeBytes)} free`;
  const remedy = "make room, or move the data folder to a larger disk";
  const findings =
    freeBytes < MIN_FREE_BYTES
      ? [failure(DISK, free, remedy)]
      : freeBytes < COMFORTABLE_FREE_BYTES
        ? [warning(DISK, `only ${free}`, remedy)]
        : [fine(DISK, free)];
  const network = NETWORK_FILE_SYSTEMS[disk.type];
  if (network)
    findings.push(
      warning(
        DISK,
        `the data folder is on a network file system (${network}), where SQLite can lose data`,
        "set DATA_DIR to a folder on a disk of this machine",
      ),
    );
  return findings;
}

const may = (path: string, mode: number): Promise<boolean> =>
  access(path, mode).then(
    () => true,
    () => false,
  );
