// Client secrets of the Realtime wire: what a page may have in place of a key.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { hashOfKey } from "../src/adapters/credentials/keys/credentials.ts";
import { openRealtime, refusedRealtime } from "./realtime-client.ts";
import { startServer } from "./start-server.ts";
import { makeKey } from "./wire-client.ts";

const server = await startServer();
after(() => server[Symbol.asyncDispose]());

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

async function post(key: string, body: object) {
  const answer = await fetch(`${server.url}/v1/realtime/client_secrets`, {
    method: "POST",
    headers: { ...bearer(key), "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  // biome-ignore lint/suspicious/noExplicitAny: the test says by its assertions what it expects
  return { status: answer.status, body: (await answer.json()) as any };
}

test("[RT10] a client secret opens sessions with its settings, as the user who asked for it, as often as it is shown", async () => {
  const userId = crypto.randomUUID();
  const key = await makeKey(server, { userId });
  const { status, body } = await post(key, {
    expires_after: { anchor: "created_at", seconds: 60 },
    session: {
      type: "realtime",
      model: "scripted",
      instructions: "Speak like a pirate.",
      output_modalities: ["text"],
    },
  });
  assert.equal(status, 200);
  assert.match(body.value, /^ek_/);
  assert.ok(Math.abs(body.expires_at - Date.now() / 1000 - 60) < 20);
  assert.equal(body.session.instructions, "Speak like a pirate.");
  for (const attempt of ["first", "second"]) {
    await using talk = await openRealtime(server, {
      query: "",
      protocols: ["realtime", `openai-insecure-api-key.${body.value}`],
    });
    const { session } = await talk.next("session.created");
    assert.equal(session.instructions, "Speak like a pirate.");
    assert.equal(session.model, "scripted");
    talk.type(attempt);
    talk.say({ type: "response.create" });
    const { response } = await talk.next("response.done");
    assert.equal(response.output[0].content[0].text, `Echo: ${attempt}`);
    const uuid = response.conversation_id.slice(5);
    const owners: string[] = [];
    for await (const record of server.store.exportRecords())
      if (record.type === "conversation" && record.conversation.id.replaceAll("-", "") === uuid)
        owners.push(record.owner.userId);
    assert.deepEqual(owners, [userId]);
  }
  assert.deepEqual(
    server.model.requests.at(-1)?.body?.messages?.map(({ content }) => content),
    ["Speak like a pirate.", "second"],
  );
});

test("[RT10] a client secret opens nothing else, and ends with its time and with its key", async () => {
  const key = await makeKey(server);
  const { body } = await post(key, {});
  const models = await fetch(`${server.url}/v1/models`, { headers: bearer(body.value) });
  assert.equal(models.status, 401);
  assert.equal((await post(body.value, {})).status, 401);
  await using talk = await openRealtime(server, { headers: bearer(body.value) });
  await talk.next("session.created");

  const [{ id } = { id: "" }] = (await server.store.listKeys()).filter(({ prefix }) =>
    key.startsWith(prefix),
  );
  const secret = "ek_old";
  await server.store.createTicket(
    {
      hash: hashOfKey(secret),
      tenantId: "local",
      userId: "somebody",
      proof: { kind: "key", keyId: id },
      isOperator: false,
      models: null,
      expiresAt: new Date(Date.now() - 1),
      stream: null,
      session: "{}",
    },
    new Date(Date.now() - 1000),
  );
  const refused = async (gone: string) => {
    const refusal = await refusedRealtime(server, { headers: bearer(gone) });
    assert.equal(refusal.status, 401, gone);
    assert.match(refusal.body.error.message, /client_secrets gives another/);
  };
  await refused(secret);
  await refused("ek_never");
  await server.store.revokeKey(id, new Date());
  assert.equal((await talk.closed).code, 1008);
  await refused(body.value);
});

test("[RT10] what a secret cannot be is refused by the name of its field", async () => {
  const key = await makeKey(server);
  for (const [body, param] of [
    [{ expires_after: { anchor: "created_at", seconds: 9 } }, "expires_after.seconds"],
    [{ expires_after: { anchor: "now", seconds: 60 } }, "expires_after.anchor"],
    [{ session: { output_modalities: ["smell"] } }, "session.output_modalities"],
    [{ session: { type: "transcription" } }, "session.type"],
  ] as const) {
    const answer = await post(key, body);
    assert.deepEqual([answer.status, answer.body.error.param], [400, param]);
  }
});
