// Requests made up from the server's own description of its API: valid, nearly valid and hostile ones.
import fc from "fast-check";

export type Schema = {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
};

export type Operation = {
  readonly method: string;
  readonly path: string;
  readonly query: readonly { readonly name: string; readonly schema: Schema }[];
  readonly body: Schema | null;
};

export type FuzzRequest = {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
};

type Described = {
  readonly paths: Readonly<
    Record<
      string,
      Readonly<
        Record<
          string,
          {
            readonly parameters?: readonly { in: string; name: string; schema: Schema }[];
            readonly requestBody?: {
              readonly content: Readonly<Record<string, { readonly schema: Schema }>>;
            };
          }
        >
      >
    >
  >;
};

/** Every operation of an OpenAPI description. */
export const operationsOf = (description: Described): Operation[] =>
  Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters = [], requestBody }]) => ({
      method: method.toUpperCase(),
      path,
      query: parameters.filter((parameter) => parameter.in === "query"),
      body: requestBody?.content["application/json"]?.schema ?? null,
    })),
  );

const HOSTILE_TEXTS = [
  "",
  " \n\t",
  "\0",
  "\ud800",
  "\udc00x",
  "x".repeat(100_001),
  "😀".repeat(2000),
  "' OR 1=1 --",
  '"; DROP TABLE messages; --',
  "../../etc/passwd",
  "%00",
  "__proto__",
  "constructor",
  "-1",
  "1e309",
  "NaN",
  "\u202e\u0000\ufeff",
  "{{constructor}}",
  "<script>alert(1)</script>",
];

let hostileTexts: fc.Arbitrary<string> | undefined;
/** Made by the first who asks: a table of all characters takes a second, which who only reads descriptions has not. */
const hostileText = () =>
  (hostileTexts ??= fc.oneof(
    fc.constantFrom(...HOSTILE_TEXTS),
    fc.string({ unit: "binary", maxLength: 60 }),
  ));
const deep = fc.constantFrom(200, 5000).map((depth) => `${"[".repeat(depth)}${"]".repeat(depth)}`);

/** What fits the schema, more or less often. */
function fitting(schema: Schema, ids: readonly string[]): fc.Arbitrary<unknown> {
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map((one) => fitting(one, ids)));
  switch (schema.type) {
    case "string":
      return fc.oneof(
        fc.constantFrom(...ids),
        fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 }),
        fc.uuid(),
      );
    case "integer":
      return fc.integer({ min: schema.minimum ?? -10, max: schema.maximum ?? 1000 });
    case "number":
      return fc.double({ min: schema.minimum ?? -10, max: schema.maximum ?? 1e15, noNaN: true });
    case "boolean":
      return fc.boolean();
    case "null":
      return fc.constant(null);
    case "array":
      return fc.array(fitting(schema.items ?? {}, ids), { maxLength: 4 });
    case "object": {
      const fields = Object.entries(schema.properties ?? {});
      return fc.record(
        Object.fromEntries(fields.map(([name, field]) => [name, fitting(field, ids)])),
        { requiredKeys: [...(schema.required ?? [])] },
      );
    }
    default:
      return fc.jsonValue({ maxDepth: 3 });
  }
}

/** The same with something wrong in one place. */
const spoiled = (value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc
    .tuple(value, hostileText(), fc.jsonValue({ maxDepth: 2 }), fc.nat(), fc.boolean())
    .map(([body, text, json, at, useText]) => {
      if (typeof body !== "object" || body === null || Array.isArray(body))
        return useText ? text : json;
      const names = [...Object.keys(body), "extra", "user_id", "userId"];
      return { ...body, [names[at % names.length] ?? "extra"]: useText ? text : json };
    });

function bodyOf(schema: Schema, ids: readonly string[]): fc.Arbitrary<string> {
  const valid = fitting(schema, ids);
  return fc.oneof(
    { weight: 5, arbitrary: valid.map((value) => JSON.stringify(value)) },
    { weight: 5, arbitrary: spoiled(valid).map((value) => JSON.stringify(value) ?? "null") },
    { weight: 1, arbitrary: fc.json() },
    { weight: 1, arbitrary: hostileText() },
    {
      weight: 1,
      arbitrary: valid.map((value) =>
        JSON.stringify(value).replace("{", '{"__proto__":{"role":"system"},'),
      ),
    },
    { weight: 1, arbitrary: deep },
  );
}

/** Longer addresses never reach a wire: the HTTP parser refuses them with 431. */
const MAX_IN_ADDRESS = 500;
const encoded = (text: string): string =>
  encodeURIComponent(text.slice(0, MAX_IN_ADDRESS).toWellFormed());

/** A request for one of the operations. @param ids of things that exist, drawn often */
export function fuzzRequest(
  operations: readonly Operation[],
  ids: readonly string[],
): fc.Arbitrary<FuzzRequest> {
  const id = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...ids) },
    { weight: 1, arbitrary: fc.uuid() },
    { weight: 1, arbitrary: hostileText() },
  );
  return fc.constantFrom(...operations).chain((operation) => {
    const names = [...operation.path.matchAll(/\{(\w+)\}/g)].map(([whole]) => whole);
    return fc
      .record({
        method: fc.oneof(
          { weight: 20, arbitrary: fc.constant(operation.method) },
          {
            weight: 1,
            arbitrary: fc.constantFrom("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"),
          },
        ),
        parts: fc.tuple(...names.map(() => id)),
        query: fc.tuple(
          ...operation.query.map(({ schema }) =>
            fc.option(
              fc.oneof(
                { weight: 3, arbitrary: fitting(schema, ids).map(String) },
                { weight: 1, arbitrary: hostileText() },
              ),
              { freq: 2 },
            ),
          ),
        ),
        body: bodyOf(operation.body ?? { type: "object" }, ids),
        user: fc.option(
          fc.oneof(fc.constantFrom(...ids), fc.string({ unit: "grapheme-ascii", maxLength: 20 })),
          { freq: 4 },
        ),
        key: fc.option(fc.string({ unit: "grapheme-ascii", maxLength: 10 }), { freq: 1 }),
        lastEventId: fc.option(
          fc.constantFrom("0", "x", `${ids[0]}:3`, "-1", "99999999999999999999"),
          { freq: 1 },
        ),
        contentType: fc.oneof(
          { weight: 15, arbitrary: fc.constant("application/json") },
          {
            weight: 1,
            arbitrary: fc.constantFrom(
              "text/plain",
              "application/json; charset=utf-16",
              "multipart/form-data",
              "",
            ),
          },
        ),
      })
      .map(({ method, parts, query, body, user, key, lastEventId, contentType }) => {
        const path = names.reduce(
          (text, name, index) => text.replace(name, encoded(parts[index] ?? "")),
          operation.path,
        );
        const pairs = operation.query.flatMap(({ name }, index) =>
          query[index] == null ? [] : [`${name}=${encoded(query[index] ?? "")}`],
        );
        const hasBody = method !== "GET" && method !== "OPTIONS";
        return {
          method,
          path: pairs.length ? `${path}?${pairs.join("&")}` : path,
          headers: {
            ...(hasBody && contentType ? { "content-type": contentType } : {}),
            ...(user === null ? {} : { "x-user-id": user.trim() }),
            ...(key === null ? {} : { "idempotency-key": key.trim() }),
            ...(lastEventId === null ? {} : { "last-event-id": lastEventId }),
          },
          body: hasBody ? body.toWellFormed() : null,
        };
      });
  });
}
