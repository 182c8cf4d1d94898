import type { Type as TypeBuilder } from "typebox";

type Schema = Readonly<Record<string, unknown>>;
type Options = Readonly<Record<string, unknown>>;

const optional = new WeakSet<object>();

const object = (properties: Readonly<Record<string, Schema>>, options?: Options): Schema => {
  const required = Object.keys(properties).filter((name) => !optional.has(properties[name] ?? {}));
  return {
    type: "object",
    ...(required.length > 0 && { required }),
    properties,
    ...options,
  };
};

const ofType =
  (type: string) =>
  (options?: Options): Schema => ({ type, ...options });

const builder = {
  Array: (items: Schema, options?: Options): Schema => ({ type: "array", items, ...options }),
  Boolean: ofType("boolean"),
  Enum: (values: readonly unknown[], options?: Options): Schema => ({
    enum: [...values],
    ...options,
  }),
  Integer: ofType("integer"),
  Literal: (value: string | number | boolean, options?: Options): Schema => ({
    type: typeof value,
    const: value,
    ...options,
  }),
  Null: ofType("null"),
  Number: ofType("number"),
  Object: object,
  Omit({ properties }: { readonly properties: Record<string, Schema> }, names: readonly string[]) {
    const kept = Object.entries(properties).filter(([name]) => !names.includes(name));
    return object(Object.fromEntries(kept));
  },
  Optional(schema: Schema): Schema {
    const copy = { ...schema };
    optional.add(copy);
    return copy;
  },
  Record: (_names: Schema, values: Schema, options?: Options): Schema => ({
    type: "object",
    patternProperties: { "^.*$": values },
    ...options,
  }),
  String: ofType("string"),
  Union: (anyOf: readonly Schema[], options?: Options): Schema => ({ anyOf, ...options }),
  Unknown: (options?: Options): Schema => ({ ...options }),
  Unsafe: (schema: Schema): Schema => schema,
};

/**
 * JSON schemas whose values TypeScript knows. The types are TypeBox's; what they build is made here, because its package
 * has hundreds of modules, which are most of what a server would load at its start.
 */
export const Type = builder as unknown as Pick<typeof TypeBuilder, keyof typeof builder>;
