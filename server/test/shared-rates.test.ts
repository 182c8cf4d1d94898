// What a user may say is counted over all that the user has open.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { after, test } from "node:test";
import { WebSocket } from "ws";
import { openSocket } from "./socket-client.ts";
import { startServer } from "./start-server.ts";
import { makeKey, send } from "./wire-client.ts";

const server = await startServer({
  environment: { RATE_LIMITS: "chat=20/m voice-turns=5/m sockets=100 open=200" },
});
after(() => server[Symbol.asyncDispose]());

async function newUser() {
  const userId = randomUUID();
  return { userId, headers: { authorization: `Bearer ${await makeKey(server, { userId })}` } };
}

type Told = { readonly type: string; readonly code?: string; readonly retry_after?: number };

test("[C4] many sockets of one user and HTTP requests share what the user has", async () => {
  const { userId, headers } = await newUser();
  await using opened = new AsyncDisposableStack();
  const answers: string[] = [];
  for (let count = 0; count < 5; count++) {
    const socket = opened.use(await openSocket(server, `/ws?user_id=${userId}`, { headers }));
    for (let said = 0; said < 3; said++) socket.say({ type: "message", content: "Hi" });
    for (let said = 0; said < 3; said++) answers.push(((await socket.next()) as Told).type);
  }
  assert.deepEqual(answers, Array(15).fill("response"));
  for (let count = 0; count < 5; count++)
    assert.equal((await send(server, "POST", "/chat", { message: "Hi" }, headers)).status, 200);
  const beyond = await send(server, "POST", "/chat", { message: "Hi" }, headers);
  assert.equal(beyond.status, 429);
  assert.ok(Number(beyond.headers.get("retry-after")) > 0);
  const socket = opened.use(await openSocket(server, `/ws?user_id=${userId}`, { headers }));
  socket.say({ type: "message", content: "Hi" });
  const refused = (await socket.next()) as Told;
  assert.equal(refused.type, "error");
  assert.ok((refused.retry_after ?? 0) > 0);
  const other = await newUser();
  assert.equal((await send(server, "POST", "/chat", { message: "Hi" }, other.headers)).status, 200);
});

test("[S7] many voice sockets of one user share what the user may say, and are told when it can be said", async () => {
  const { headers } = await newUser();
  const open = async (as: Record<string, string>) => {
    const socket = await openSocket(server, "/ws", { headers: as });
    await socket.next();
    socket.say({ type: "start_conversation" });
    await socket.next();
    return socket;
  };
  /** Each message is typed when the one before it was answered. */
  const typed = async (socket: Awaited<ReturnType<typeof open>>): Promise<Told> => {
    socket.say({ type: "text_input", text: "Hi" });
    let told = (await socket.next()) as Told;
    while (told.type !== "ai_response" && told.type !== "error")
      told = (await socket.next()) as Told;
    return told;
  };
  await using first = await open(headers);
  await using second = await open(headers);
  await using third = await open(headers);
  const told: Told[] = [];
  for (let round = 0; round < 3; round++)
    for (const socket of [first, second, third]) told.push(await typed(socket));
  assert.deepEqual(
    told.map(({ type }) => type),
    [...Array(5).fill("ai_response"), ...Array(4).fill("error")],
  );
  for (const { code, retry_after } of told.slice(5)) {
    assert.equal(code, "RATE_LIMITED");
    assert.ok((retry_after ?? 0) > 0 && (retry_after ?? 0) <= 60);
  }
  await using others = await open((await newUser()).headers);
  assert.equal((await typed(others)).type, "ai_response");
});

/** How many of so many cheap messages are looked at, through so many sockets one after the other or at once. */
async function countServed(
  headersOf: readonly Record<string, string>[],
  messages: number,
  { atOnce, port = server.port }: { readonly atOnce: boolean; readonly port?: number },
): Promise<{ served: number; elapsedMs: number }> {
  const beganAt = performance.now();
  let served = 0;
  const flood = async (headers: Record<string, string>) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, { headers });
    socket.on("message", (data) => {
      if (String(data).includes("INVALID_JSON")) served++;
    });
    await once(socket, "open");
    for (let count = 0; count < messages; count++) socket.send("{");
    const answered = once(socket, "pong");
    socket.ping();
    await Promise.race([answered, once(socket, "close")]);
    socket.close();
    if (socket.readyState !== WebSocket.CLOSED) await once(socket, "close");
  };
  if (atOnce) await Promise.all(headersOf.map(flood));
  else for (const headers of headersOf) await flood(headers);
  return { served, elapsedMs: performance.now() - beganAt };
}

for (const atOnce of [true, false])
  test(`messages of one user are counted over all sockets, ${atOnce ? "at once" : "opened again and again"}; another user is served meanwhile`, async () => {
    const { headers } = await newUser();
    const flood = countServed(Array(8).fill(headers), 1_500, { atOnce });
    const other = await countServed([(await newUser()).headers], 100, { atOnce: true });
    assert.equal(other.served, 100);
    const { served, elapsedMs } = await flood;
    assert.ok(served >= 4_000, `${served} were served`);
    assert.ok(served <= 4_000 + elapsedMs + 100, `${served} were served in ${elapsedMs} ms`);
  });

test("messages of one address are counted over all its users", async () => {
  await using own = await startServer({
    builtIn: true,
    environment: { RATE_LIMITS: "sockets=100 open=200" },
  });
  const all: Record<string, string>[] = [];
  for (let count = 0; count < 8; count++)
    all.push({ authorization: `Bearer ${await makeKey(own, { userId: randomUUID() })}` });
  const { served, elapsedMs } = await countServed(all, 2_000, { atOnce: true, port: own.port });
  assert.ok(served >= 8_000, `${served} were served`);
  assert.ok(served <= 8_000 + 2 * elapsedMs + 100, `${served} were served in ${elapsedMs} ms`);
});
