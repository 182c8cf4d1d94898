import type { ModelSettings } from "./model-settings.ts";
import { writeDirective } from "./model-settings.ts";
import type { Expectation, Inspection } from "./reply.ts";
import { LIST_LIMIT, LISTED_TOTAL } from "./sizes.ts";

export type RequestKind = "sync" | "stream" | "list";

/** How a server is asked, and what its answers must look like. */
export interface Wire {
  /** A whole HTTP request. */
  write(kind: RequestKind, conversationId: string, settings: ModelSettings): string;
  expect(kind: RequestKind, settings: ModelSettings): Expectation;
}

export function writeRequest(method: string, path: string, body?: unknown): string {
  const text = body === undefined ? "" : JSON.stringify(body);
  const entity = `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n`;
  return `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer bench\r\n${text ? entity : ""}\r\n${text}`;
}

const question = (settings: ModelSettings) => `Hello ${writeDirective(settings)}`;

const passed = (pieces: number): Inspection => ({ problem: null, pieces });
const failed = (problem: string): Inspection => ({ problem, pieces: 0 });

const STAMP_BYTES = 18;

/** The reply's text without blanks at its end has this length; whether they are kept is up to the server. */
function hasExpectedText(text: unknown, settings: ModelSettings): boolean {
  const stampBytes = settings.isTimestamped ? STAMP_BYTES : 0;
  const length = settings.tokens * (settings.bytesPerToken + stampBytes) - 1;
  return typeof text === "string" && text.trimEnd().length === length;
}

function* readEvents(body: string) {
  for (const line of body.split("\n")) {
    if (line.startsWith("data: {")) yield JSON.parse(line.slice("data: ".length));
  }
}

/** Wire chat-v1: what Colloquy and the storing baseline speak. */
export const chatV1Wire: Wire = {
  write(kind, conversationId, settings) {
    if (kind === "list") {
      return writeRequest("GET", `/v1/chat/conversations?page=1&limit=${LIST_LIMIT}`);
    }
    const path = `/v1/chat/conversations/${conversationId}/messages${kind === "stream" ? "/stream" : ""}`;
    return writeRequest("POST", path, {
      content: question(settings),
      role: "user",
      model: "mock",
    });
  },

  expect(kind, settings) {
    switch (kind) {
      case "sync":
        return {
          status: 201,
          required: [],
          stampedTokens: 0,
          inspect: (body) => inspectMessages(body, settings),
        };
      case "stream":
        return {
          status: 200,
          required: ["ai_complete", "[DONE]"],
          stampedTokens: settings.isTimestamped ? settings.tokens : 0,
          inspect: (body) => inspectChatEvents(body, settings),
        };
      case "list":
        return { status: 200, required: [], stampedTokens: 0, inspect: inspectList };
    }
  },
};

function inspectMessages(body: string, settings: ModelSettings): Inspection {
  const { success, data } = JSON.parse(body);
  const [asked, answered] = data;
  if (success !== true || asked.role !== "user" || answered.role !== "assistant") {
    return failed("not a user's and an assistant's message");
  }
  if (asked.content !== question(settings)) return failed("the user's message was changed");
  if (!hasExpectedText(answered.content, settings)) return failed("the reply's text is not whole");
  return passed(1);
}

function inspectChatEvents(body: string, settings: ModelSettings): Inspection {
  const pieces: string[] = [];
  let asked: unknown;
  let complete: unknown;
  for (const { type, data } of readEvents(body)) {
    if (type === "ai_chunk") pieces.push(data);
    else if (type === "user_message") asked = data.content;
    else if (type === "ai_complete") complete = data.content;
    else return failed(`unexpected event ${type}`);
  }
  if (asked !== question(settings)) return failed("the user's message is missing or was changed");
  if (!hasExpectedText(complete, settings)) return failed("the text of ai_complete is not whole");
  if (pieces.join("").trimEnd() !== String(complete).trimEnd()) {
    return failed("the pieces do not make up the text of ai_complete");
  }
  return passed(pieces.length);
}

function inspectList(body: string): Inspection {
  const { data, meta } = JSON.parse(body);
  if (data.length !== LIST_LIMIT) return failed(`${data.length} conversations listed`);
  if (!(meta.total >= LISTED_TOTAL)) return failed(`a total of ${meta.total} conversations`);
  return passed(1);
}

/** The model's own wire, which the pass-through baseline speaks. */
export const modelWire: Wire = {
  write(kind, _conversationId, settings) {
    const messages = [{ role: "user", content: question(settings) }];
    const isStreamed = kind === "stream";
    return writeRequest("POST", "/v1/chat/completions", {
      model: "mock",
      ...(isStreamed ? { stream: true } : {}),
      messages,
    });
  },

  expect(kind, settings) {
    const isStreamed = kind === "stream";
    return {
      status: 200,
      required: isStreamed ? ["[DONE]"] : [],
      stampedTokens: isStreamed && settings.isTimestamped ? settings.tokens : 0,
      inspect(body) {
        const pieces: string[] = [];
        if (isStreamed) {
          for (const { choices } of readEvents(body)) {
            const piece = choices[0]?.delta.content;
            if (piece) pieces.push(piece);
          }
        } else {
          pieces.push(JSON.parse(body).choices[0].message.content);
        }
        if (!hasExpectedText(pieces.join(""), settings)) return failed("the text is not whole");
        return passed(pieces.length);
      },
    };
  },
};
