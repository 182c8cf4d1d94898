// No field of any wire makes the server fetch an address: providers come from the settings alone.
import assert from "node:assert/strict";
import { test } from "node:test";
import { startCanary } from "./canary.ts";
import { type Operation, operationsOf, type Schema } from "./fuzz-requests.ts";
import { exchange } from "./raw-socket.ts";
import { openSocket } from "./socket-client.ts";
import { startServer } from "./start-server.ts";
import { makeKey, send } from "./wire-client.ts";

const LEAST = 300;

/** The address as different readers might take it for one. */
const formsOf = (url: string): string[] => [
  url,
  `${url}/image.png`,
  url.replace("http:", ""),
  url.replace("http:", "gopher:"),
  url.replace("127.0.0.1", "localhost"),
  url.replace("127.0.0.1", "2130706433"),
  `![x](${url}/x.png) <img src="${url}/y.png"> @import url(${url})`,
  `<!DOCTYPE x [<!ENTITY e SYSTEM "${url}/dtd">]><x>&e;</x>`,
];

/** A body with the address in every text of it. */
function bodyWith(schema: Schema, text: string): unknown {
  if (schema.enum) return schema.enum[0];
  if (schema.const !== undefined) return schema.const;
  if (schema.anyOf) return bodyWith(schema.anyOf[0] ?? {}, text);
  if (schema.type === "object")
    return Object.fromEntries(
      Object.entries({ ...schema.properties, url: {}, base_url: {}, webhook: {} })
        .filter(([name]) => !/^(?:user_id|userId|tenant_id)$/.test(name))
        .map(([name, field]) => [name, bodyWith(field, text)]),
    );
  if (schema.type === "array") return [bodyWith(schema.items ?? {}, text)];
  if (schema.type === "integer" || schema.type === "number") return schema.minimum ?? 1;
  return schema.type === "boolean" ? true : text;
}

/** Each with the address in a header that some server somewhere follows. */
const HEADERS = [
  "Referer",
  "Origin",
  "From",
  "X-Forwarded-Host",
  "X-Original-URL",
  "X-Rewrite-URL",
  "X-Callback-URL",
  "Destination",
  "Link",
  "Profile",
  "SOAPAction",
  "Content-Location",
  "X-HTTP-Destinationurl",
  "Idempotency-Key",
  "Last-Event-ID",
  "X-User-ID",
  "traceparent",
  "baggage",
];

test(`at least ${LEAST} probes with an address in every field of every wire: nothing is fetched`, {
  timeout: 120_000,
}, async (context) => {
  using canary = await startCanary();
  await using server = await startServer({ environment: { LOG_LEVEL: "silent" } });
  const key = await makeKey(server, { isOperator: true, actAs: true });
  const bearer = { authorization: `Bearer ${key}` };
  const description = await (await fetch(`${server.url}/openapi.json`)).json();
  const operations = operationsOf(description as Parameters<typeof operationsOf>[0]);
  let count = 0;
  const probe = async (
    operation: Operation,
    form: string,
    headers: Record<string, string> = {},
  ) => {
    const encoded = encodeURIComponent(form);
    const query = operation.query
      .filter(({ name }) => !/user/i.test(name))
      .map(({ name, schema }) => `${name}=${schema.type === "string" ? encoded : 1}`);
    const path = `${operation.path.replace(/\{\w+\}/g, encoded)}?${query.join("&")}&url=${encoded}`;
    const body = operation.body && JSON.stringify(bodyWith(operation.body, form));
    const hasBody = body && operation.method !== "GET";
    await send(server, operation.method, path, hasBody ? body : undefined, {
      ...bearer,
      ...headers,
    });
    count++;
  };
  for (const operation of operations)
    for (const form of formsOf(canary.url)) await probe(operation, form);
  const asks = operations.filter(({ path }) =>
    /^\/(?:chat|v1\/chat\/conversations\/stream)$/.test(path),
  );
  for (const operation of asks)
    for (const name of HEADERS) await probe(operation, "Hi", { [name]: canary.url });

  for (const path of ["/ws?user_id=ann", "/ws"]) {
    await using socket = await openSocket(server, path, { headers: bearer });
    for (const form of formsOf(canary.url))
      for (const type of ["message", "start_conversation", "text_input", "audio_chunk", form]) {
        const fields = [
          "content",
          "conversation_id",
          "user_id",
          "text",
          "audio_data",
          "resume_token",
        ];
        const named = Object.fromEntries(fields.map((field) => [field, form]));
        socket.say({ ...named, type, capabilities: [form], url: form });
        count++;
      }
    const pong = new Promise((resolve) => socket.socket.once("pong", resolve));
    socket.socket.ping();
    await pong;
  }
  for (const target of [canary.url, `${canary.url}/health`]) {
    await exchange(
      server.port,
      `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
      500,
    );
    await exchange(
      server.port,
      `CONNECT ${new URL(target).host} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
      500,
    );
    count += 2;
  }
  assert.deepEqual(canary.asked, []);
  assert.ok(count >= LEAST, `only ${count}`);
  assert.equal((await fetch(canary.url)).status, 200);
  assert.ok(canary.asked.length > 0, "whoever comes is noticed: the check can fail");
  context.diagnostic(`${count} probes`);
});
