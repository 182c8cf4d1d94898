// Forged and damaged tokens, on HTTP and on sockets: none is accepted, and none makes the server fetch anything.
import assert from "node:assert/strict";
import { test } from "node:test";
import { startCanary } from "./canary.ts";
import { forgedTokens } from "./forged-tokens.ts";
import { startIssuer } from "./issuer-server.ts";
import { openSocket, refusedSocket } from "./socket-client.ts";
import { startServer } from "./start-server.ts";
import { send } from "./wire-client.ts";

const LEAST = 200;
const PATHS = [
  "/v1/chat/conversations",
  "/conversations",
  "/api/conversations",
  "/api/v1/chat/history/session-1",
  "/metrics",
];

test(`at least ${LEAST} forged or damaged tokens: 0 are accepted, and the issuer is not asked for each`, async (context) => {
  await using issuer = await startIssuer();
  using canary = await startCanary();
  await using server = await startServer({
    environment: { ...issuer.environment, LOG_LEVEL: "silent" },
  });
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  const good = bearer(await issuer.token("ann"));
  const isGood = async () =>
    (await send(server, "GET", "/v1/chat/conversations", undefined, good)).status === 200;
  assert.ok(await isGood());

  const forged = await forgedTokens(issuer, canary.url);
  assert.ok(forged.length >= LEAST, `only ${forged.length}`);
  assert.equal(new Set(forged.map(({ token }) => token)).size, forged.length, "all differ");
  const accepted: string[] = [];
  for (const [index, { name, token }] of forged.entries()) {
    const path = PATHS[index % PATHS.length] ?? "";
    const answer = await send(server, "GET", path, undefined, bearer(token));
    if (answer.status !== 401) accepted.push(`${answer.status} ${path}: ${name}`);
    const address = index % 2 ? "/ws" : "/ws?user_id=ann";
    const refused = await refusedSocket(server, address, { headers: bearer(token) });
    if (refused.status !== 401) accepted.push(`${refused.status} ${address}: ${name}`);
    if (!/^[\w.-]+$/.test(token)) continue;
    const protocols = ["colloquy", `bearer.${token}`];
    const page = await refusedSocket(server, address, { protocols });
    if (page.status !== 401) accepted.push(`${page.status} ${address} as subprotocol: ${name}`);
  }
  assert.deepEqual(accepted, []);
  assert.ok(await isGood(), "good ones are let in as before");
  await using socket = await openSocket(server, "/ws?user_id=ann", { headers: good });
  assert.equal(socket.socket.readyState, socket.socket.OPEN);
  assert.deepEqual(canary.asked, [], "no address from a token was fetched");
  assert.deepEqual(issuer.asked, ["/.well-known/openid-configuration", "/keys"]);
  assert.equal(server.model.requests.length, 0);
  context.diagnostic(
    `${forged.length} tokens, each on HTTP and as header and subprotocol of a socket`,
  );
});

test("a flood of unknown key ids asks the issuer once, and good tokens are let in meanwhile", async () => {
  await using issuer = await startIssuer();
  await using server = await startServer({
    environment: { ...issuer.environment, LOG_LEVEL: "silent" },
  });
  const ask = async (token: string) =>
    (await send(server, "GET", "/conversations", undefined, { authorization: `Bearer ${token}` }))
      .status;
  const flood = Array.from({ length: 500 }, (_, index) =>
    issuer.token("ann", { header: { kid: `unknown-${index}` }, key: issuer.keyOf("rsa") }),
  );
  const answers = await Promise.all((await Promise.all(flood)).map(ask));
  assert.deepEqual(new Set(answers), new Set([401]));
  assert.ok(issuer.asked.length <= 3, `the issuer was asked ${issuer.asked.length} times`);
  assert.equal(await ask(await issuer.token("ann")), 200);
});
