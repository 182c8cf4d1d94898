// Tickets with which a page's EventSource, which sends no headers of its own, watches one reply.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { hashOfKey } from "../src/adapters/credentials/keys/credentials.ts";
import { allEvents, caller, eventsOf, textOf } from "./chat-v1-client.ts";
import { startIssuer } from "./issuer-server.ts";
import { openSocket, refusedSocket } from "./socket-client.ts";
import { BACKEND, startServer } from "./start-server.ts";
import { makeKey, type Server, send } from "./wire-client.ts";

type Issued = {
  readonly ticket: string;
  readonly user_id: string;
  readonly reply_id: string | null;
  readonly expires_at: string;
  readonly usable_until: string | null;
};

const SECOND_MS = 1000;
const HOUR_MS = 3600 * SECOND_MS;

/** A user with a key, and what that user does. */
async function person(server: Server, credential?: string) {
  const userId = crypto.randomUUID();
  const key = credential ?? (await makeKey(server, { userId }));
  const { open, call, newConversation } = caller(server.url, key);
  const ask = async (id: string, content = "Count") => {
    const path = `/conversations/${id}/messages/stream`;
    return allEvents(await open(path, { body: { content } }));
  };
  return {
    userId,
    key,
    open,
    call,
    newConversation,
    ask,
    ticket: async (body: object): Promise<Issued> => {
      const answer = await call("/tickets", { body });
      assert.equal(answer.status, 201, JSON.stringify(answer.body));
      return answer.body.data;
    },
    /** A conversation with one reply that has ended. */
    async answered() {
      const id = await newConversation();
      const events = await ask(id);
      return { id, events, lastId: events.at(-1)?.id ?? "" };
    },
  };
}

describe("a ticket for a stream", () => {
  let server: Server;
  before(async () => {
    server = await startServer();
  });
  after(() => server[Symbol.asyncDispose]());

  const streamAt = (id: string, ticket: string, lastEventId?: string, more = "") =>
    fetch(`${server.url}/v1/chat/conversations/${id}/messages/stream?ticket=${ticket}${more}`, {
      headers: lastEventId === undefined ? {} : { "last-event-id": lastEventId },
    });

  test("[H8] it opens the stream of its reply without any other credential, as often as the connection is lost, until the 204", async () => {
    const ann = await person(server);
    const id = await ann.newConversation();
    server.model.next({ text: "One two three four", hold: 2 });
    const path = `/conversations/${id}/messages/stream`;
    const posted = eventsOf(await ann.open(path, { body: { content: "Count" } }));
    const replyId = (await posted.next()).value?.id.split(":")[0];
    const issued = await ann.ticket({ conversation_id: id });
    assert.equal(issued.user_id, ann.userId);
    assert.equal(issued.reply_id, replyId);
    const leftMs = (time: string | null) => Date.parse(time ?? "") - Date.now();
    assert.ok(leftMs(issued.expires_at) <= 30 * SECOND_MS);
    assert.ok(leftMs(issued.expires_at) > 15 * SECOND_MS);
    assert.ok(leftMs(issued.usable_until) <= HOUR_MS);
    assert.ok(leftMs(issued.usable_until) > HOUR_MS - 15 * SECOND_MS);

    const seen = [];
    const first = await streamAt(id, issued.ticket);
    assert.equal(first.headers.get("referrer-policy"), "no-referrer");
    for await (const event of eventsOf(first)) {
      seen.push(event);
      if (textOf(seen).trim() === "One two") break;
    }
    server.model.release();
    await posted.return(undefined);
    for (let last = seen.at(-1); last?.type !== "DONE"; last = seen.at(-1))
      for await (const event of eventsOf(await streamAt(id, issued.ticket, last?.id))) {
        seen.push(event);
        if (event.type === "ai_chunk") break;
      }
    assert.deepEqual(
      seen.map(({ type }) => type).filter((type) => type !== "ai_chunk"),
      ["user_message", "ai_complete", "DONE"],
    );
    assert.equal(textOf(seen), "One two three four");
    assert.equal((await streamAt(id, issued.ticket, seen.at(-1)?.id)).status, 204);
    // A later reply of the conversation is not what this ticket is for.
    await ann.ask(id, "Once more");
    const again = await allEvents(await streamAt(id, issued.ticket));
    assert.equal(textOf(again), "One two three four");
  });

  test("[H8] it opens nothing else: no other conversation, reply, user, route or socket", async () => {
    const ann = await person(server);
    const [mine, other] = [await ann.answered(), await ann.answered()];
    const earlier = mine.lastId;
    await ann.ask(mine.id, "Again");
    const bob = await person(server);
    const theirs = await bob.answered();
    const { ticket } = await ann.ticket({ conversation_id: mine.id });
    for (const { id } of [other, theirs, { id: crypto.randomUUID() }]) {
      const refused = await streamAt(id, ticket);
      assert.equal(refused.status, 403);
      assert.match(await refused.text(), /opens the stream of one reply, and nothing else/);
    }
    for (const { lastId } of [other, theirs, { lastId: earlier }])
      assert.equal((await streamAt(mine.id, ticket, lastId)).status, 403);
    assert.equal((await streamAt(mine.id, ticket, undefined, "&user_id=bob")).status, 403);
    assert.equal((await streamAt(mine.id, ticket, undefined, `&ticket=${ticket}`)).status, 400);
    const beside = { authorization: `Bearer ${ann.key}` };
    const path = `/v1/chat/conversations/${mine.id}/messages/stream`;
    const both = await send(server, "GET", `${path}?ticket=${ticket}`, undefined, beside);
    assert.equal(both.status, 400);

    const asked = server.model.requests.length;
    for (const [method, route] of [
      ["GET", "/v1/chat/conversations"],
      ["GET", `/v1/chat/conversations/${mine.id}`],
      ["DELETE", `/v1/chat/conversations/${mine.id}`],
      ["GET", `/v1/chat/conversations/${mine.id}/messages`],
      ["POST", `/v1/chat/conversations/${mine.id}/messages`],
      ["POST", path],
      ["POST", `/v1/chat/conversations/${mine.id}/messages/stop`],
      ["GET", "/v1/chat/account"],
      ["POST", "/v1/chat/tickets"],
      ["GET", "/v1/chat/keys"],
      ["GET", "/conversations"],
      ["GET", "/api/conversations"],
      ["GET", "/metrics"],
    ] as const) {
      const body = method === "POST" ? { content: "Hi" } : undefined;
      const bearer = { authorization: `Bearer ${ticket}` };
      for (const [address, headers] of [
        [`${route}?ticket=${ticket}`, {}],
        [route, bearer],
      ] as const)
        assert.equal((await send(server, method, address, body, headers)).status, 401, route);
    }
    assert.equal(server.model.requests.length, asked);
    for (const address of ["/ws?", `/ws?user_id=${ann.userId}&`])
      assert.equal((await refusedSocket(server, `${address}ticket=${ticket}`)).status, 401);
    assert.equal((await streamAt(mine.id, ticket)).status, 200, "and is as good as before");
  });

  test("[H8] a ticket for a socket opens no stream, and is not spent by that", async () => {
    const ann = await person(server);
    const { id } = await ann.answered();
    const { ticket, reply_id, usable_until } = await ann.ticket({});
    assert.deepEqual([reply_id, usable_until], [null, null]);
    for (const wrong of [ticket, "", "ct_", `${ticket}x`, ann.key])
      assert.equal((await streamAt(id, wrong)).status, 401, wrong);
    await using socket = await openSocket(server, `/ws?user_id=${ann.userId}&ticket=${ticket}`);
    assert.equal(socket.socket.readyState, socket.socket.OPEN);
  });

  test("[H8] nobody gets one for what is somebody else's, has no reply, or is not there", async () => {
    const ann = await person(server);
    const bob = await person(server);
    const { id, lastId } = await ann.answered();
    const [replyId] = lastId.split(":");
    const empty = await ann.newConversation();
    const own = await bob.answered();
    for (const [who, body, status] of [
      [bob, { conversation_id: id }, 404],
      [bob, { conversation_id: id, reply_id: replyId }, 404],
      [bob, { conversation_id: own.id, reply_id: replyId }, 404],
      [ann, { conversation_id: empty }, 404],
      [ann, { conversation_id: crypto.randomUUID() }, 404],
      [ann, { conversation_id: id, reply_id: crypto.randomUUID() }, 404],
      [ann, { reply_id: replyId }, 400],
      [ann, { conversation_id: 7 }, 400],
    ] as const)
      assert.equal((await who.call("/tickets", { body })).status, status, JSON.stringify(body));
    await ann.ask(id, "Again");
    const named = await ann.ticket({ conversation_id: id, reply_id: replyId });
    assert.equal(named.reply_id, replyId);
  });

  test("[H8] it is used within 30 s or never, and from then on for its hour, which no use prolongs", async () => {
    const ann = await person(server);
    const { id, lastId } = await ann.answered();
    const replyId = lastId.split(":")[0] ?? "";
    const proof = { kind: "key", keyId: "key-of-nobody" } as const;
    const make = async (firstMs: number, untilMs: number) => {
      const ticket = `ct_${crypto.randomUUID()}`;
      const now = Date.now();
      const until = new Date(now + untilMs);
      const [expiresAt, hash] = [new Date(now + firstMs), hashOfKey(ticket)];
      const owner = { tenantId: "local", userId: ann.userId };
      const stream = { conversationId: id, replyId, until };
      await server.store.createTicket(
        {
          ...owner,
          hash,
          proof,
          isOperator: false,
          models: null,
          expiresAt,
          stream,
          session: null,
        },
        new Date(now - HOUR_MS),
      );
      return ticket;
    };
    const late = await make(-1, HOUR_MS);
    assert.equal((await streamAt(id, late)).status, 401);
    const short = await make(30 * SECOND_MS, 2 * SECOND_MS);
    const madeAt = Date.now();
    const uses = [];
    for (let status = 200; status !== 401 && Date.now() < madeAt + 20 * SECOND_MS; ) {
      status = (await streamAt(id, short)).status;
      uses.push(status);
    }
    assert.deepEqual([uses[0], uses.at(-1)], [200, 401]);
    assert.ok(Date.now() - madeAt >= 1.9 * SECOND_MS);
  });

  test("[H8] it is stored as its hash alone", { skip: BACKEND !== "sqlite" }, async () => {
    const ann = await person(server);
    const { id } = await ann.answered();
    const { ticket } = await ann.ticket({ conversation_id: id });
    assert.equal((await streamAt(id, ticket)).status, 200);
    const files = await readdir(server.directory, { withFileTypes: true });
    const texts = await Promise.all(
      files
        .filter((file) => file.isFile())
        .map(({ name }) => readFile(join(server.directory, name), "latin1")),
    );
    assert.ok(texts.join().includes(hashOfKey(ticket)));
    assert.ok(!texts.join().includes(ticket));
  });

  test("[H8] a key that is revoked, or a token that expires, cuts what its ticket opened, and opens it no more", async () => {
    await using issuer = await startIssuer();
    await using own = await startServer({ environment: issuer.environment });
    const stop = async (key: string) => {
      const exp = Math.ceil(Date.now() / SECOND_MS) + 2;
      if (key === "token")
        return { credential: await issuer.token("ann", { claims: { exp } }), end: async () => {} };
      const credential = await makeKey(own, { userId: "ann" });
      const end = async () => {
        for (const { id } of await own.store.listKeys()) await own.store.revokeKey(id, new Date());
      };
      return { credential, end };
    };
    for (const kind of ["key", "token"]) {
      const { credential, end } = await stop(kind);
      const ann = await person(own, credential);
      const id = await ann.newConversation();
      own.model.next({ text: "One two three", hold: 1 });
      const path = `/conversations/${id}/messages/stream`;
      const posted = await ann.open(path, { body: { content: "Count" } });
      const cutOff = assert.rejects(allEvents(posted));
      const { ticket } = await ann.ticket({ conversation_id: id });
      const address = `${own.url}/v1/chat${path}?ticket=${ticket}`;
      const seen: string[] = [];
      const reading = (async () => {
        for await (const { type } of eventsOf(await fetch(address))) {
          seen.push(type);
          if (type === "ai_chunk") await end();
        }
      })();
      await assert.rejects(reading, kind);
      assert.ok(!seen.includes("DONE"), kind);
      await cutOff;
      assert.equal((await fetch(address)).status, 401, kind);
      own.model.release();
    }
  });

  test("[H8] before the first key it is for programs and pages of this machine, as everything is", async () => {
    await using own = await startServer();
    const ann = await person(own, "anything");
    const { id } = await ann.answered();
    const { ticket } = await ann.ticket({ conversation_id: id });
    const address = `${own.url}/v1/chat/conversations/${id}/messages/stream?ticket=${ticket}`;
    assert.equal((await fetch(address)).status, 200);
    const forwarded = { headers: { "x-forwarded-for": "203.0.113.9" } };
    assert.equal((await fetch(address, forwarded)).status, 403);
    await makeKey(own);
    const claimedAt = Date.now();
    let status = 200;
    while (status === 200 && Date.now() < claimedAt + 20 * SECOND_MS)
      status = (await fetch(address)).status;
    assert.equal(status, 401);
  });
});
