// Clients of every wire at once, which note what was acknowledged to them.
import { randomUUID } from "node:crypto";
import { WebSocket } from "ws";
import { eventsOf } from "./chat-v1-client.ts";

const CLIENTS_PER_WIRE = 2;
const USER = "2b1c6a50-0000-4000-8000-00000000c0de";
const ENOUGH_TO_RUN = 12;

type Acknowledge = (marker: string, wire: string) => void;
type Client = (url: string, acknowledge: Acknowledge, signal: AbortSignal) => Promise<void>;

const newMarker = () => `#${randomUUID()}#`;
/** Half of the replies take their time, so that a kill finds some in the middle. */
const messageWith = (marker: string) =>
  `${marker} ${Math.random() < 0.5 ? "{{reply tokens=12 gapMs=10}}" : "{{reply tokens=5}}"}`;

async function send(
  url: string,
  path: string,
  body: unknown,
  signal: AbortSignal,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${url}${path}`, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json", ...headers },
    signal,
  });
}

const chat: Client = async (url, acknowledge, signal) => {
  const marker = newMarker();
  const response = await send(
    url,
    "/chat",
    { message: messageWith(marker), user_id: USER },
    signal,
  );
  if (response.ok && (await response.json())) acknowledge(marker, "chat");
};

const dialogix: Client = async (url, acknowledge, signal) => {
  const marker = newMarker();
  const response = await send(
    url,
    "/api/v1/chat/completions",
    { message: messageWith(marker), conversation_id: `session-${Math.floor(Math.random() * 20)}` },
    signal,
  );
  if (response.ok && (await response.json())) acknowledge(marker, "dialogix");
};

const conversations: Client = async (url, acknowledge, signal) => {
  const marker = newMarker();
  const response = await send(
    url,
    "/api/conversations",
    {
      userId: USER,
      title: "Moved in",
      messages: [{ role: "user", content: marker, timestamp: 1_700_000_000_000 }],
    },
    signal,
  );
  if (response.status === 201 && (await response.json())) acknowledge(marker, "conversations");
};

const bearer = { authorization: "Bearer anything" };

const chatV1: Client = async (url, acknowledge, signal) => {
  const created = (await (
    await send(url, "/v1/chat/conversations", {}, signal, bearer)
  ).json()) as { data: { id: string } };
  const marker = newMarker();
  const response = await send(
    url,
    `/v1/chat/conversations/${created.data.id}/messages`,
    { content: messageWith(marker) },
    signal,
    bearer,
  );
  if (response.status === 201 && (await response.json())) acknowledge(marker, "chat-v1");
};

const chatV1Stream: Client = async (url, acknowledge, signal) => {
  const marker = newMarker();
  const response = await send(
    url,
    "/v1/chat/conversations/stream",
    { content: messageWith(marker) },
    signal,
    bearer,
  );
  for await (const event of eventsOf(response))
    if (event.type === "conversation_created") acknowledge(marker, "chat-v1 stream");
};

const chatSocket: Client = (url, acknowledge, signal) =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(`${url.replace("http", "ws")}/ws?user_id=${USER}`);
    let marker = newMarker();
    const say = () =>
      socket.send(JSON.stringify({ type: "message", content: messageWith(marker) }));
    socket.on("open", say);
    socket.on("message", (data) => {
      if (JSON.parse(String(data)).type !== "response") return;
      acknowledge(marker, "chat socket");
      marker = newMarker();
      say();
    });
    socket.on("close", () => resolve());
    socket.on("error", reject);
    signal.addEventListener("abort", () => socket.terminate());
  });

/** Sends through every wire until it is stopped or the server is gone. */
export function startLoad(url: string, acknowledged: Map<string, string>) {
  const stopping = new AbortController();
  const { promise: running, resolve } = Promise.withResolvers<void>();
  let count = 0;
  const acknowledge: Acknowledge = (marker, wire) => {
    acknowledged.set(marker, wire);
    if (++count === ENOUGH_TO_RUN) resolve();
  };
  const loop = async (client: Client) => {
    while (!stopping.signal.aborted) {
      try {
        await client(url, acknowledge, stopping.signal);
      } catch {
        return;
      }
    }
  };
  const loops = [chat, dialogix, conversations, chatV1, chatV1Stream, chatSocket].flatMap(
    (client) => Array.from({ length: CLIENTS_PER_WIRE }, () => loop(client)),
  );
  return {
    /** Resolves once a few messages were acknowledged, or every client gave up. */
    running: Promise.race([running, Promise.all(loops)]),
    async stop() {
      stopping.abort();
      await Promise.all(loops);
    },
  };
}
