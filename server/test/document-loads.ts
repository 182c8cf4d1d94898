// Clients of wire 004 in the crash and fault loads: files, replies of parts to messages with files, and versions of both.
import { randomBytes } from "node:crypto";
import { type CrashClient, newMarker as newCrashMarker, postOnce, USER } from "./crash-client.ts";
import { type Documents, digest } from "./documents.ts";
import {
  acknowledge,
  checkAnswer,
  documentMessageOf,
  type FaultClient,
  newMarker,
  post,
} from "./fault-client.ts";

const NAME = "chat-v1 documents";
const MAX_FILE_BYTES = 8_000;
const TOOL = { type: "function", function: { name: "look" } };
const PREFIX = "/v1/chat";

type Said = { readonly id: string; readonly content: string };
type Talk = {
  readonly documents: Documents;
  readonly userId: string;
  /** The data of an answer; null: it was not acknowledged. */
  // biome-ignore lint/suspicious/noExplicitAny: wire 004 knows the shape of its answers
  send(path: string, body: object | Uint8Array): Promise<any>;
  /** The next message, and what is to be done once it was acknowledged with its answer. */
  next(): { readonly content: string; acknowledged(answer: Said): void };
};

/** A file, a question that is sent with it, a version of that, and another answer. */
async function talk({ documents, userId, send, next }: Talk): Promise<void> {
  const content = Buffer.from(
    randomBytes(1 + Math.floor((Math.random() * MAX_FILE_BYTES) / 2)).toString("hex"),
  );
  const [file, conversation] = await Promise.all([
    send("/files", content),
    send("/conversations", {}),
  ]);
  if (file) documents.files.set(file.id, { userId, sha256: digest(content) });
  if (!file || !conversation) return;
  const ask = async (asked: object): Promise<readonly Said[] | null> => {
    const path = `/conversations/${conversation.id}/messages`;
    const messages = await send(path, { parts: true, tools: [TOOL], ...asked });
    if (messages) documents.turns.push({ userId, conversationId: conversation.id, messages });
    return messages;
  };
  const say = async (place: object): Promise<string | null> => {
    const { content, acknowledged } = next();
    const messages = await ask({ content, attachments: [file.id], ...place });
    const [question, answer] = messages ?? [];
    if (!question || !answer) return null;
    acknowledged(answer);
    return question.id;
  };
  const question = await say({});
  if (question === null) return;
  await Promise.all([say({ branch_from: question }), ask({ answer_again: question })]);
}

const typeOf = (body: object): Record<string, string> =>
  body instanceof Uint8Array ? { "content-type": "text/plain" } : {};

const crash: CrashClient = async (url, acknowledge, signal, documents) => {
  const headers = { authorization: "Bearer anything", "x-user-id": USER };
  await talk({
    documents,
    userId: USER,
    async send(path, body) {
      const response = await postOnce(url, `${PREFIX}${path}`, body, signal, {
        ...headers,
        ...typeOf(body),
      });
      return response.status === 201 ? ((await response.json()) as { data: unknown }).data : null;
    },
    next() {
      const marker = newCrashMarker();
      return {
        content: `${marker} {{reply tokens=30 gapMs=${Math.random() < 0.5 ? 2 : 0} mixed}}`,
        acknowledged: () => acknowledge(marker, NAME),
      };
    },
  });
};

const fault: FaultClient = async (load, userId) => {
  const headers = { authorization: "Bearer local", "x-user-id": userId };
  await talk({
    documents: load.notes.documents,
    userId,
    async send(path, body) {
      const given = { ...headers, ...typeOf(body) };
      return (await post(load, NAME, `${PREFIX}${path}`, body, given))?.data ?? null;
    },
    next() {
      const marker = newMarker("d");
      return {
        content: documentMessageOf(marker),
        acknowledged({ content }) {
          acknowledge(load, NAME, userId, marker);
          checkAnswer(load, NAME, marker, content);
        },
      };
    },
  });
};

export const DOCUMENT_LOADS = {
  crash: { [NAME]: crash },
  fault: { [NAME]: fault },
};
