// The audit log: keys, sign-ins, refusals and deletions are in it, and nothing that anybody said.
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually, workFolder } from "./cli-runner.ts";
import { startIssuer } from "./issuer-server.ts";
import { refusedSocket } from "./socket-client.ts";
import { startServer } from "./start-server.ts";
import { makeKey, send } from "./wire-client.ts";

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

test("keys, first uses of credentials, refusals and deletions are noted, and `colloquy audit` shows them", async () => {
  await using folder = await workFolder();
  await using issuer = await startIssuer();
  await using server = await startServer({
    builtIn: true,
    directory: folder.data,
    environment: issuer.environment,
  });
  const operator = await makeKey(server, { isOperator: true, userId: "root" });
  const made = await send(
    server,
    "POST",
    "/v1/chat/keys",
    { name: "phone", user_id: "ann" },
    bearer(operator),
  );
  assert.equal(made.status, 201);
  const { key, id } = made.body.data;
  const ann = bearer(key);
  const token = await issuer.token("bob");
  for (let count = 0; count < 3; count++)
    for (const headers of [ann, bearer(token)])
      assert.equal((await send(server, "GET", "/conversations", undefined, headers)).status, 200);

  const SECRET = "never to be noted";
  const created = await send(server, "POST", "/chat", { message: SECRET }, ann);
  const conversation = created.body.conversation_id;
  const messages = await send(
    server,
    "GET",
    `/v1/chat/conversations/${conversation}/messages`,
    undefined,
    ann,
  );
  const message = messages.body.data[0].id;
  await send(server, "DELETE", `/v1/chat/messages/${message}`, undefined, ann);
  await send(server, "DELETE", `/conversations/${conversation}`, undefined, ann);
  await send(server, "DELETE", `/conversations/${conversation}`, undefined, ann);
  for (let count = 0; count < 20; count++)
    await send(server, "GET", "/conversations", undefined, bearer("ck_wrong"));
  await refusedSocket(server, "/ws", { headers: bearer("forged") });
  await send(server, "GET", "/metrics", undefined, ann);
  await send(server, "POST", "/chat", { message: SECRET, user_id: "root" }, ann);
  await send(server, "DELETE", `/v1/chat/keys/${id}`, undefined, bearer(operator));

  const read = async (...args: string[]) => {
    const { stdout, stderr, code } = await folder.run(["audit", "--json", ...args]);
    assert.equal(code, 0, stderr);
    const lines = stdout.trim().split("\n");
    return lines.map((line) => JSON.parse(line) as Record<string, string | number | null>);
  };
  await eventually(async () => (await read()).some(({ reason }) => reason === "forbidden"));
  const noted = await read("--all");
  const summary = noted.map(({ action, userId, about, count }) => [action, userId, about, count]);
  const [, first] = noted;
  assert.equal(first?.action, "key_created");
  for (const wanted of [
    ["signed_in", "ann", id, 1],
    ["message_deleted", "ann", message, 1],
    ["conversation_deleted", "ann", conversation, 1],
    ["refused", null, null, 1],
    ["key_revoked", "ann", id, 1],
  ])
    assert.equal(
      summary.filter((one) => JSON.stringify(one) === JSON.stringify(wanted)).length,
      wanted[0] === "refused" ? 2 : 1,
      `${wanted}\n${summary.join("\n")}`,
    );
  const tokens = noted.filter(({ actor }) => String(actor).startsWith("token "));
  assert.equal(tokens.length, 1, "a token signs in once");
  assert.match(
    String(noted.find(({ action }) => action === "key_revoked")?.actor),
    /^key key-\d+$/,
  );
  assert.equal(noted.filter(({ address }) => address === "127.0.0.1").length >= 4, true);
  const text = JSON.stringify(noted);
  for (const secret of [SECRET, key, token, operator, "ck_wrong"])
    assert.ok(!text.includes(secret), secret);

  const shown = await folder.run(["audit", "--action", "key_created"]);
  assert.match(shown.stdout, /^TIME +ACTION +BY/);
  assert.equal(shown.stdout.trim().split("\n").length, 3);
  const unknown = await folder.run(["audit", "--action", "nothing"]);
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /There is no action 'nothing'/);

  await server[Symbol.asyncDispose]();
  const refusals = (await read("--action", "refused")).filter(
    ({ reason }) => reason === "unauthenticated",
  );
  assert.deepEqual(
    refusals.map(({ count }) => count),
    [1, 20],
    "the others of its kind are told together",
  );
});
