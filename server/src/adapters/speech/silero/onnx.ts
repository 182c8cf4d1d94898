/*
 * The few parts of an ONNX file (onnx.proto3, protocol buffers) that hold weights: every named
 * float tensor that stands in a node's attribute, graph by graph.
 */

export type Tensor = { readonly dimensions: readonly number[]; readonly values: Float32Array };

/** Tensors of one graph by name. */
export type TensorMap = ReadonlyMap<string, Tensor>;

// Field numbers of onnx.proto3.
const MODEL_GRAPH = 7;
const GRAPH_NODE = 1;
const NODE_ATTRIBUTE = 5;
const ATTRIBUTE_TENSOR = 5;
const ATTRIBUTE_GRAPH = 6;
const TENSOR_DIMENSIONS = 1;
const TENSOR_DATA_TYPE = 2;
const TENSOR_NAME = 8;
const TENSOR_RAW_DATA = 9;
const DATA_TYPE_FLOAT = 1;

/** A graph inside a node (a branch of `If`) is a graph of its own. @throws RangeError when cut off */
export const readGraphs = (model: Uint8Array): TensorMap[] =>
  messages(model, MODEL_GRAPH).flatMap(readGraph);

const readGraph = (graph: Uint8Array): TensorMap[] => {
  const attributes = messages(graph, GRAPH_NODE).flatMap((node) => messages(node, NODE_ATTRIBUTE));
  const tensors = attributes.flatMap((attribute) =>
    messages(attribute, ATTRIBUTE_TENSOR).flatMap(readTensor),
  );
  const inner = attributes.flatMap((attribute) => messages(attribute, ATTRIBUTE_GRAPH));
  return [new Map(tensors), ...inner.flatMap(readGraph)];
};

const readTensor = (tensor: Uint8Array): [string, Tensor][] => {
  const dimensions: number[] = [];
  let name = "";
  let dataType = 0;
  let raw = new Uint8Array(0);
  for (const field of fields(tensor)) {
    if (field.number === TENSOR_DIMENSIONS) dimensions.push(...numbersOf(field));
    else if (field.number === TENSOR_DATA_TYPE) dataType = field.value;
    else if (field.number === TENSOR_NAME) name = new TextDecoder().decode(field.bytes);
    else if (field.number === TENSOR_RAW_DATA) raw = new Uint8Array(field.bytes);
  }
  if (dataType !== DATA_TYPE_FLOAT || name === "") return [];
  return [[name, { dimensions, values: new Float32Array(raw.buffer) }]];
};

const EMPTY = new Uint8Array(0);

/** `bytes` for a length-delimited field, `value` for a varint. */
type Field = { readonly number: number; readonly value: number; readonly bytes: Uint8Array };

const messages = (message: Uint8Array, number: number): Uint8Array[] =>
  fields(message)
    .filter((field) => field.number === number)
    .map((field) => field.bytes);

/** Repeated numbers come one by one or packed into one field. */
const numbersOf = (field: Field): number[] => {
  if (field.bytes.length === 0) return [field.value];
  const reader = { bytes: field.bytes, offset: 0 };
  const numbers: number[] = [];
  while (reader.offset < field.bytes.length) numbers.push(readVarint(reader));
  return numbers;
};

const fields = (message: Uint8Array): Field[] => {
  const reader = { bytes: message, offset: 0 };
  const found: Field[] = [];
  while (reader.offset < message.length) {
    const key = readVarint(reader);
    const number = Math.floor(key / 8);
    const wireType = key % 8;
    if (wireType === 0) found.push({ number, value: readVarint(reader), bytes: EMPTY });
    else if (wireType === 2)
      found.push({ number, value: 0, bytes: take(reader, readVarint(reader)) });
    else if (wireType === 1 || wireType === 5) take(reader, wireType === 1 ? 8 : 4);
    else throw new RangeError(`wire type ${wireType} is not used in ONNX`);
  }
  return found;
};

type Reader = { readonly bytes: Uint8Array; offset: number };

const take = (reader: Reader, length: number): Uint8Array => {
  const end = reader.offset + length;
  if (end > reader.bytes.length) throw new RangeError("the file is cut off");
  const taken = reader.bytes.subarray(reader.offset, end);
  reader.offset = end;
  return taken;
};

const readVarint = (reader: Reader): number => {
  let value = 0;
  for (let factor = 1; ; factor *= 128) {
    const [byte = 0] = take(reader, 1);
    value += (byte & 127) * factor;
    if (byte < 128) return value;
  }
};
