// What a provider's errors become: the code, and words that are fit for the person who asked.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { openAiCompatible } from "../src/adapters/models/openai-compatible/provider.ts";
import { AppError } from "../src/domain/errors.ts";
import { type ReplyScript, startModelServer } from "./model-server.ts";
import { asking, collect, neverAborted, replyOf } from "./models.contract.ts";

const KEY = "abcdef0123456789";

async function failure(script: ReplyScript, apiKey: string | null = KEY): Promise<AppError> {
  await using server = await startModelServer({ script });
  await using provider = openAiCompatible({
    name: "acme",
    baseUrl: server.url.replace("://", "://user:password@"),
    keySetting: "ACME_API_KEY",
    maxRetries: 0,
    ...(apiKey !== null && { apiKey }),
  });
  const { error } = await collect(replyOf(provider, asking("hello"), neverAborted));
  assert.ok(error instanceof AppError, `not an AppError: ${error}`);
  return error;
}

const refusal = async (failStatus: number, failBody: unknown) => {
  const { code, message } = await failure({ failStatus, failBody });
  return [code, message];
};

describe("the reason of a refusal, in each shape", () => {
  const reason = "temperature must be at most 2";
  const shapes: Readonly<Record<string, unknown>> = {
    "nested (OpenAI)": { error: { message: reason, type: "invalid_request_error", code: null } },
    "flat (Cerebras)": { message: reason, type: "invalid_request_error", param: "x", code: "y" },
    "an error that is a string (Ollama)": { error: reason },
    "FastAPI, a string": { detail: reason },
    "FastAPI, nested": { detail: { message: reason } },
    "plain text": reason,
    "plain text over lines": `\n temperature must\n\tbe at most 2 \r\n`,
    "behind OpenRouter": { error: { message: "", metadata: { raw: `{"error":"${reason}"}` } } },
  };
  for (const [shape, body] of Object.entries(shapes))
    test(shape, async () => {
      assert.deepEqual(await refusal(400, body), ["model_refused", reason]);
    });

  test("FastAPI, a list of fields", async () => {
    const detail = [
      { loc: ["body", "temperature"], msg: "must be at most 2" },
      { loc: ["body"], msg: "unknown field" },
    ];
    const expected = "temperature: must be at most 2; unknown field";
    assert.deepEqual(await refusal(422, { detail }), ["model_refused", expected]);
  });

  test("OpenRouter tells what the provider behind it said", async () => {
    const metadata = { provider_name: "acme", raw: "context is too long" };
    assert.deepEqual(await refusal(400, { error: { message: "Provider error", metadata } }), [
      "model_refused",
      "Provider error: context is too long",
    ]);
  });

  test("none, or a web page, still gives a sentence", async () => {
    const expected = ["model_refused", "The model provider acme refused the request"];
    for (const body of ["", "<!doctype html><h1>No</h1>", {}, [], { error: { message: 7 } }])
      assert.deepEqual(await refusal(400, body), expected);
  });

  test("it is cut where it is too long, between characters", async () => {
    const [, message] = await refusal(400, `${"x".repeat(498)}🌍🌍`);
    assert.equal(message, `${"x".repeat(498)}…`);
  });

  test("a refused model name", async () => {
    await using server = await startModelServer();
    await using provider = openAiCompatible({ name: "acme", baseUrl: server.url });
    const request = asking("hello", { model: "refused-model" });
    const { error } = await collect(replyOf(provider, request, neverAborted));
    assert.ok(error instanceof AppError && error.code === "model_refused");
    assert.equal(error.message, "refused-model is not a valid model ID");
  });

  test("moderation", async () => {
    const metadata = { reasons: ["violence", "hate"], flagged_input: "…" };
    assert.deepEqual(await refusal(403, { error: { message: "Input flagged", metadata } }), [
      "model_refused",
      "Input flagged: violence, hate",
    ]);
  });
});

describe("what is the operator's to mend", () => {
  test("a key that is refused, or missing, is named by its setting", async () => {
    for (const failStatus of [401, 403]) {
      const script = { failStatus, failBody: { error: { message: `Incorrect key ${KEY}` } } };
      assert.equal(
        (await failure(script)).forOperator,
        "The model provider acme refused the server's key: check ACME_API_KEY. It says: Incorrect key [secret]",
      );
      assert.equal(
        (await failure(script, null)).forOperator,
        `The model provider acme wants a key: set ACME_API_KEY. It says: Incorrect key ${KEY}`,
      );
    }
  });

  test("no credit is no limit to wait for", async () => {
    const none = { error: { message: "Insufficient credits" } };
    const quota = { error: { message: "Quota exceeded", code: "insufficient_quota" } };
    for (const [failStatus, failBody] of [[402, none] as const, [429, quota] as const]) {
      const { code, forOperator } = await failure({ failStatus, failBody });
      assert.equal(code, "model_unavailable");
      assert.match(
        forOperator ?? "",
        /^The model provider acme has no credit left for this server\. It says: /,
      );
    }
  });

  test("an address without the API is told from a model that is not there", async () => {
    for (const [failStatus, failBody] of [
      [404, "<html>Not Found</html>"],
      [404, { detail: "Not Found" }],
      [405, { detail: "Method Not Allowed" }],
      [301, ""],
    ] as const) {
      const { code, forOperator } = await failure({ failStatus, failBody });
      assert.equal(code, "model_unavailable");
      assert.match(forOperator ?? "", /check its base URL/);
    }
    const unknown: readonly (readonly [number, string | null, string])[] = [
      [404, null, 'model "llama9" not found, try pulling it first'],
      [404, "model_not_found", "The model `x` does not exist or you do not have access to it."],
      [400, null, "x is not a valid model ID"],
      [404, null, "No endpoints found for x."],
    ];
    for (const [failStatus, name, message] of unknown) {
      const error = await failure({ failStatus, failBody: { error: { message, code: name } } });
      assert.deepEqual(
        [error.code, error.message, error.isUnknownModel, error.forOperator],
        ["model_refused", message, true, undefined],
      );
    }
    const { isUnknownModel } = await failure({
      failStatus: 400,
      failBody: { error: { message: "temperature is not valid for this model" } },
    });
    assert.equal(isUnknownModel, false);
  });

  test("a limit says until when, also from inside the body", async () => {
    const inAMinute = String(Date.now() + 60_000);
    const metadata = { headers: { "X-RateLimit-Reset": inAMinute } };
    const { code, retryAfterMs = 0 } = await failure({
      failStatus: 429,
      failBody: { error: { message: "Limit", code: 429, metadata } },
    });
    assert.equal(code, "rate_limited");
    assert.ok(retryAfterMs > 50_000 && retryAfterMs <= 60_000);
  });
});

describe("no secret gets out", () => {
  const secrets = [
    `the key ${KEY} is bad`,
    "the key sk-proj-Abc123_456789 is bad",
    "sent Bearer tok.en-123",
    "at http://root:hunter2@10.0.0.1/v1",
  ];
  for (const said of secrets)
    test(said, async () => {
      for (const failStatus of [400, 500]) {
        const { message, cause } = await failure({ failStatus, failBody: { detail: said } });
        const shown = `${message} ${cause}`;
        assert.match(shown, /\[secret\]/);
        for (const secret of [KEY, "Abc123", "tok.en", "hunter2", "password"])
          assert.ok(!shown.includes(secret), shown);
      }
    });

  test("an internal failure of the provider is not quoted", async () => {
    const { message } = await failure({ failStatus: 500, failBody: "at db.internal:5432 line 7" });
    assert.equal(message, "The model provider acme failed");
  });

  test("the user and password of a base URL are sent as credentials, where there is no key", async () => {
    await using server = await startModelServer();
    const baseUrl = server.url.replace("://", "://us%40er:pass@");
    await using provider = openAiCompatible({ name: "acme", baseUrl });
    await collect(replyOf(provider, asking("hello"), neverAborted));
    const { authorization } = (await server.requested()).headers;
    assert.equal(authorization, `Basic ${Buffer.from("us@er:pass").toString("base64")}`);
  });
});
