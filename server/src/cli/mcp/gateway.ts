import { createParser } from "eventsource-parser";
import {
  errorMessage,
  INTERNAL_ERROR,
  INVALID_REQUEST,
  isFields,
  isId,
  mirrorsOf,
  PARSE_ERROR,
  type RpcId,
} from "./messages.ts";

/** A running server. */
export type RemoteServer = {
  /** Of its wire `mcp`. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
};

export type Gateway = {
  /** Asks the server. Resolves when the message is answered, or at once where it has no answer; never rejects. */
  pass(text: string): Promise<void>;
  /** Waits for no answer any more. */
  close(): void;
};

/** How an answer is sent. */
const FORMS = "application/json, text/event-stream";
const CUT_OFF =
  "The connection to the server broke off. What was said is kept there: read_conversation has it, and the same call with the same idempotency_key gets its answer";

/** Passes messages on to a server, each by a request of its own. @param write sends a message to the client */
export function createGateway(
  { url, headers }: RemoteServer,
  write: (message: unknown) => void,
): Gateway {
  const waiting = new Map<RpcId, AbortController>();
  const closing = new AbortController();
  let agreed: string | null = null;

  const ask = async (message: unknown, id: unknown, signal: AbortSignal): Promise<void> => {
    let isAnswered = false;
    const give = (given: unknown) => {
      if (signal.aborted) return;
      if (!isFields(given) || "result" in given || "error" in given) isAnswered = true;
      if (isFields(message) && message.method === "initialize") agreed = versionIn(given) ?? agreed;
      write(given);
    };
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: {
          ...{ "content-type": "application/json", accept: FORMS, ...headers },
          ...(isFields(message) && mirrorsOf(message, agreed)),
        },
        body: JSON.stringify(message),
        redirect: "manual",
        signal,
      });
      if (response.headers.get("content-type")?.startsWith("text/event-stream"))
        await eachEvent(response, give);
      else {
        const text = await response.text();
        // It carried notifications alone.
        if (response.status === 202) return;
        give(
          answerIn(text, id) ?? errorMessage(id, INTERNAL_ERROR, notSpoken(url, response.status)),
        );
      }
      if (!isAnswered) give(errorMessage(id, INTERNAL_ERROR, CUT_OFF));
    } catch {
      if (!isAnswered) give(errorMessage(id, INTERNAL_ERROR, notThere(url)));
    }
  };

  return {
    async pass(text) {
      const message = parsed(text);
      if (message === undefined)
        return write(errorMessage(null, PARSE_ERROR, "This line is not valid JSON"));
      if (!isFields(message)) return ask(message, null, closing.signal);
      const { id, method, params } = message;
      if (method === "notifications/cancelled" && isFields(params)) {
        if (isId(params.requestId)) waiting.get(params.requestId)?.abort();
        return;
      }
      // No other notification changes anything at the server.
      if (typeof method === "string" && !("id" in message)) return;
      if (!isId(id)) return ask(message, null, closing.signal);
      if (waiting.has(id))
        return write(errorMessage(id, INVALID_REQUEST, "A request with this id is being answered"));
      const leaving = new AbortController();
      waiting.set(id, leaving);
      await ask(message, id, AbortSignal.any([leaving.signal, closing.signal]));
      waiting.delete(id);
    },
    close: () => closing.abort(),
  };
}

async function eachEvent(response: Response, give: (message: unknown) => void): Promise<void> {
  const parser = createParser({
    onEvent({ data }) {
      const message = parsed(data);
      // What stands between may say something of its own.
      if (isFields(message) || Array.isArray(message)) give(message);
    },
  });
  const decoder = new TextDecoder();
  for await (const bytes of response.body ?? [])
    parser.feed(decoder.decode(bytes, { stream: true }));
}

/** An answer of the protocol, with the id that it may lack; undefined: it is none. */
function answerIn(text: string, id: unknown): unknown {
  const answer = parsed(text);
  if (Array.isArray(answer)) return answer;
  if (!isFields(answer) || answer.jsonrpc !== "2.0") return undefined;
  return isId(id) ? { ...answer, id } : answer;
}

/** The version that the server has agreed on. */
function versionIn(answer: unknown): string | null {
  const result = isFields(answer) && isFields(answer.result) ? answer.result : {};
  return typeof result.protocolVersion === "string" ? result.protocolVersion : null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const notThere = (url: string): string =>
  `No server answers at ${url}, or the connection to it broke off. Start one with 'colloquy serve', or name another: colloquy mcp --url`;
const notSpoken = (url: string, status: number): string =>
  `What answers at ${url} does not speak the Model Context Protocol (status ${status}). Name another server: colloquy mcp --url`;
