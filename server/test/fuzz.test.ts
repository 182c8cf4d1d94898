// Requests made from the API's own description and then spoilt, and the same for both sockets.
// FUZZ_RUNS says how many, FUZZ_SEED repeats a run.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Ajv, type ValidateFunction } from "ajv";
import fc from "fast-check";
import { Pool } from "undici";
import { WebSocket } from "ws";
import { freePort, startProcess } from "./server-process.ts";

const RUNS = Number(process.env.FUZZ_RUNS ?? 20_000);
const SEED = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
const SOCKET_MESSAGES = Math.ceil(RUNS / 5);
const HANDSHAKES = Math.ceil(RUNS / 50);
const ACTORS = 8;
const AT_ONCE = 40;
const ROUND_REQUESTS = 1000;
const PATIENCE_MS = 20_000;
/** With so many requests each operation has been done at least once. */
const ENOUGH_FOR_ALL = 5000;
const MOST_GROWTH_MB = 250;

let server: Awaited<ReturnType<typeof startProcess>>;
let pool: Pool;
let directory: string;
let startOutput: string;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "colloquy-fuzz-"));
  server = await startProcess({
    PORT: String(await freePort()),
    HOST: "127.0.0.1",
    DATA_DIR: directory,
    RATE_LIMITS: "off",
    LOG_LEVEL: "error",
    OLLAMA_BASE_URL: "http://127.0.0.1:9",
  });
  startOutput = server.output();
  pool = new Pool(server.url, {
    connections: AT_ONCE,
    headersTimeout: PATIENCE_MS,
    bodyTimeout: PATIENCE_MS,
  });
});

after(async () => {
  await pool.destroy();
  await server.kill();
  await rm(directory, { recursive: true, force: true });
});

function isAlive(): boolean {
  try {
    return process.kill(server.pid, 0);
  } catch {
    return false;
  }
}

async function residentMegabytes(): Promise<number> {
  const status = await readFile(`/proc/${server.pid}/status`, "utf8").catch(() => "");
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024;
}

// What a request is made of. Names in << >> stand for what the sender has stored, or for what would
// be too long to show.

const LONG = "x".repeat(100_001);
const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;
const INSTEAD: Readonly<Record<string, string>> = {
  '"<<deep>>"': nested(100_000),
  '"<<deep objects>>"': `${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`,
  '"<<number>>"': "1e400",
  "<<long>>": LONG,
  "<<megabytes>>": "x".repeat(3_000_000),
};

const text = fc.oneof(
  { weight: 4, arbitrary: fc.string({ minLength: 1, maxLength: 20 }) },
  { weight: 2, arbitrary: fc.string({ minLength: 1, maxLength: 10, unit: "binary" }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("", " ", "\u{1F600} é e\u0301", "'; DROP TABLE messages; --", "%00"),
  },
);

const oddValue: fc.Arbitrary<unknown> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom<unknown>(
      ...[null, true, false, 0, -1, 0.5, 2 ** 53, 1e308, -1e-308, "", " ", [], {}, [null], [[]]],
      ...["a\u0000b", "\ud800", "a\udc00b", "__proto__", "constructor", "undefined", "NaN", "-1"],
      ...["<<conversation>>", "<<message>>", "<<agent>>", "<<user>>", "<<stranger's>>", "<<name>>"],
      ...[{ $gt: "" }, { length: 5 }, { toString: 1 }, { then: 1 }, { toJSON: null }],
    ),
  },
  { weight: 3, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
  { weight: 1, arbitrary: fc.constantFrom("<<deep>>", "<<deep objects>>", "<<number>>") },
  { weight: 1, arbitrary: fc.constant("<<long>>") },
);
const oddKey = fc.oneof(
  fc.constantFrom("__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "", "a.b"),
  fc.constantFrom("id", "user_id", "userId", "role", "status", "created_at", "$ref", "<<long>>"),
  fc.string({ maxLength: 8 }),
);
const oddBody = fc.oneof(
  fc.constantFrom<string>(
    ...["", " ", "{", "}", "[", "null", "[]", '""', "0", "-", "tru", '{"a":1,}', "{'a':1}", "\ufeff{}"],
    ...['{"__proto__":{"x":1}}', '{"message":"a","message":5}', '{"a":"\\u12"}', "<a/>", "a=1&b=2"],
    ...['"<<deep>>"', '"<<megabytes>>"', '{"content":"<<megabytes>>"}', '{"content":"<<long>>"}'],
  ),
  fc.json(),
  fc.string({ unit: "binary" }),
);

type Schema = {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
};

/** What stands for something that is there, by the name of the field. */
function knownFor(field: string): fc.Arbitrary<string> | null {
  if (/^user_?id$/i.test(field)) return fc.constant("<<user>>");
  if (/^conversation_?id$/i.test(field))
    return fc.constantFrom("<<conversation>>", "<<conversation>>", "<<name>>");
  if (/^(message_?id|before)$/i.test(field)) return fc.constantFrom("<<message>>");
  if (/^agent_?id$/i.test(field)) return fc.constant("<<agent>>");
  if (/^(mode|title|name|model|voice|after|id)$/.test(field))
    return fc.string({ minLength: 1, maxLength: 12 });
  return null;
}

function valueOf(schema: Schema, field: string): fc.Arbitrary<unknown> {
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map((one) => valueOf(one, field)));
  const { minimum: min = -1e9, maximum: max = 1e9 } = schema;
  switch (schema.type) {
    case "object": {
      const { properties = {}, required = [] } = schema;
      const fields = Object.entries(properties).map(([name, one]) => [name, valueOf(one, name)]);
      return fc.record(Object.fromEntries(fields), { requiredKeys: [...required] });
    }
    case "array":
      return fc.array(valueOf(schema.items ?? {}, field), { maxLength: 5 });
    case "string":
      return knownFor(field) ?? text;
    case "integer":
      return fc.integer({ min, max });
    case "number":
      return fc.oneof(
        fc.integer({ min, max }),
        fc.double({ min, max, noNaN: true, noDefaultInfinity: true }),
      );
    case "boolean":
      return fc.boolean();
    case "null":
      return fc.constant(null);
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

type Operation = {
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly { readonly in: string; readonly name: string; readonly required?: boolean; readonly schema: Schema }[];
  readonly body: Schema | null;
  /** By status, what a JSON answer has to be. */
  readonly answers: ReadonlyMap<string, ValidateFunction>;
};

type Sent = {
  readonly operation: number;
  readonly actor: number;
  readonly method: string;
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string | null;
};

type Parts = {
  method: string;
  path: string;
  query: string;
  headers: [string, string][];
  /** A value, or a text that is no JSON. */
  body: { value: unknown } | { text: string } | null;
};
type Spoiling = (parts: Parts) => void;

/** Every object and list in a value, itself included. */
function containersIn(value: unknown, found: object[] = []): Record<string, unknown>[] {
  if (typeof value === "object" && value !== null) {
    found.push(value);
    for (const inner of Object.values(value)) containersIn(inner, found);
  }
  return found as Record<string, unknown>[];
}

/** Sets any key as a field of its own. */
const put = (target: object, key: string, value: unknown) =>
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });

/** One wrong thing somewhere in a value. */
const spoiltValue = fc
  .record({
    at: fc.nat(30),
    how: fc.constantFrom("replace", "remove", "add", "whole"),
    key: oddKey,
    value: oddValue,
  })
  .map(({ at, how, key, value }) => (original: unknown): unknown => {
    const copy = structuredClone(original);
    const containers = containersIn(copy);
    const chosen = containers[at % Math.max(1, containers.length)];
    if (how === "whole" || !chosen) return value;
    const keys = Object.keys(chosen);
    const own = keys[at % Math.max(1, keys.length)];
    if (how === "add" || own === undefined) put(chosen, key, value);
    else if (how === "remove") delete chosen[own];
    else put(chosen, own, value);
    return copy;
  });

const TYPES = [
  ...["text/plain", "application/xml", "multipart/form-data", "application/x-www-form-urlencoded"],
  ...["application/json; charset=latin1", "application/jsonp", "json", "", "application/json;;", "*/*"],
  ...["application/vnd.api+json", "APPLICATION/JSON", "application/json,application/json"],
];
const ODD_HEADERS: readonly (readonly [string, string])[] = [
  ...["", "Bearer", "Bearer  ", "Basic YTpi", "Bearer a b", "Bearer ck_unknown", `Bearer ${"x".repeat(4000)}`].map(
    (value) => ["authorization", value] as const,
  ),
  ...["", " ", "<<stranger's user>>", "a\tb", "\u00ff\u00fe", "x".repeat(300), "__proto__", "a,b"].map(
    (value) => ["x-user-id", value] as const,
  ),
  ...["", "once", "once", "x".repeat(256), "\u00e9", "a, b"].map((value) => ["idempotency-key", value] as const),
  ...["http://localhost:5000", "https://evil.example", "null", "", "http://127.0.0.1:1", "file://"].map(
    (value) => ["origin", value] as const,
  ),
  ...["-1", "x", "999999999999999", "1:2:3", "<<conversation>>:5", ":1", "\u00ff"].map((value) => ["last-event-id", value] as const),
  ...["text/html", "application/xml", "*/*;q=0", "\u00ff"].map((value) => ["accept", value] as const),
  ["host", "evil.example"],
  ["host", "127.0.0.1:99999"],
  ["x-forwarded-for", "1.2.3.4, 5.6.7.8"],
  ["forwarded", "for=_x"],
  ["sec-fetch-site", "cross-site"],
  ["content-encoding", "gzip"],
  ["x-http-method-override", "DELETE"],
  ["accept-encoding", "gzip, br"],
  ["if-none-match", "*"],
  ["range", "bytes=0-1"],
  ["access-control-request-method", "PUT"],
  ["cookie", "a=b; __proto__=c"],
];
const SEGMENTS = [
  ...["..", ".", "%2e%2e", "%2F", "a%2Fb", "%00", "%E0%A4%A", "%", "%ff", "__proto__", "constructor"],
  ...["0", "-1", "null", "undefined", "true", "*", "a b".replace(" ", "+"), "%20", "%F0%9F%98%80", "\u00e9"],
  ...["<<conversation>>", "<<message>>", "<<agent>>", "<<stranger's>>", "<<name>>", "session-<<conversation>>"],
  ...["session-", "x".repeat(513), "x".repeat(6000), "00000000-0000-0000-0000-000000000000", "'--", "stream"],
];
const QUERIES = [
  ...["page=0", "page=-1", "page=x", "page=1e9", "page=99999999999999999999", "page=1&page=2", "page=", "page"],
  ...["limit=0", "limit=101", "limit=1.5", "limit=NaN", "limit[]=1", "limit[a]=1", "__proto__[a]=1", "__proto__=1"],
  ...["user_id=", "user_id=a&user_id=b", "userId=<<user>>&userId=x", "user_id=%00", "user_id=%E0%A4%A"],
  ...["before=x", "before=<<stranger's>>", "after=-1", "after=x:y", "q=%22", "q=*", "q=a*+OR+NEAR(", "q=%ff", "&&&", "=", "?", "%"],
  `a=${"b".repeat(3000)}`,
];
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "PURGE", "SEARCH", "QUERY", "LINK"];

const spoiling: fc.Arbitrary<Spoiling> = fc.oneof(
  {
    weight: 8,
    arbitrary: spoiltValue.map((spoil) => (parts: Parts) => {
      parts.body = { value: spoil(parts.body && "value" in parts.body ? parts.body.value : {}) };
    }),
  },
  { weight: 2, arbitrary: oddBody.map((text) => (parts: Parts) => (parts.body = { text })) },
  {
    weight: 1,
    arbitrary: fc.nat(200).map((at) => (parts: Parts) => {
      if (parts.body && "value" in parts.body)
        parts.body = { text: (JSON.stringify(parts.body.value) ?? "").slice(0, at) };
    }),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(...TYPES).map((type) => (parts: Parts) => parts.headers.push(["content-type", type])),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom(...ODD_HEADERS).map(([name, value]) => ({ headers }: Parts) => headers.push([name, value])),
  },
  { weight: 2, arbitrary: fc.constantFrom(...METHODS).map((method) => (parts: Parts) => (parts.method = method)) },
  {
    weight: 3,
    arbitrary: fc.record({ at: fc.nat(8), segment: fc.constantFrom(...SEGMENTS), isMore: fc.boolean() }).map(
      ({ at, segment, isMore }) =>
        (parts: Parts) => {
          const segments = parts.path.split("/");
          segments.splice(1 + (at % segments.length), isMore ? 0 : 1, segment);
          parts.path = segments.join("/").replace(/^(?!\/)/, "/");
        },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom("//", "/", "?", "#", ";a=b", "/.", "%2f", "\\").map((end) => (parts: Parts) => (parts.path += end)),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom(...QUERIES).map((query) => (parts: Parts) => {
      parts.query += `${parts.query ? "&" : ""}${query}`;
    }),
  },
);
