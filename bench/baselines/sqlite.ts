/*
 * What a competent afternoon gives: the routes of wire chat-v1 that the bench uses, on node:http and
 * node:sqlite, one transaction a write, no credentials, no schemas, no history, nothing resumable.
 * Environment: PORT, UP_PORT (the model's), DB (a file, made anew), SYNC (FULL or NORMAL).
 */
import http from "node:http";
import { openStorage, type StoredMessage } from "./sqlite-storage.ts";

const storage = openStorage(process.env.DB ?? "baseline.db", process.env.SYNC ?? "FULL");
const agent = new http.Agent({
  keepAlive: true,
  maxSockets: Number.POSITIVE_INFINITY,
  maxFreeSockets: 4096,
  scheduling: "lifo",
});
const ROUTE = /^\/v1\/chat\/conversations(?:\/([^/?]+)\/messages(\/stream)?)?(?:\?(.*))?$/u;

function askModel(
  model: string,
  content: string,
  isStreamed: boolean,
  onReply: (reply: http.IncomingMessage) => void,
  onError: () => void,
): http.ClientRequest {
  const messages = [{ role: "user", content }];
  const question = isStreamed ? { model, stream: true, messages } : { model, messages };
  const body = Buffer.from(JSON.stringify(question));
  const request = http.request(
    {
      host: "127.0.0.1",
      port: Number(process.env.UP_PORT),
      path: "/v1/chat/completions",
      method: "POST",
      agent,
      headers: { "content-type": "application/json", "content-length": body.length },
    },
    onReply,
  );
  request.on("error", onError);
  request.end(body);
  return request;
}

function sendJson(response: http.ServerResponse, status: number, value: unknown): void {
  const body = Buffer.from(JSON.stringify(value));
  response.writeHead(status, { "content-type": "application/json", "content-length": body.length });
  response.end(body);
}

const sendFailure = (response: http.ServerResponse, status: number): void =>
  sendJson(response, status, { success: false });

const event = (type: string, data: string | StoredMessage): string =>
  `data: ${JSON.stringify({ type, data })}\n\n`;

function answerWhole(
  response: http.ServerResponse,
  conversationId: string,
  model: string,
  question: StoredMessage,
): void {
  const fail = () => sendFailure(response, 502);
  askModel(
    model,
    question.content,
    false,
    (reply) => {
      let text = "";
      reply.setEncoding("utf8");
      reply.on("data", (part: string) => {
        text += part;
      });
      reply.on("end", () => {
        if (reply.statusCode !== 200) return fail();
        const content: string = JSON.parse(text).choices[0].message.content;
        const answer = storage.saveMessage(conversationId, "assistant", content);
        sendJson(response, 201, { success: true, data: [question, answer] });
      });
    },
    fail,
  );
}

function answerStreamed(
  response: http.ServerResponse,
  conversationId: string,
  model: string,
  question: StoredMessage,
): void {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
  response.write(event("user_message", question));
  const onReply = (reply: http.IncomingMessage): void => {
    let unread = "";
    let content = "";
    reply.setEncoding("utf8");
    reply.on("data", (part: string) => {
      const lines = (unread + part).split("\n");
      unread = lines.pop() ?? "";
      let events = "";
      for (const line of lines) {
        if (!line.startsWith("data: {")) continue;
        const piece: string | undefined = JSON.parse(line.slice(6)).choices[0]?.delta?.content;
        if (!piece) continue;
        content += piece;
        events += event("ai_chunk", piece);
      }
      if (events) response.write(events);
    });
    reply.on("end", () => {
      const answer = storage.saveMessage(conversationId, "assistant", content);
      response.end(`${event("ai_complete", answer)}data: [DONE]\n\n`);
    });
  };
  const onError = () => response.end(event("error", "The model failed."));
  const request = askModel(model, question.content, true, onReply, onError);
  response.on("close", () => {
    if (!response.writableFinished) request.destroy();
  });
}

function answerPost(
  response: http.ServerResponse,
  conversationId: string,
  isStreamed: boolean,
  text: string,
): void {
  let body: { content?: unknown; model?: string };
  try {
    body = JSON.parse(text);
  } catch {
    body = {};
  }
  if (typeof body.content !== "string") {
    sendFailure(response, 400);
    return;
  }
  const question = storage.saveMessage(conversationId, "user", body.content);
  const answer = isStreamed ? answerStreamed : answerWhole;
  answer(response, conversationId, body.model ?? "mock", question);
}

function answerGet(response: http.ServerResponse, query: string): void {
  const parameters = new URLSearchParams(query);
  const limit = Number(parameters.get("limit") ?? 10);
  const page = Number(parameters.get("page") ?? 1);
  const { items, total } = storage.listConversations(limit, (page - 1) * limit);
  const meta = { total, page, limit, totalPages: Math.ceil(total / limit) };
  sendJson(response, 200, { success: true, data: items, meta });
}

const server = http.createServer({ noDelay: true }, (request, response) => {
  const [matched, conversationId, stream, query] = ROUTE.exec(request.url ?? "") ?? [];
  if (matched === undefined) return sendFailure(response, 404);
  if (request.method === "GET") return answerGet(response, query ?? "");
  if (conversationId === undefined) return sendFailure(response, 404);
  let text = "";
  request.setEncoding("utf8");
  request.on("data", (part: string) => {
    text += part;
  });
  request.on("end", () => answerPost(response, conversationId, stream !== undefined, text));
});
server.listen({ port: Number(process.env.PORT), host: "127.0.0.1", backlog: 8192 });
process.on("SIGTERM", () => process.exit(0));
