import { Connection } from "./connection.ts";
import type { ResponseReader } from "./response-parser.ts";
import { writeRequest } from "./wires.ts";

/**
 * Conversations for users who know nothing of each other. Colloquy answers the messages of one
 * conversation one after the other, so no two requests under way may share one.
 */
export class ConversationPool {
  readonly #free: string[];
  #next = 0;

  constructor(ids: readonly string[]) {
    this.#free = [...ids];
  }

  /** The one that has rested longest. */
  take(): string {
    const id = this.#free[this.#next];
    if (id === undefined) throw new Error("more requests under way than conversations");
    this.#next += 1;
    if (this.#next >= 10_000) {
      this.#free.splice(0, this.#next);
      this.#next = 0;
    }
    return id;
  }

  giveBack(id: string): void {
    this.#free.push(id);
  }
}

const CONNECTIONS = 16;

/** New conversations of a server that speaks chat-v1. @throws Error when one is refused. */
export async function createConversations(port: number, count: number): Promise<string[]> {
  const ids: string[] = [];
  const request = writeRequest("POST", "/v1/chat/conversations", {});
  let started = 0;
  const work = async (): Promise<void> => {
    const connection = new Connection(port);
    while (started < count) {
      started += 1;
      ids.push(await createOne(connection, request));
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, work));
  return ids;
}

async function createOne(connection: Connection, request: string): Promise<string> {
  let status = 0;
  let body = "";
  const reader: ResponseReader = {
    onHead(received) {
      status = received;
    },
    onBody(bytes, start, end) {
      body += bytes.toString("utf8", start, end);
    },
  };
  const problem = await connection.exchange(request, reader);
  if (problem ?? status !== 201) {
    throw new Error(`could not create a conversation: ${problem ?? `${status} ${body}`}`);
  }
  return JSON.parse(body).data.id;
}
