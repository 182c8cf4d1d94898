// What the tests of wires 000, 001 and 002 have in common: a caller, a key maker, and a table of errors.
import assert from "node:assert/strict";
import type { AddressInfo } from "node:net";
import { hashOfKey } from "../src/adapters/credentials/keys/credentials.ts";
import type { Admit } from "../src/core/access/admission.ts";
import { AppError, ERROR_CODES, type ErrorCode } from "../src/domain/errors.ts";
import type { ApiKey } from "../src/domain/key.ts";
import { createHttpServer } from "../src/http/server.ts";
import type { Wire } from "../src/http/wire.ts";
import type { startServer } from "./start-server.ts";

export type Server = Awaited<ReturnType<typeof startServer>>;

export type Answer = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test says by its assertions what it expects
  readonly body: any;
};

/** Sends a request: an object as JSON, a text or bytes as they are. */
export async function send(
  server: { readonly url: string },
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
  signal?: AbortSignal,
): Promise<Answer> {
  const isRaw = typeof body === "string" || body instanceof Uint8Array;
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers: { ...(body !== undefined && { "content-type": "application/json" }), ...headers },
    ...(body !== undefined && { body: isRaw ? (body as string) : JSON.stringify(body) }),
    ...(signal && { signal }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: parsed(text) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const ALICE = "11111111-1111-4111-8111-111111111111";
export const BOB = "22222222-2222-4222-8222-222222222222";
export const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;
export const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;

let made = 0;

/** Makes a key, with which the server is claimed. */
export async function makeKey(server: Server, fields: Partial<ApiKey> = {}): Promise<string> {
  const key = `ck_made${made++}`;
  await server.store.createKey({
    id: `key-${made}`,
    prefix: key.slice(0, 8),
    hash: hashOfKey(key),
    name: "test",
    tenantId: "local",
    userId: ALICE,
    actAs: false,
    isOperator: false,
    models: null,
    createdAt: new Date(),
    revokedAt: null,
    ...fields,
  });
  return key;
}

/** What a wire answers to each error that the core may tell it of. @param body of a POST; absent: it is asked by GET */
export async function errorTable(
  wireWith: (admit: Admit) => Wire,
  path: string,
  body?: unknown,
): Promise<Record<ErrorCode | "unexpected", Answer>> {
  const wire = wireWith(async () => async (claims) => {
    const code = claims["X-User-ID"] as ErrorCode;
    if (!ERROR_CODES.includes(code)) throw new Error("secret inner text");
    const message = code === "internal" ? "Internal server error" : `About ${code}`;
    throw new AppError(code, message, { field: "place", cause: new Error("secret inner text") });
  });
  const app = await createHttpServer({
    requestTimeoutMs: 60_000,
    wires: [wire],
    otherErrorReply: wire.errorReply,
    origins: { listed: [], publicOrigin: null },
    welcomesLocalPages: async () => false,
    onRefusedOrigin() {},
    version: "0.0.0",
    trustedProxies: [],
    watchCredential: () => () => {},
    enter: () => () => {},
    onInternalError() {},
    onAnswer() {},
  });
  await app.listen({ host: "127.0.0.1", port: 0 });
  const server = { url: `http://127.0.0.1:${(app.server.address() as AddressInfo).port}` };
  try {
    const codes = [...ERROR_CODES, "unexpected" as const];
    const answers = codes.map(async (code) => {
      const method = body === undefined ? "GET" : "POST";
      const answer = await send(server, method, path, body, { "x-user-id": code });
      assert.match(answer.headers.get("x-request-id") ?? "", /^req_\w+$/, code);
      assert.doesNotMatch(answer.text, /secret/, code);
      return [code, answer] as const;
    });
    return Object.fromEntries(await Promise.all(answers)) as Record<ErrorCode, Answer> & {
      unexpected: Answer;
    };
  } finally {
    await app.close();
  }
}

/** The status that every wire gives each error. */
export const STATUSES: Record<ErrorCode | "unexpected", number> = {
  invalid_request: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  too_large: 413,
  unsupported_media_type: 415,
  unprocessable: 422,
  rate_limited: 429,
  model_refused: 400,
  model_failed: 502,
  model_unavailable: 502,
  unavailable: 503,
  internal: 500,
  unexpected: 500,
};

const nested = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;

/** Bodies that no route takes, with the status that each gets. @param text the field with the message */
export const badBodies = (
  text: string,
): readonly (readonly [status: number, body: string | Uint8Array, type?: string])[] => [
  [400, "{"],
  [400, ""],
  [400, "null"],
  [400, "[]"],
  [400, '"text"'],
  [400, "{}"],
  [400, nested],
  [400, `{"${text}":${nested}}`],
  [400, `{"${text}":5}`],
  [400, `{"${text}":null}`],
  [400, `{"${text}":["a"]}`],
  [400, `{"${text}":""}`],
  [400, `{"${text}":" \\n\\t "}`],
  [400, `{"${text}":"a\\u0000b"}`],
  [400, `{"${text}":"a\\ud800b"}`],
  [400, `{"${text}":"a\\udc00"}`],
  [400, `{"${text}":"${"x".repeat(100_001)}"}`],
  [400, `{"${text}":"a","__proto__":{"x":1}}`],
  [400, `{"${text}":"a","constructor":{"prototype":{"x":1}}}`],
  [400, Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d])],
  [415, `${text}=a`, "application/x-www-form-urlencoded"],
  [415, "<a/>", "text/xml"],
  [415, `{"${text}":"a"}`, "text/plain"],
];

/** Texts that come back exactly as they were sent. */
export const EVERY_KIND_OF_TEXT = [
  "plain",
  "  spaces around  ",
  "line\nbreak\r\nand\ttab",
  "👩‍👩‍👧‍👦 مرحبا नमस्ते 日本語 e\u0301",
  "\u0001\u001f\u007f\u2028\u2029\ufeff",
  `quotes " ' \\ / </script> \${x} %00 '; DROP TABLE messages; --`,
  "{{mustache}} __proto__ constructor",
  "😀".repeat(1000),
];
