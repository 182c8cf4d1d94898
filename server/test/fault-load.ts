// Clients of every wire, each a user of its own, who go on whatever happens and note what they were
// told: what was acknowledged, what came as an answer, and in which words it failed.
import { randomUUID } from "node:crypto";
import { on, once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "ws";
import { ColloquyError, createClient, type Reply } from "../../client/src/index.ts";

export type Acknowledged = { readonly wire: string; readonly userId: string };

export type Notes = {
  /** By the marker of the message. */
  readonly acknowledged: Map<string, Acknowledged>;
  /** What should not be: each line says what and where. */
  readonly wrong: string[];
  /** Refusals in words, by wire and status or code. */
  readonly refusals: Map<string, number>;
  streams: number;
  /** How streams ended. */
  readonly endings: Map<string, number>;
};

const WORDS = 8;
/** Some replies take so long that a fault finds them in the middle. */
const MANY_WORDS = 80;
const GAP_MS = 12;
const PAUSE_MS = 15;
const TRY_MS = 30_000;

/** What the model answers to the message of that marker. */
export const replyTo = (marker: string): string => {
  const length = /[05]z$/.test(marker) ? MANY_WORDS : WORDS;
  return Array.from({ length }, (_, word) => `${marker}.${word}`).join(" ");
};
const messageOf = (marker: string): string =>
  `${marker} {{reply text=${JSON.stringify(replyTo(marker))} gapMs=${GAP_MS}}}`;
/** The marker of a stored message or reply. */
export const markerIn = (content: string): string | undefined => /^k\d+z/.exec(content)?.[0];

type Load = {
  readonly url: string;
  readonly port: number;
  readonly notes: Notes;
  readonly signal: AbortSignal;
};
type Client = (load: Load, userId: string) => Promise<void>;

let made = 0;
const newMarker = () => `k${made++}z`;
const count = (counts: Map<string, number>, name: string) =>
  void counts.set(name, (counts.get(name) ?? 0) + 1);

/** An answer is the beginning of what was asked for, if not all of it; anything else is somebody else's. */
function checkAnswer({ notes }: Load, wire: string, marker: string, text: unknown): void {
  if (typeof text !== "string" || !replyTo(marker).startsWith(text))
    notes.wrong.push(`${wire}: ${marker} was answered ${JSON.stringify(text)}`);
}

/** Sends until it is acknowledged: the key makes a repeat safe. Null when the load ends before. */
async function post(
  { url, notes, signal }: Load,
  wire: string,
  path: string,
  body: unknown,
  headers: Readonly<Record<string, string>>,
  mayRepeat = true,
  // biome-ignore lint/suspicious/noExplicitAny: each wire knows the shape of its answers
): Promise<any> {
  const key = mayRepeat ? { "idempotency-key": randomUUID() } : {};
  while (!signal.aborted) {
    const answer = await fetch(`${url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...key, ...headers },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(TRY_MS),
    }).catch(() => null);
    const text = await answer?.text().catch(() => null);
    if (answer && typeof text === "string") {
      const parsed = parse(text);
      if (answer.ok && parsed) return parsed;
      count(notes.refusals, `${wire} ${answer.status}`);
      const words = JSON.stringify(parsed ?? "");
      // 500 is a bug, and whoever is refused is told why.
      if (answer.status < 502 || !/[a-z]{3,} [a-z]{2,}/.test(words))
        notes.wrong.push(`${wire}: ${answer.status} ${text.slice(0, 200)}`);
    } else count(notes.refusals, `${wire} broken off`);
    if (!mayRepeat) return null;
    await sleep(100);
  }
  return null;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const acknowledge = (load: Load, wire: string, userId: string, marker: string) =>
  void load.notes.acknowledged.set(marker, { wire, userId });

const chat: Client = async (load, userId) => {
  const marker = newMarker();
  const body = { message: messageOf(marker), user_id: userId };
  const answer = await post(load, "chat", "/chat", body, {});
  if (!answer) return;
  acknowledge(load, "chat", userId, marker);
  checkAnswer(load, "chat", marker, answer.response);
};

const dialogix: Client = async (load, userId) => {
  const marker = newMarker();
  const body = { message: messageOf(marker), conversation_id: `session-${made % 5}` };
  const path = "/api/v1/chat/completions";
  const answer = await post(load, "dialogix", path, body, { "x-user-id": userId });
  if (!answer) return;
  acknowledge(load, "dialogix", userId, marker);
  checkAnswer(load, "dialogix", marker, answer.message);
};

const conversations: Client = async (load, userId) => {
  const marker = newMarker();
  const messages = [{ role: "user", content: marker, timestamp: 1_700_000_000_000 }];
  const body = { userId, title: "Moved in", messages };
  const answer = await post(load, "conversations", "/api/conversations", body, {}, false);
  if (answer) acknowledge(load, "conversations", userId, marker);
};

const chatV1: Client = async (load, userId) => {
  const headers = { authorization: "Bearer local", "x-user-id": userId };
  const created = await post(load, "chat-v1", "/v1/chat/conversations", {}, headers, false);
  if (!created) return;
  const marker = newMarker();
  const path = `/v1/chat/conversations/${created.data.id}/messages`;
  const answer = await post(load, "chat-v1", path, { content: messageOf(marker) }, headers);
  if (!answer) return;
  acknowledge(load, "chat-v1", userId, marker);
  checkAnswer(load, "chat-v1", marker, answer.data[1].content);
};

/** Streams by the SDK, which goes on elsewhere by itself; a second device watches. */
const chatV1Stream: Client = async (load, userId) => {
  const { url: baseUrl, notes } = load;
  const retry = { streamRetries: 40, requestRetries: 20, baseDelayMs: 100, maxDelayMs: 1000 };
  const client = createClient({ baseUrl, token: "local", userId, retry });
  const marker = newMarker();
  const follow = async (reply: Reply, what: string) => {
    notes.streams += 1;
    let text = "";
    let ending: string | null = null;
    try {
      for await (const event of reply) {
        if (event.type === "ai_chunk") text += event.data;
        if (event.type === "error") ending = `error ${event.data.code}`;
        if (event.type !== "ai_complete") continue;
        ending = event.data.status;
        checkAnswer(load, what, marker, event.data.content);
        if (ending === "complete" && text !== replyTo(marker))
          notes.wrong.push(`${what}: ${marker} is complete, and was heard as ${text}`);
      }
    } catch (error) {
      ending = error instanceof ColloquyError ? `given up: ${error.code}` : `thrown: ${error}`;
    }
    checkAnswer(load, what, marker, text);
    count(notes.endings, ending ?? "without a word");
    if (ending === null || !/^(?:complete|interrupted|error)/.test(ending))
      notes.wrong.push(`${what}: ${marker} ended ${ending}`);
  };
  let reply: Reply;
  try {
    reply = await client.conversations.start({ content: messageOf(marker) });
  } catch (error) {
    if (!(error instanceof ColloquyError)) throw error;
    return count(notes.refusals, `chat-v1 stream ${error.code}`);
  }
  acknowledge(load, "chat-v1 stream", userId, marker);
  const watching = client.messages
    .watch(reply.conversationId)
    .then((watched) => watched && follow(watched, "chat-v1 watch"))
    .catch((error) => count(notes.refusals, `chat-v1 watch ${error.code}`));
  await follow(reply, "chat-v1 stream");
  await watching;
};

type Talk = {
  /** The next message, whenever it came. */
  next(): Promise<Record<string, unknown>>;
  say(message: object): Promise<Record<string, unknown>>;
};

/** One connection, as long as it lasts. */
async function converse(
  load: Load,
  path: string,
  talk: (talk: Talk) => Promise<void>,
): Promise<void> {
  const socket = new WebSocket(`ws://127.0.0.1:${load.port}${path}`);
  socket.on("error", () => {});
  const messages = on(socket, "message", { close: ["close"] });
  const next = async () => {
    const timer = setTimeout(() => {
      load.notes.wrong.push(`${path}: no answer in ${TRY_MS} ms on an open socket`);
      socket.terminate();
    }, TRY_MS);
    const { value, done } = await messages.next();
    clearTimeout(timer);
    if (done) throw new Error("closed");
    return JSON.parse(String(value[0])) as Record<string, unknown>;
  };
  const say = (message: object) => {
    socket.send(JSON.stringify(message));
    return next();
  };
  try {
    await Promise.race([once(socket, "open"), once(socket, "close").then(() => next())]);
    while (!load.signal.aborted) await talk({ next, say });
  } catch {
    count(load.notes.refusals, `${path.slice(0, 6)} closed`);
    await sleep(100);
  } finally {
    socket.terminate();
  }
}

const chatSocket: Client = (load, userId) =>
  converse(load, `/ws?user_id=${userId}`, async ({ say }) => {
    const marker = newMarker();
    const answer = await say({ type: "message", content: messageOf(marker) });
    if (answer.type !== "response") return count(load.notes.refusals, `chat socket ${answer.type}`);
    acknowledge(load, "chat socket", userId, marker);
    checkAnswer(load, "chat socket", marker, answer.content);
    await sleep(PAUSE_MS);
  });

const voice: Client = async (load, userId) => {
  let isStarted = false;
  await converse(load, "/ws", async ({ next, say }) => {
    if (!isStarted) {
      await next();
      const started = await say({ type: "start_conversation", user_id: userId });
      if (started.type !== "conversation_started") throw new Error("not started");
      isStarted = true;
    }
    let marker = newMarker();
    // Speaking them takes its time.
    while (replyTo(marker).length > 200) marker = newMarker();
    const answer = await say({ type: "text_input", text: messageOf(marker) });
    if (answer.type !== "ai_response")
      return count(load.notes.refusals, `voice ${answer.type} ${answer.code ?? ""}`);
    acknowledge(load, "voice", userId, marker);
    checkAnswer(load, "voice", marker, answer.text);
    await sleep(10 * PAUSE_MS);
  });
};

const CLIENTS: Readonly<Record<string, Client>> = {
  chat,
  dialogix,
  conversations,
  "chat-v1": chatV1,
  "chat-v1 stream": chatV1Stream,
  "chat socket": chatSocket,
  voice,
};
export const WIRES = Object.keys(CLIENTS);

/** Begins; `stop` lets every client finish what it has begun. */
export function startFaultLoad(
  server: { readonly url: string; readonly port: number },
  { clientsPerWire }: { readonly clientsPerWire: number },
) {
  const stopping = new AbortController();
  const notes: Notes = {
    acknowledged: new Map(),
    wrong: [],
    refusals: new Map(),
    streams: 0,
    endings: new Map(),
  };
  const load: Load = { ...server, notes, signal: stopping.signal };
  const loop = async (client: Client) => {
    const userId = randomUUID();
    while (!stopping.signal.aborted) {
      await client(load, userId);
      await sleep(PAUSE_MS);
    }
  };
  const loops = Object.values(CLIENTS).flatMap((client) =>
    // A voice costs more than all the others.
    Array.from({ length: client === voice ? 1 : clientsPerWire }, () => loop(client)),
  );
  const failed = Promise.all(loops);
  failed.catch(() => {});
  return {
    notes,
    async stop() {
      stopping.abort();
      await failed;
    },
  };
}
