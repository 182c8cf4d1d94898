import type { Client, Conversation, Message } from "@colloquy/client";
import i18next from "i18next";
import { dateLocale } from "../i18n/index.ts";
import { download } from "../ui/download.ts";

export type ExportFormat = "markdown" | "json";

const FORBIDDEN_IN_NAMES = /[\\/:*?"<>|\p{Cc}\s]+/gu;
const MAX_NAME_CHARACTERS = 80;

/** Downloads a conversation with all its messages. */
export async function exportConversation(
  client: Client,
  conversation: Conversation,
  format: ExportFormat,
): Promise<void> {
  const messages = await client.messages.list(conversation.id);
  const name =
    conversation.title.replace(FORBIDDEN_IN_NAMES, " ").trim().slice(0, MAX_NAME_CHARACTERS) ||
    conversation.id;
  if (format === "json")
    download(`${name}.json`, "application/json", asJson(conversation, messages));
  else download(`${name}.md`, "text/markdown", asMarkdown(conversation, messages));
}

/** As wire 004 gives them: import takes it back as it stands. */
const asJson = (conversation: Conversation, messages: readonly Message[]): string =>
  `${JSON.stringify({ ...conversation, messages }, null, 2)}\n`;

function asMarkdown(conversation: Conversation, messages: readonly Message[]): string {
  const time = (iso: string) =>
    new Date(iso).toLocaleString(dateLocale(), { dateStyle: "medium", timeStyle: "short" });
  const who = { user: "export.you", assistant: "export.reply", system: "export.system" } as const;
  const parts = messages.map(({ role, model, created_at, content }) => {
    const by = [i18next.t(who[role]), model, time(created_at)].filter(Boolean).join(" · ");
    return `## ${by}\n\n${content}\n`;
  });
  return [`# ${conversation.title}\n`, ...parts].join("\n");
}
