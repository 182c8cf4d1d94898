// The smallest ONNX files that sherpa-onnx loads: they answer the same whatever they are given.
// Field numbers are those of onnx.proto3.

type Attribute = { readonly name: string; readonly integers: readonly number[] };

export type Node = {
  readonly operation: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: readonly Attribute[];
};

/** A number of −1 to −n stands for the dimension `d1` to `dn`, which may be anything. */
export type Value = {
  readonly name: string;
  readonly type: "float" | "int64";
  readonly dimensions: readonly number[];
};

export type Constant = {
  readonly name: string;
  readonly dimensions: readonly number[];
  readonly values: readonly number[];
};

export type Model = {
  readonly nodes: readonly Node[];
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly constants: readonly Constant[];
  readonly metadata: Readonly<Record<string, string | number>>;
};

const TYPES = { float: 1, int64: 7 } as const;

export const writeOnnx = (model: Model): Buffer =>
  Buffer.concat([
    number(1, 8),
    bytes(7, graphOf(model)),
    bytes(8, Buffer.concat([text(1, ""), number(2, 16)])),
    ...Object.entries(model.metadata).map(([key, value]) =>
      bytes(14, Buffer.concat([text(1, key), text(2, String(value))])),
    ),
  ]);

const graphOf = (model: Model): Buffer =>
  Buffer.concat([
    ...model.nodes.map((node) => bytes(1, nodeOf(node))),
    text(2, "graph"),
    ...model.constants.map((constant) => bytes(5, constantOf(constant))),
    ...model.inputs.map((input) => bytes(11, describe(input))),
    ...model.outputs.map((output) => bytes(12, describe(output))),
  ]);

const nodeOf = ({ operation, inputs, outputs, attributes = [] }: Node): Buffer =>
  Buffer.concat([
    ...inputs.map((input) => text(1, input)),
    ...outputs.map((output) => text(2, output)),
    text(4, operation),
    ...attributes.map(({ name, integers }) =>
      bytes(5, Buffer.concat([text(1, name), ...integers.map((i) => number(8, i)), number(20, 7)])),
    ),
  ]);

const constantOf = ({ name, dimensions, values }: Constant): Buffer =>
  Buffer.concat([
    ...dimensions.map((dimension) => number(1, dimension)),
    number(2, TYPES.float),
    text(8, name),
    bytes(9, Buffer.from(Float32Array.from(values).buffer)),
  ]);

const describe = ({ name, type, dimensions }: Value): Buffer => {
  const shape = dimensions.map((dimension) =>
    bytes(1, dimension < 0 ? text(2, `d${-dimension}`) : number(1, dimension)),
  );
  const tensor = Buffer.concat([number(1, TYPES[type]), bytes(2, Buffer.concat(shape))]);
  return Buffer.concat([text(1, name), bytes(2, bytes(1, tensor))]);
};

const varint = (value: number): number[] =>
  value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];
const number = (field: number, value: number) =>
  Buffer.from([...varint(field * 8), ...varint(value)]);
const bytes = (field: number, content: Uint8Array) =>
  Buffer.concat([Buffer.from([...varint(field * 8 + 2), ...varint(content.length)]), content]);
const text = (field: number, content: string) => bytes(field, Buffer.from(content));
