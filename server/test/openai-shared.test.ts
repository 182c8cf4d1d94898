// What the wires of OpenAI's shape share, apart from their routes.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { BudgetError } from "../src/core/access/budgets.ts";
import { completionsWire } from "../src/dialects/completions/index.ts";
import type { CompletionsParts } from "../src/dialects/completions/parts.ts";
import { errorOf, noSuchModel, notHere, OpenAiError } from "../src/dialects/openai/errors.ts";
import { fieldsOf, invalid, required, wrongValue } from "../src/dialects/openai/fields.ts";
import { durationOf } from "../src/dialects/openai/headers.ts";
import { idOf, uuidIn } from "../src/dialects/openai/ids.ts";
import { listBody, listQueryOf } from "../src/dialects/openai/lists.ts";
import { metadataIn } from "../src/dialects/openai/metadata.ts";
import { AppError, keyOfAnother } from "../src/domain/errors.ts";
import { errorTable, STATUSES } from "./wire-client.ts";

/** What is said of a request: the code and the field. */
function refusalOf(read: () => unknown): readonly [code: string, param: string | undefined] {
  try {
    read();
  } catch (error) {
    assert.ok(error instanceof OpenAiError, String(error));
    assert.match(error.message, /\.$/);
    return [error.reason, error.field];
  }
  throw new assert.AssertionError({ message: "it was taken" });
}

test("[OX2] every error has the four fields of OpenAI's error body, and its status", async () => {
  const table = await errorTable(
    (admit) => completionsWire({ admit, now: () => new Date() } as CompletionsParts),
    "/v1/models",
  );
  const told = Object.entries(table).map(([code, { status, body, headers }]) => {
    assert.deepEqual(Object.keys(body), ["error"], code);
    assert.deepEqual(Object.keys(body.error), ["message", "type", "param", "code"], code);
    assert.equal(status, STATUSES[code as keyof typeof STATUSES], code);
    const { type, param, code: reason } = body.error;
    const retry = headers.get("x-should-retry") ?? headers.get("retry-after-ms");
    return [code, type, param, reason, retry];
  });
  const invalidRequest = "invalid_request_error";
  assert.deepEqual(told, [
    ["invalid_request", invalidRequest, "place", null, "false"],
    ["unauthenticated", invalidRequest, "place", null, "false"],
    ["forbidden", "permission_error", "place", null, "false"],
    ["not_found", invalidRequest, "place", null, "false"],
    ["method_not_allowed", invalidRequest, "place", "method_not_supported", "false"],
    ["conflict", invalidRequest, "place", null, "false"],
    ["too_large", invalidRequest, "place", "request_too_large", "false"],
    ["unsupported_media_type", invalidRequest, "place", null, "false"],
    ["unprocessable", invalidRequest, "place", null, "false"],
    ["rate_limited", "rate_limit_exceeded", "place", "rate_limit_exceeded", "1000"],
    ["model_refused", invalidRequest, "place", null, "false"],
    ["model_failed", "server_error", "place", "provider_error", null],
    ["model_unavailable", "server_error", "place", "provider_error", null],
    ["unavailable", "server_error", "place", null, "1000"],
    ["internal", "server_error", "place", null, null],
    ["unexpected", "server_error", null, null, null],
  ]);
});

test("[OX2] a field of a wrong type or value is named by its path, and unknown ones are ignored", () => {
  const body = fieldsOf({
    model: "a",
    temperature: 3,
    n: 0,
    stream: "yes",
    seed: null,
    kind: "x",
    messages: [{ role: 5 }, 7],
    stop: [],
    unknown: { anything: [] },
  });
  assert.equal(body.string("model"), "a");
  assert.equal(body.integer("seed"), undefined);
  assert.equal(body.has("seed"), false);
  const [first, second] = body.list("messages") ?? [];
  const refusals = [
    refusalOf(() => body.number("temperature", { max: 2 })),
    refusalOf(() => body.integer("n", { min: 1 })),
    refusalOf(() => body.integer("temperature", { max: 2 })),
    refusalOf(() => body.boolean("stream")),
    refusalOf(() => body.oneOf("kind", ["y", "z"])),
    refusalOf(() => body.string("model", { max: 0 })),
    refusalOf(() => body.list("stop", { min: 1 })),
    refusalOf(() => body.list("messages", { max: 1 })),
    refusalOf(() => body.object("model")),
    refusalOf(() => required(body.string("none"), body.at("none"))),
    refusalOf(() => fieldsOf(first?.value, first?.path).string("role")),
    refusalOf(() => fieldsOf(second?.value, second?.path)),
    refusalOf(() => fieldsOf([])),
    refusalOf(() => {
      throw invalid("place", "It is not taken.");
    }),
  ];
  assert.deepEqual(refusals, [
    ["decimal_above_max_value", "temperature"],
    ["integer_below_min_value", "n"],
    ["integer_above_max_value", "temperature"],
    ["invalid_type", "stream"],
    ["invalid_value", "kind"],
    ["string_above_max_length", "model"],
    ["empty_array", "stop"],
    ["array_above_max_length", "messages"],
    ["invalid_type", "model"],
    ["missing_required_parameter", "none"],
    ["invalid_type", "messages[0].role"],
    ["invalid_type", "messages[1]"],
    ["invalid_type", "body"],
    ["invalid_value", "place"],
  ]);
});

test("[OX2] what has a code of its own is told with it, and what the model refuses by what it says", () => {
  const refused = (message: string, details = {}) =>
    errorOf(new AppError("model_refused", message, details));
  const told = [
    errorOf(notHere("audio", "Leave it out.")),
    errorOf(noSuchModel("gpt-9")),
    errorOf(wrongValue("stop", "x", ["y"])),
    errorOf(new BudgetError("rate_limited", "Your budget is used up")),
    errorOf(keyOfAnother()),
    refused("This model's maximum context length is 8192 tokens"),
    refused("Unknown model", { isUnknownModel: true }),
    refused("This server does not offer the model 'x'", { field: "model" }),
    refused("No pictures, please"),
  ];
  assert.deepEqual(
    told.map(({ type, param, code }) => [type, param, code]),
    [
      ["invalid_request_error", "audio", "unsupported_value"],
      ["invalid_request_error", "model", "model_not_found"],
      ["invalid_request_error", "stop", "invalid_value"],
      ["insufficient_quota", null, "insufficient_quota"],
      ["invalid_request_error", "Idempotency-Key", "idempotency_key_in_use"],
      ["invalid_request_error", null, "context_length_exceeded"],
      ["invalid_request_error", "model", "model_not_found"],
      ["invalid_request_error", "model", "model_not_found"],
      ["invalid_request_error", null, null],
    ],
  );
});

test("[OX5] an id holds the UUID of what is stored, and gives it back", () => {
  const uuid = randomUUID();
  for (const prefix of ["chatcmpl-", "conv_", "resp_", "msg_", "fc_", "rs_", "item_"] as const) {
    const id = idOf(prefix, uuid);
    assert.match(id, new RegExp(`^${prefix}[0-9a-f]{32}$`));
    assert.equal(uuidIn(prefix, id), uuid);
  }
  for (const other of ["", "resp_", uuid, idOf("msg_", uuid), `${idOf("resp_", uuid)}0`])
    assert.equal(uuidIn("resp_", other), null, other);
});

test("[OX6] a list names its first and last element, and limit and order have to be what they can be", () => {
  assert.deepEqual(listBody([], false), {
    object: "list",
    data: [],
    first_id: null,
    last_id: null,
    has_more: false,
  });
  const { first_id, last_id, has_more } = listBody([{ id: "a" }, { id: "b" }], true);
  assert.deepEqual([first_id, last_id, has_more], ["a", "b", true]);
  assert.deepEqual(listQueryOf({ query: {} }, "desc"), { limit: 20, order: "desc", after: null });
  const query = { limit: "100", order: "asc", after: "x" };
  assert.deepEqual(listQueryOf({ query }, "desc"), { limit: 100, order: "asc", after: "x" });
  for (const limit of ["0", "101", "-1", "1.5", "many", ""])
    assert.deepEqual(
      refusalOf(() => listQueryOf({ query: { limit } }, "asc")),
      ["invalid_value", "limit"],
    );
  assert.deepEqual(
    refusalOf(() => listQueryOf({ query: { order: "up" } }, "asc")),
    ["invalid_value", "order"],
  );
});

test("[OX7] metadata has at most 16 pairs, keys of 64 and values of 512 characters", () => {
  const metadataOf = (metadata: unknown) => metadataIn(fieldsOf({ metadata }));
  assert.equal(metadataOf(null), undefined);
  const most = Object.fromEntries(
    Array.from({ length: 16 }, (_, index) => [`${index}`.padEnd(64, "k"), "v".repeat(512)]),
  );
  assert.deepEqual(metadataOf(most), most);
  const refusals = [{ ...most, one: "more" }, { ["k".repeat(65)]: "v" }, { k: "v".repeat(513) }];
  assert.deepEqual(
    refusals.map((metadata) => refusalOf(() => metadataOf(metadata))),
    [
      ["object_above_max_properties", "metadata"],
      ["string_above_max_length", "metadata"],
      ["string_above_max_length", "metadata.k"],
    ],
  );
  assert.deepEqual(
    refusalOf(() => metadataOf({ k: 5 })),
    ["invalid_type", "metadata.k"],
  );
  assert.deepEqual(
    refusalOf(() => metadataOf([])),
    ["invalid_type", "metadata"],
  );
  assert.throws(() => metadataOf({ k: "a\0b" }), { field: "metadata.k" });
});

test("[OX4] durations are written as OpenAI writes them", () => {
  assert.deepEqual(
    [0, 250, 999.2, 1000, 6000, 5001, 59_999, 90_000, 3_600_000, 7_205_000].map(durationOf),
    ["0ms", "250ms", "1000ms", "1s", "6s", "6s", "1m0s", "1m30s", "1h0m0s", "2h0m5s"],
  );
});
