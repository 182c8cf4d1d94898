import { OpenAiError } from "./errors.ts";

/** A JSON object whose fields are of any type. */
export type JsonFields = Readonly<Record<string, unknown>>;

type Bounds = { readonly min?: number; readonly max?: number };

/**
 * The fields of an object of a request. Unknown fields are ignored; null counts as absent. Each method throws an
 * OpenAiError that names the field by its path where the field is there and is not what the method says.
 */
export type Fields = {
  /** The path of the object itself; "" for the body. */
  readonly path: string;
  /** The object as it came. */
  readonly whole: JsonFields;
  /** The path of one of its fields. */
  at(name: string): string;
  has(name: string): boolean;
  /** For fields in which null is a value of its own. */
  isNull(name: string): boolean;
  /** As it came; undefined where it is absent. */
  any(name: string): unknown;
  /** `max`: in UTF-16 code units. */
  string(name: string, bounds?: Bounds): string | undefined;
  number(name: string, bounds?: Bounds): number | undefined;
  integer(name: string, bounds?: Bounds): number | undefined;
  boolean(name: string): boolean | undefined;
  oneOf<const Value extends string>(name: string, values: readonly Value[]): Value | undefined;
  object(name: string): Fields | undefined;
  /** The object as it came. */
  json(name: string): JsonFields | undefined;
  /** Bounds are of its length. */
  list(name: string, bounds?: Bounds): readonly Item[] | undefined;
};

/** An element of a list, with its path. */
export type Item = { readonly path: string; readonly value: unknown };

/** @throws OpenAiError invalid_type if that is no object. @param path of the object; "" for the body */
export function fieldsOf(value: unknown, path = ""): Fields {
  if (!isObject(value)) throw wrongType(path, "an object", value);
  const at = (name: string): string => (path === "" ? name : `${path}.${name}`);
  const any = (name: string): unknown =>
    Object.hasOwn(value, name) ? (value[name] ?? undefined) : undefined;
  const typed = <Type>(
    name: string,
    is: (value: unknown) => value is Type,
    expected: string,
  ): Type | undefined => {
    const found = any(name);
    if (found === undefined || is(found)) return found;
    throw wrongType(at(name), expected, found);
  };
  const bounded = <Type>(
    name: string,
    kind: keyof typeof MEASURED,
    found: Type | undefined,
    size: (found: Type) => number,
    { min, max }: Bounds,
  ): Type | undefined => {
    if (found === undefined) return undefined;
    const measured = size(found);
    if (max !== undefined && measured > max)
      throw outOfBounds(at(name), kind, "above", max, measured);
    if (min !== undefined && measured < min)
      throw outOfBounds(at(name), kind, "below", min, measured);
    return found;
  };
  const itself = (found: number) => found;
  return {
    path,
    whole: value,
    at,
    any,
    isNull: (name) => Object.hasOwn(value, name) && value[name] === null,
    has: (name) => any(name) !== undefined,
    string: (name, bounds = {}) =>
      bounded(name, "string", typed(name, isString, "a string"), (it) => it.length, bounds),
    number: (name, bounds = {}) =>
      bounded(name, "decimal", typed(name, isNumber, "a decimal"), itself, bounds),
    integer: (name, bounds = {}) =>
      bounded(name, "integer", typed(name, isInteger, "an integer"), itself, bounds),
    boolean: (name) => typed(name, isBoolean, "a boolean"),
    oneOf(name, values) {
      const found = typed(name, isString, "a string");
      if (found === undefined) return undefined;
      const known = values.find((it) => it === found);
      if (known === undefined) throw wrongValue(at(name), found, values);
      return known;
    },
    object(name) {
      const found = any(name);
      return found === undefined ? undefined : fieldsOf(found, at(name));
    },
    json: (name) => typed(name, isObject, "an object"),
    list(name, bounds = {}) {
      const found = typed(name, Array.isArray, "an array") as readonly unknown[] | undefined;
      return bounded(name, "array", found, (it) => it.length, bounds)?.map((value, index) => ({
        path: `${at(name)}[${index}]`,
        value,
      }));
    },
  };
}

/** The value of a field that has to be there. @throws OpenAiError missing_required_parameter */
export function required<Value>(value: Value | undefined, path: string): Value {
  if (value !== undefined) return value;
  throw new OpenAiError(
    "invalid_request",
    "missing_required_parameter",
    `Missing required parameter: '${path}'.`,
    path,
  );
}

/** @param expected with its article: `a string` */
export const wrongType = (path: string, expected: string, found: unknown): OpenAiError =>
  new OpenAiError(
    "invalid_request",
    "invalid_type",
    `Invalid type for '${path || "body"}': expected ${expected}, but got ${typeOf(found)} instead.`,
    path || "body",
  );

export const wrongValue = (
  path: string,
  found: string,
  supported: readonly string[],
): OpenAiError => {
  const list = supported.map((it) => `'${it}'`).join(", ");
  return invalid(path, `Invalid value: '${shown(found)}'. Supported values are: ${list}.`);
};

/** A value that is not taken, in a sentence of its own. */
export const invalid = (path: string, message: string): OpenAiError =>
  new OpenAiError("invalid_request", "invalid_value", message, path);

const MAX_SHOWN_CHARACTERS = 60;

const shown = (text: string): string =>
  text.length > MAX_SHOWN_CHARACTERS
    ? `${text.slice(0, MAX_SHOWN_CHARACTERS).toWellFormed()}…`
    : text;

const MEASURED = {
  string: "length",
  array: "length",
  decimal: "value",
  integer: "value",
  object: "properties",
} as const;

/** OpenAI's code and sentence for a value that is too large or too small. */
export function outOfBounds(
  path: string,
  kind: keyof typeof MEASURED,
  side: "above" | "below",
  bound: number,
  measured: number,
): OpenAiError {
  const isEmptyList = kind === "array" && measured === 0;
  const most = side === "above" ? "max" : "min";
  const code = isEmptyList ? "empty_array" : `${kind}_${side}_${most}_${MEASURED[kind]}`;
  const sentence = isEmptyList
    ? "it is empty, and must have at least one element"
    : `its ${MEASURED[kind] === "value" ? "value" : "length"} is ${measured}, and must be at ${side === "above" ? "most" : "least"} ${bound}`;
  return new OpenAiError("invalid_request", code, `Invalid '${path}': ${sentence}.`, path);
}

const isObject = (value: unknown): value is JsonFields =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isString = (value: unknown): value is string => typeof value === "string";
const isNumber = (value: unknown): value is number => typeof value === "number";
const isInteger = (value: unknown): value is number => Number.isSafeInteger(value);
const isBoolean = (value: unknown): value is boolean => typeof value === "boolean";

function typeOf(value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "number") return Number.isInteger(value) ? "an integer" : "a decimal";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
