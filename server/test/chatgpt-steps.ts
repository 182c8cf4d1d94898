// Giving a ChatGPT export to the command line, and looking at what became of it.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import type { Conversation } from "../src/domain/conversation.ts";
import type { Message } from "../src/domain/message.ts";
import type { WorkFolder } from "./cli-runner.ts";

type Stored = { readonly conversations: (Conversation & { readonly messages: Message[] })[] };

/** Imports that export, as conversations.json. */
export async function importOf(folder: WorkFolder, exported: unknown, ...options: string[]) {
  await writeFile(
    folder.file("conversations.json"),
    typeof exported === "string" ? exported : JSON.stringify(exported),
  );
  const imported = await folder.run(["import", ...options, folder.file("conversations.json")]);
  assert.ok(!/^ +at /m.test(imported.stderr), "no stack is shown");
  return imported;
}

/** What is stored, as an export has it. */
export async function stored(
  folder: WorkFolder,
  ...options: string[]
): Promise<Stored["conversations"]> {
  const { stdout } = await folder.run(["export", ...options]);
  const conversations: Stored["conversations"] = [];
  for (const line of stdout.split("\n").slice(1, -2)) {
    const record = JSON.parse(line) as {
      type: string;
      conversation: Conversation;
      message: Message;
    };
    if (record.type === "conversation")
      conversations.push({ ...record.conversation, messages: [] });
    if (record.type === "message")
      conversations
        .find(({ id }) => id === record.message.conversationId)
        ?.messages.push(record.message);
  }
  return conversations;
}

export const contents = (messages: readonly Message[] = []): string[] =>
  messages.map(({ role, content }) => `${role}: ${content}`);
