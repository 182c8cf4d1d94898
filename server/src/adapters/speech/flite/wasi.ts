/*
 * The system that flite sees (WASI preview 1): its arguments, and one file to write. Nothing else
 * exists for it: no clock, no input, no other file.
 */

export type Wasi = {
  readonly imports: WebAssembly.Imports;
  /** To be called once the module is instantiated. */
  attach(memory: WebAssembly.Memory): void;
  /** The arguments of the run to come, the program's name included. */
  setArguments(values: readonly string[]): void;
  /** The bytes that were written to the file. */
  readonly output: Uint8Array;
};

/** Thrown by the program's own end, since nothing may run after it. */
export class ProgramExit extends Error {
  readonly exitCode: number;
  constructor(exitCode: number) {
    super(`exit code ${exitCode}`);
    this.exitCode = exitCode;
  }
}

const SUCCESS = 0;
const BAD_DESCRIPTOR = 8;
const NO_ENTRY = 44;
const NOT_SEEKABLE = 70;
const [TERMINAL, DIRECTORY, REGULAR_FILE] = [2, 3, 4] as const;
/** The directory that is open from the start, and the file that can be opened in it. */
const [ROOT, FILE] = [3, 4] as const;
const ALL_RIGHTS = (1n << 30n) - 1n;
const CREATE = 1;
const MAX_FILE_BYTES = 64 * 1024 * 1024;

export const createWasi = (): Wasi => {
  let memory = new WebAssembly.Memory({ initial: 0 });
  let programArguments: Uint8Array[] = [];
  let file = new Uint8Array(65_536);
  let fileLength = 0;
  let position = 0;
  const view = () => new DataView(memory.buffer);
  const bytes = (from: number, length: number) => new Uint8Array(memory.buffer, from, length);

  const writeFile = (chunk: Uint8Array) => {
    const end = position + chunk.length;
    if (end > MAX_FILE_BYTES) throw new RangeError("flite writes without end");
    if (end > file.length) {
      const larger = new Uint8Array(end * 2);
      larger.set(file);
      file = larger;
    }
    file.set(chunk, position);
    position = end;
    fileLength = Math.max(fileLength, end);
  };

  const calls = {
    args_sizes_get(countTo: number, bytesTo: number) {
      view().setUint32(countTo, programArguments.length, true);
      const total = programArguments.reduce((sum, argument) => sum + argument.length, 0);
      view().setUint32(bytesTo, total, true);
      return SUCCESS;
    },
    args_get(pointersTo: number, bytesTo: number) {
      let place = bytesTo;
      programArguments.forEach((argument, i) => {
        view().setUint32(pointersTo + 4 * i, place, true);
        bytes(place, argument.length).set(argument);
        place += argument.length;
      });
      return SUCCESS;
    },
    clock_time_get(_clock: number, _precision: bigint, to: number) {
      view().setBigUint64(to, 0n, true);
      return SUCCESS;
    },
    fd_close: () => SUCCESS,
    fd_fdstat_get(descriptor: number, to: number) {
      bytes(to, 24).fill(0);
      const type = descriptor < ROOT ? TERMINAL : descriptor === ROOT ? DIRECTORY : REGULAR_FILE;
      view().setUint8(to, type);
      view().setBigUint64(to + 8, ALL_RIGHTS, true);
      view().setBigUint64(to + 16, ALL_RIGHTS, true);
      return SUCCESS;
    },
    fd_fdstat_set_flags: () => SUCCESS,
    fd_prestat_get(descriptor: number, to: number) {
      if (descriptor !== ROOT) return BAD_DESCRIPTOR;
      view().setUint32(to, 0, true);
      view().setUint32(to + 4, 1, true);
      return SUCCESS;
    },
    fd_prestat_dir_name(_descriptor: number, to: number) {
      bytes(to, 1).set([0x2f]);
      return SUCCESS;
    },
    fd_read: () => BAD_DESCRIPTOR,
    fd_seek(descriptor: number, offset: bigint, whence: number, to: number) {
      if (descriptor !== FILE) return NOT_SEEKABLE;
      const base = whence === 0 ? 0 : whence === 1 ? position : fileLength;
      position = base + Number(offset);
      view().setBigUint64(to, BigInt(position), true);
      return SUCCESS;
    },
    fd_write(descriptor: number, vectors: number, count: number, writtenTo: number) {
      let written = 0;
      for (let i = 0; i < count; i++) {
        const from = view().getUint32(vectors + 8 * i, true);
        const length = view().getUint32(vectors + 8 * i + 4, true);
        if (descriptor === FILE) writeFile(bytes(from, length));
        written += length;
      }
      view().setUint32(writtenTo, written, true);
      return SUCCESS;
    },
    path_open(
      _directory: number,
      _lookup: number,
      _path: number,
      _pathLength: number,
      flags: number,
      _rights: bigint,
      _inherited: bigint,
      _descriptorFlags: number,
      to: number,
    ) {
      if ((flags & CREATE) === 0) return NO_ENTRY;
      view().setUint32(to, FILE, true);
      return SUCCESS;
    },
    proc_exit(exitCode: number) {
      throw new ProgramExit(exitCode);
    },
  };

  return {
    imports: { wasi_snapshot_preview1: calls },
    attach(attached) {
      memory = attached;
    },
    setArguments(values) {
      programArguments = values.map((value) => new TextEncoder().encode(`${value}\0`));
    },
    get output() {
      return file.subarray(0, fileLength);
    },
  };
};
