// One client script, unchanged, on every wire: what is begun through one is read, gone on with and
// deleted through the others.
// Backends: replicas
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { allEvents, caller, textOf } from "./chat-v1-client.ts";
import { openSocket } from "./socket-client.ts";
import { startServer } from "./start-server.ts";
import { type Server, send } from "./wire-client.ts";

type Said = readonly [role: string, content: string];
type Read = {
  readonly said: readonly Said[];
  /** The question that reading took; undefined where the wire shows messages. */
  readonly asked?: string;
};

/** A wire as a client of one user's uses it. Ids are its own. */
type Client = {
  /** Sends a first message. @returns the new conversation's id */
  begin(text: string): Promise<string>;
  /** Sends a further message; the reply is stored when this resolves. */
  goOn(id: string, text: string): Promise<void>;
  /** Every message of the conversation as this wire shows it; null if there is none. */
  read(id: string): Promise<Read | null>;
  /** The ids of all conversations; null where this wire has no list. */
  list: (() => Promise<readonly string[]>) | null;
  /** @returns whether there was one; null where this wire deletes nothing */
  remove: ((id: string) => Promise<boolean>) | null;
};
type Wire = {
  client(server: Server, user: string): Client;
  /** What this wire calls the conversation that all others call so. */
  own(id: string): string;
};

type Shown = { readonly role: string; readonly content: string };

const shown = (messages: readonly Shown[]): Read => ({
  said: messages.map(({ role, content }) => [role, content]),
});
const same = (id: string) => id;

/** What the scripted model answers; a client of 002, which asks no model, stores the same. */
const replyTo = (text: string) => `Echo: ${text}`;

const chat: Wire = {
  own: same,
  client(server, user) {
    const ask = (method: string, path: string, body?: unknown) =>
      send(server, method, path, body, { "x-user-id": user });
    const say = async (message: string, conversation_id: string | null) => {
      const { body } = await ask("POST", "/chat", { message, conversation_id });
      assert.equal(body.response, replyTo(message));
      return body.conversation_id;
    };
    return {
      begin: (text) => say(text, null),
      goOn: async (id, text) => assert.equal(await say(text, id), id),
      async read(id) {
        const { status, body } = await ask("GET", `/conversations/${id}`);
        if (status === 200) return shown(body.messages);
        assert.equal(status, 404);
        return null;
      },
      list: async () =>
        (await ask("GET", "/conversations")).body.map((one: { id: string }) => one.id),
      remove: async (id) => (await ask("DELETE", `/conversations/${id}`)).status === 200,
    };
  },
};

/** The sockets show a conversation only to the model: what it was told before its last question. */
function remembered(server: Server, asked: string): Read {
  const prompts = server.model.requests.map(({ body }) => body?.messages ?? []);
  const prompt = prompts.find((messages) => messages.at(-1)?.content === asked);
  return { ...shown(prompt?.slice(0, -1) ?? []), asked };
}

let questions = 0;
const newQuestion = () => `And ${questions++}?`;

const chatSocket: Wire = {
  own: same,
  client(server, user) {
    const say = async (content: string, conversation_id: string | null) => {
      await using socket = await openSocket(server, `/ws?user_id=${user}`);
      socket.say({ type: "message", content, conversation_id });
      return await socket.next();
    };
    return {
      async begin(text) {
        const { content, conversation_id } = await say(text, null);
        assert.equal(content, replyTo(text));
        return conversation_id;
      },
      async goOn(id, text) {
        assert.equal((await say(text, id)).conversation_id, id);
      },
      async read(id) {
        const question = newQuestion();
        const { type, content } = await say(question, id);
        if (type === "response") return remembered(server, question);
        assert.equal(content, "Conversation not found");
        return null;
      },
      list: null,
      remove: null,
    };
  },
};

const voice: Wire = {
  own: same,
  client(server, user) {
    const say = async (text: string, conversationId: string | null) => {
      await using socket = await openSocket(server, "/ws");
      await socket.next();
      const more = conversationId === null ? {} : { conversation_id: conversationId };
      socket.say({ type: "start_conversation", user_id: user, capabilities: [], ...more });
      const started = await socket.next();
      if (started.type === "error") return started;
      socket.say({ type: "text_input", text });
      const answer = await socket.next();
      assert.equal(answer.text, replyTo(text));
      return started;
    };
    return {
      begin: async (text) => (await say(text, null)).conversation_id,
      async goOn(id, text) {
        assert.equal((await say(text, id)).conversation_id, id);
      },
      async read(id) {
        const question = newQuestion();
        const { type, code } = await say(question, id);
        if (type !== "error") return remembered(server, question);
        assert.equal(code, "NOT_FOUND");
        return null;
      },
      list: null,
      remove: null,
    };
  },
};

/** @param name what the client calls its first conversation; undefined: the server names it */
const dialogix = (name?: string): Wire => ({
  own: (id) => `session-${id}`,
  client(server, user) {
    const headers = { "x-user-id": user };
    const say = async (message: string, conversation_id?: string) => {
      const body = { message, ...(conversation_id && { conversation_id }) };
      const answer = await send(server, "POST", "/api/v1/chat/completions", body, headers);
      assert.equal(answer.body.message, replyTo(message));
      return answer.body.conversation_id;
    };
    return {
      begin: (text) => say(text, name),
      goOn: async (id, text) => assert.equal(await say(text, id), id),
      async read(id) {
        const path = `/api/v1/chat/history/${encodeURIComponent(id)}`;
        const { status, body } = await send(server, "GET", path, undefined, headers);
        if (status === 200) return shown(body.messages);
        assert.equal(status, 404);
        return null;
      },
      list: null,
      remove: null,
    };
  },
});

const conversations: Wire = {
  own: same,
  client(server, userId) {
    const path = "/api/conversations";
    const ask = async (method: string, fields: object) =>
      send(server, method, path, { userId, ...fields });
    const all = async (): Promise<{ id: string; messages: Shown[] }[]> =>
      (await send(server, "GET", `${path}?userId=${userId}`)).body.conversations;
    const find = async (id: string) => (await all()).find((one) => one.id === id);
    const exchange = (text: string) => [
      { role: "user", content: text },
      { role: "assistant", content: replyTo(text) },
    ];
    return {
      async begin(text) {
        const answer = await ask("POST", { messages: exchange(text) });
        assert.equal(answer.status, 201);
        return answer.body.conversation.id;
      },
      async goOn(conversationId, text) {
        const before = (await find(conversationId))?.messages ?? [];
        const messages = [...before, ...exchange(text)];
        assert.equal((await ask("PUT", { conversationId, messages })).status, 200);
      },
      async read(id) {
        const found = await find(id);
        return found ? shown(found.messages) : null;
      },
      list: async () => (await all()).map(({ id }) => id),
      remove: async (conversationId) => (await ask("DELETE", { conversationId })).status === 200,
    };
  },
};

const chatV1 = (isStreamed: boolean): Wire => ({
  own: same,
  client(server, user) {
    const { open, call, newConversation } = caller(server.url);
    const say = async (id: string, content: string) => {
      const path = `/conversations/${id}/messages`;
      if (isStreamed) {
        const events = await allEvents(await open(`${path}/stream`, { body: { content }, user }));
        assert.equal(textOf(events), replyTo(content));
      } else {
        const { data } = (await call(path, { body: { content }, user })).body;
        assert.equal(data[1].content, replyTo(content));
      }
    };
    return {
      async begin(content) {
        if (isStreamed) {
          const body = { content };
          const [created] = await allEvents(await open("/conversations/stream", { body, user }));
          return created?.data.conversationId;
        }
        const id = await newConversation({ user });
        await say(id, content);
        return id;
      },
      goOn: say,
      async read(id) {
        const { status, body } = await call(`/conversations/${id}/messages`, { user });
        if (status === 200) return shown(body.data);
        assert.equal(status, 404);
        return null;
      },
      list: async () =>
        (await call("/conversations?limit=100", { user })).body.data.map(
          (one: { id: string }) => one.id,
        ),
      remove: async (id) =>
        (await call(`/conversations/${id}`, { method: "DELETE", user })).status === 200,
    };
  },
});

const WIRES: Readonly<Record<string, Wire>> = {
  "000": chat,
  "the socket of 000": chatSocket,
  "001": dialogix(),
  "001 by a name of its own": dialogix("session-1704459600000-ab12"),
  "002": conversations,
  "the socket of 003": voice,
  "004": chatV1(false),
  "004, streamed": chatV1(true),
};

/** All clients of a user's. */
const clientsOf = (server: Server, user: string) =>
  Object.entries(WIRES).map(([name, { client, own }]) => ({ name, own, ...client(server, user) }));
type Clients = ReturnType<typeof clientsOf>;

/** The wires that show a conversation without going on with it. */
const readersOf = (clients: Clients): Clients =>
  clients.filter(({ name }) => !name.startsWith("the socket"));

/** Reads through every wire in turn. @returns what was said in the end */
async function readByAll(
  clients: Clients,
  id: string,
  expected: readonly Said[],
): Promise<readonly Said[]> {
  let said = expected;
  for (const { name, own, read } of clients) {
    const found = await read(own(id));
    assert.deepEqual(found?.said, said, `read through ${name}`);
    const { asked } = found;
    if (asked) said = [...said, ["user", asked], ["assistant", replyTo(asked)]];
  }
  return said;
}

async function goneForAll(clients: Clients, id: string): Promise<void> {
  for (const { name, own, read, list, remove } of clients) {
    assert.equal(await read(own(id)), null, `read through ${name}`);
    assert.deepEqual(await list?.(), list ? [] : undefined, `listed by ${name}`);
    assert.notEqual(await remove?.(own(id)), true, `deleted through ${name}`);
  }
}

/** The conversation's id for all, from the one that its own wire gave. */
async function idForAll(clients: Clients, { own, read }: Clients[number], ownId: string) {
  const lists = await Promise.all(clients.map(({ list }) => list?.() ?? null));
  const [[id = ""] = [], ...others] = lists.filter((list) => list !== null);
  for (const other of others) assert.deepEqual(other, [id]);
  assert.ok(ownId === own(id) || ownId.startsWith("session-1704459600000"), ownId);
  if (ownId !== own(id)) assert.deepEqual(await read(ownId), await read(own(id)));
  return id;
}

describe("begun in one wire", { concurrency: 4 }, () => {
  let server: Server;
  before(async () => {
    server = await startServer();
  });
  after(() => server[Symbol.asyncDispose]());
  for (const name of Object.keys(WIRES)) {
    test(`begun in ${name}, a conversation is read and gone on with in every other, by its user only`, async () => {
      const clients = clientsOf(server, crypto.randomUUID());
      const beginner = clients.find((client) => client.name === name) ?? assert.fail();
      const text = `Begun in ${name}: é 👋`;
      const ownId = await beginner.begin(text);
      const id = await idForAll(clients, beginner, ownId);
      let said: readonly Said[] = [
        ["user", text],
        ["assistant", replyTo(text)],
      ];
      said = await readByAll(clients, id, said);
      for (const client of clients) {
        const more = `Gone on with in ${client.name}`;
        await client.goOn(client.own(id), more);
        said = [...said, ["user", more], ["assistant", replyTo(more)]];
        await readByAll(readersOf(clients), id, said);
      }
      await beginner.goOn(ownId, "And back");
      said = [...said, ["user", "And back"], ["assistant", replyTo("And back")]];
      await readByAll(clients, id, said);
      await goneForAll(clientsOf(server, crypto.randomUUID()), id);
      assert.equal(await idForAll(clients, beginner, ownId), id);
    });

    test(`begun in ${name}, a conversation is deleted through any wire, for every other`, async () => {
      for (const deleter of ["000", "002", "004"]) {
        const clients = clientsOf(server, crypto.randomUUID());
        const beginner = clients.find((client) => client.name === name) ?? assert.fail();
        const remover = clients.find((client) => client.name === deleter);
        const id = await idForAll(clients, beginner, await beginner.begin("Short-lived"));
        assert.equal(await remover?.remove?.(remover.own(id)), true, deleter);
        await goneForAll(clients, id);
      }
    });
  }
});
