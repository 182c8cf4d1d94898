// The list of models, and what all wires of OpenAI's shape answer around it. Runs: waiting
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startServer } from "./start-server.ts";
import { ALICE, BOB, makeKey, send } from "./wire-client.ts";

const server = await startServer({ environment: { RATE_LIMITS: "completions=1000/m" } });
after(() => server[Symbol.asyncDispose]());

const key = await makeKey(server);
const ofBob = await makeKey(server, { userId: BOB });
const actingKey = await makeKey(server, { userId: "a robot", actAs: true });
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const get = (path: string, token = key, headers: Record<string, string> = {}) =>
  send(server, "GET", path, undefined, { ...bearer(token), ...headers });

const makeAgent = (name: string, more: Record<string, unknown> = {}, token = key) =>
  send(
    server,
    "POST",
    "/v1/chat/agents",
    { name, instructions: `Be ${name}.`, ...more },
    bearer(token),
  );
const idsIn = (body: { readonly data: readonly { readonly id: string }[] }) =>
  body.data.map(({ id }) => id);

test("[OM1] the list has every model, and every agent of the user, by its name or, where that is not its own, its id", async () => {
  await makeAgent("pirate");
  await makeAgent("twin", { id: "twin-1" });
  await makeAgent("twin", { id: "twin-2" });
  await makeAgent("of Bob", {}, ofBob);
  const { status, body } = await get("/v1/models");
  assert.equal(status, 200);
  assert.equal(body.object, "list");
  assert.deepEqual(idsIn(body).sort(), [
    "agent/pirate",
    "agent/twin-1",
    "agent/twin-2",
    "builtin/echo",
    "scripted",
    "test-model",
  ]);
  for (const model of body.data) {
    assert.equal(model.object, "model");
    assert.ok(Number.isInteger(model.created), model.id);
    assert.equal(typeof model.owned_by, "string");
  }
  for (const path of ["/models", "/api/v1/models"])
    assert.deepEqual((await get(path)).body, body, path);
});

test("[OM1] one model is got by its id, whose slashes may be written out; one that is not there is 404", async () => {
  await makeAgent("deep/er");
  for (const path of ["agent/deep/er", "agent%2Fdeep%2Fer", "test-model"]) {
    const { status, body } = await get(`/v1/models/${path}`);
    assert.equal(status, 200, path);
    assert.equal(body.id, decodeURIComponent(path));
  }
  const { status, body } = await get("/v1/models/agent/of%20Bob");
  assert.equal(status, 404);
  assert.deepEqual([body.error.param, body.error.code], ["model", "model_not_found"]);
});

test("[OM1] a key's list of models is what it may name, its agents included", async () => {
  await makeAgent("free");
  await makeAgent("bound", { model: "test-model" });
  const narrow = await makeKey(server, { models: ["test-model"] });
  const { body } = await get("/v1/models", narrow);
  assert.ok(idsIn(body).includes("agent/bound"));
  assert.ok(idsIn(body).includes("test-model"));
  assert.ok(!idsIn(body).includes("agent/free"));
  assert.ok(!idsIn(body).includes("scripted"));
});

test("[OX0] an unknown path below /v1/ is 404 in OpenAI's words, and below /v1/chat/ in those of wire 004", async () => {
  for (const path of ["/v1/files", "/v1/chats", "/v1/embeddings/x", "/v1"]) {
    const { status, body } = await get(path);
    assert.equal(status, 404, path);
    assert.deepEqual(Object.keys(body.error), ["message", "type", "param", "code"], path);
  }
  for (const path of ["/v1/chat", "/v1/chat/none", "/v1/chat/none/of/these"]) {
    const { status, body } = await get(path);
    assert.equal(status, 404, path);
    assert.equal(body.success, false, path);
  }
  for (const path of ["/api/v1/none", "/chat/none/of/these"])
    assert.ok((await get(path)).body.details, path);
});

test("[OX1] a Bearer token is needed; a wrong one has a code of its own", async () => {
  const without = await send(server, "GET", "/v1/models");
  assert.deepEqual([without.status, without.body.error.code], [401, null]);
  const wrong = await get("/v1/models", "ck_wrong");
  assert.deepEqual([wrong.status, wrong.body.error.code], [401, "invalid_api_key"]);
  assert.equal(wrong.headers.get("x-should-retry"), "false");
});

test("[OX1] [OS3] a user id in a header counts from a key that may act for others, and is ignored from any other", async () => {
  await makeAgent("mine");
  const has = async (token: string, headers: Record<string, string>) =>
    idsIn((await get("/v1/models", token, headers)).body).includes("agent/mine");
  assert.equal(await has(actingKey, {}), false);
  assert.equal(await has(actingKey, { "x-user-id": ALICE }), true);
  assert.equal(await has(actingKey, { "x-openwebui-user-id": ALICE }), true);
  assert.equal(await has(actingKey, { "x-openwebui-user-id": "{{USER_ID}}" }), false);
  assert.equal(await has(ofBob, { "x-user-id": ALICE }), false);
  assert.equal(await has(key, { "x-user-id": BOB, "x-openwebui-user-id": "other" }), true);
  const two = await get("/v1/models", actingKey, {
    "x-user-id": ALICE,
    "x-openwebui-user-id": BOB,
  });
  assert.equal(two.status, 400);
});

test("[OX4] answers name the request, the version, the time taken and what is left of the limit", async () => {
  const { headers } = await get("/v1/models");
  assert.match(headers.get("x-request-id") ?? "", /^req_/);
  assert.equal(headers.get("openai-version"), "2020-10-01");
  assert.match(headers.get("openai-processing-ms") ?? "", /^\d+$/);
  assert.equal(headers.get("x-ratelimit-limit-requests"), "1000");
  assert.match(headers.get("x-ratelimit-remaining-requests") ?? "", /^9\d\d$/);
  assert.match(headers.get("x-ratelimit-reset-requests") ?? "", /^\d+s$|^1m0s$|^\d+ms$/);
  assert.equal(headers.get("x-ratelimit-limit-tokens"), null);
  const missing = await get("/v1/none");
  assert.equal(missing.headers.get("openai-version"), "2020-10-01");
});

test("[OX3] a limit that is reached says when to try again, in seconds and milliseconds", async () => {
  const limited = await startServer({ environment: { RATE_LIMITS: "completions=1/m" } });
  await using _ = limited;
  const ask = () => send(limited, "GET", "/v1/models", undefined, bearer("any"));
  assert.equal((await ask()).status, 200);
  const { status, headers, body } = await ask();
  assert.equal(status, 429);
  assert.deepEqual(
    [body.error.type, body.error.code],
    ["rate_limit_exceeded", "rate_limit_exceeded"],
  );
  const seconds = Number(headers.get("retry-after"));
  assert.ok(seconds >= 1 && seconds <= 60);
  assert.equal(headers.get("x-should-retry"), null);
  assert.ok(Math.abs(Number(headers.get("retry-after-ms")) - seconds * 1000) < 1000);
  assert.equal(headers.get("x-ratelimit-remaining-requests"), "0");
});

test("[OM2] with only the built-in model the list has that one", async () => {
  await using builtIn = await startServer({ builtIn: true });
  const { body } = await send(builtIn, "GET", "/v1/models", undefined, bearer("any"));
  assert.deepEqual(idsIn(body), ["builtin/echo"]);
});
