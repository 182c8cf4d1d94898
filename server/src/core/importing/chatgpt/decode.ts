import { titleFrom } from "../../../domain/conversation.ts";
import { createPace, type Pace } from "../../../domain/turns-of-the-loop.ts";
import type { Chat, ChatMessage, LeaveOut } from "../chat.ts";
import { isObject, listOrEmpty, objectOrEmpty, textOrNull, timeOrNull } from "../loose.ts";
import { type BranchMessage, shownBranch } from "./branch.ts";

/** The wire of such conversations, as they say where they began. */
const ORIGIN = "chatgpt";

/** A conversation of a ChatGPT export, the branch that was shown. Null when nothing of it can be taken, which was told to `leaveOut`. @returns a text: why it is no conversation */
export async function decodeChatGpt(
  value: unknown,
  leaveOut: LeaveOut,
  pace: Pace = createPace(),
): Promise<Chat | string | null> {
  if (!isObject(value)) return "it is no object";
  const { mapping, current_node: currentNode } = value;
  if (!isObject(mapping))
    return "it has no 'mapping', which every conversation of a ChatGPT export has";
  const branch = await shownBranch(mapping, currentNode, pace);
  const began =
    timeOrNull(value.create_time) ??
    branch.map(timeOf).find((time) => time !== null) ??
    timeOrNull(value.update_time) ??
    new Date();

  const messages: ChatMessage[] = [];
  for (const entry of branch) {
    const message = decodeMessage(entry, messages.at(-1)?.createdAt ?? began, leaveOut);
    if (message) messages.push(message);
    if (pace.isDue()) await pace.pause();
  }
  const [first, ...others] = messages;
  if (!first) {
    leaveOut("conversation without a message to take");
    return null;
  }
  const opening = messages.find(({ role }) => role === "user") ?? first;
  return {
    origin: ORIGIN,
    sourceId: textOrNull(value.conversation_id) ?? textOrNull(value.id) ?? first.sourceId,
    title: textOrNull(value.title)?.trim() || titleFrom(opening.content),
    isPinned: value.is_starred === true,
    agentId: null,
    mode: null,
    createdAt: began,
    updatedAt: timeOrNull(value.update_time) ?? messages.at(-1)?.createdAt ?? began,
    messages: [first, ...others],
  };
}

const timeOf = ({ message }: BranchMessage): Date | null => timeOrNull(message.create_time);

const UNFINISHED: ReadonlySet<unknown> = new Set(["in_progress", "finished_partial_completion"]);

/** @param before when the message before it was written */
function decodeMessage(
  { nodeId, message }: BranchMessage,
  before: Date,
  leaveOut: LeaveOut,
): ChatMessage | null {
  const { role } = objectOrEmpty(message.author);
  const metadata = objectOrEmpty(message.metadata);
  const recipient = textOrNull(message.recipient) ?? "all";
  if (metadata.is_visually_hidden_from_conversation === true)
    return skip(leaveOut, "message that was hidden");
  if ((role !== "user" && role !== "assistant" && role !== "system") || recipient !== "all")
    return skip(leaveOut, "message to or from a tool");
  const content = textOf(message.content, leaveOut);
  if (!/\S/u.test(content)) return skip(leaveOut, "message without text");
  return {
    sourceId: textOrNull(message.id) ?? nodeId,
    role,
    content,
    model: role === "assistant" ? textOrNull(metadata.model_slug) : null,
    status: role === "assistant" && UNFINISHED.has(message.status) ? "interrupted" : "complete",
    createdAt: timeOrNull(message.create_time) ?? before,
  };
}

function skip(leaveOut: LeaveOut, noun: string): null {
  leaveOut(noun);
  return null;
}

/** What was written, or said and transcribed. */
function textOf(content: unknown, leaveOut: LeaveOut): string {
  const texts: string[] = [];
  for (const part of listOrEmpty(objectOrEmpty(content).parts)) {
    const text = typeof part === "string" ? part : objectOrEmpty(part).text;
    if (typeof text === "string") texts.push(text);
    else if (part !== null) leaveOut("attachment");
  }
  return texts.filter((text) => text !== "").join("\n\n");
}
