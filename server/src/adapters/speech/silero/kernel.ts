/*
 * The one loop in which the detector spends its time, as WebAssembly with SIMD: y = W·x + b, and
 * what lies below `floor` raised to it (0 makes it a ReLU). Written with a small assembler; numbers
 * are from the WebAssembly specification, section 5 (binary format).
 */

/** Rows that are computed side by side, in eight registers of four floats. */
export const ROWS_AT_ONCE = 32;
const REGISTERS = ROWS_AT_ONCE / 4;
const ROW_BYTES = ROWS_AT_ONCE * 4;

/**
 * All pointers are byte offsets into the memory.
 * @param weights as `packRows` lays them out
 * @param rows a multiple of ROWS_AT_ONCE
 */
export type Affine = (
  weights: number,
  bias: number,
  input: number,
  output: number,
  rows: number,
  columns: number,
  floor: number,
) => void;

/** Row-major weights in the order in which the kernel reads them: 32 rows of a column at a time. */
export const packRows = (weights: Float32Array, rows: number, columns: number): Float32Array => {
  const packed = new Float32Array(Math.ceil(rows / ROWS_AT_ONCE) * ROWS_AT_ONCE * columns);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const block = Math.floor(row / ROWS_AT_ONCE) * columns + column;
      packed[block * ROWS_AT_ONCE + (row % ROWS_AT_ONCE)] = weights[row * columns + column] ?? 0;
    }
  return packed;
};

export const createKernel = (memory: WebAssembly.Memory): Affine => {
  const module = new WebAssembly.Module(assemble());
  const instance = new WebAssembly.Instance(module, { host: { memory } });
  return instance.exports.affine as Affine;
};

// Locals: the seven parameters, then these.
const [WEIGHTS, BIAS, INPUT, OUTPUT, ROWS, COLUMNS, FLOOR] = [0, 1, 2, 3, 4, 5, 6] as const;
const [CURSOR, END] = [7, 8] as const;
const FIRST_SUM = 9;

const [I32, F32, V128, NOTHING] = [0x7f, 0x7d, 0x7b, 0x40] as const;
const [LOOP, END_BLOCK, BRANCH_IF] = [0x03, 0x0b, 0x0d] as const;
const [GET, SET, TEE] = [0x20, 0x21, 0x22] as const;
const [I32_CONST, I32_LESS, I32_GREATER, I32_ADD, I32_SUB, I32_SHIFT_LEFT] = [
  0x41, 0x49, 0x4a, 0x6a, 0x6b, 0x74,
] as const;
const SIMD = 0xfd;
const [V128_LOAD, V128_LOAD32_SPLAT, V128_STORE, F32X4_SPLAT, F32X4_MAX] = [
  0x00, 0x09, 0x0b, 0x13, 0xe9,
] as const;
const F32X4_RELAXED_MULTIPLY_ADD = 0x105;

const assemble = (): Uint8Array<ArrayBuffer> => {
  const sums = Array.from({ length: REGISTERS }, (_, i) => FIRST_SUM + i);
  const advance = (pointer: number, bytes: number) => [
    ...[GET, pointer, I32_CONST, ...signed(bytes), I32_ADD, SET, pointer],
  ];
  const body = [
    ...[LOOP, NOTHING],
    ...sums.flatMap((sum, i) => [GET, BIAS, ...simd(V128_LOAD, 4, 16 * i), SET, sum]),
    ...[GET, INPUT, TEE, CURSOR, GET, COLUMNS, I32_CONST, 2, I32_SHIFT_LEFT, I32_ADD, SET, END],
    ...[LOOP, NOTHING],
    ...sums.flatMap((sum, i) => [
      ...[GET, WEIGHTS, ...simd(V128_LOAD, 4, 16 * i)],
      ...[GET, CURSOR, ...simd(V128_LOAD32_SPLAT, 2, 0)],
      ...[GET, sum, ...simd(F32X4_RELAXED_MULTIPLY_ADD), SET, sum],
    ]),
    ...advance(WEIGHTS, ROW_BYTES),
    ...advance(CURSOR, 4),
    ...[GET, CURSOR, GET, END, I32_LESS, BRANCH_IF, 0, END_BLOCK],
    ...sums.flatMap((sum, i) => [
      ...[GET, OUTPUT, GET, sum, GET, FLOOR, ...simd(F32X4_SPLAT), ...simd(F32X4_MAX)],
      ...simd(V128_STORE, 4, 16 * i),
    ]),
    ...advance(BIAS, ROW_BYTES),
    ...advance(OUTPUT, ROW_BYTES),
    ...[GET, ROWS, I32_CONST, ...signed(ROWS_AT_ONCE), I32_SUB, TEE, ROWS],
    ...[I32_CONST, 0, I32_GREATER, BRANCH_IF, 0, END_BLOCK],
    END_BLOCK,
  ];
  const code = [2, 2, I32, REGISTERS, V128, ...body];
  const parameters = [I32, I32, I32, I32, I32, I32, F32];
  return Uint8Array.from([
    ...[0x00, ...ascii("asm"), 1, 0, 0, 0],
    ...section(1, [1, 0x60, parameters.length, ...parameters, 0]),
    ...section(2, [1, ...named("host"), ...named("memory"), 2, 0, 1]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...named("affine"), 0, 0]),
    ...section(10, [1, ...unsigned(code.length), ...code]),
  ]);
};

const simd = (operation: number, alignment?: number, offset = 0): number[] => [
  SIMD,
  ...unsigned(operation),
  ...(alignment === undefined ? [] : [alignment, ...unsigned(offset)]),
];

const section = (id: number, content: readonly number[]): number[] => [
  id,
  ...unsigned(content.length),
  ...content,
];

const ascii = (text: string): number[] => [...text].map((letter) => letter.charCodeAt(0));
const named = (text: string): number[] => [text.length, ...ascii(text)];

/** LEB128. */
const unsigned = (value: number): number[] =>
  value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >> 7)];

const signed = (value: number): number[] =>
  value >= -64 && value < 64 ? [value & 127] : [(value & 127) | 128, ...signed(value >> 7)];
