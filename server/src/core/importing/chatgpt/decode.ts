import { titleFrom } from "../../../domain/conversation.ts";
import { createPace, type Pace } from "../../../domain/turns-of-the-loop.ts";
import { type Chat, type ChatMessage, type LeaveOut, pathTo } from "../chat.ts";
import {
  isObject,
  type Loose,
  listOrEmpty,
  objectOrEmpty,
  textOrNull,
  timeOrNull,
} from "../loose.ts";
import { type TreeNode, treeOf } from "./tree.ts";

/** The wire of such conversations, as they say where they began. */
const ORIGIN = "chatgpt";

/**
 * A conversation of a ChatGPT export with all of its branches. Null when nothing of it can be taken, which was told to
 * `leaveOut`. @returns a text: why it is no conversation
 */
export async function decodeChatGpt(
  value: unknown,
  leaveOut: LeaveOut,
  pace: Pace = createPace(),
): Promise<Chat | string | null> {
  if (!isObject(value)) return "it is no object";
  const { mapping, current_node: currentNode } = value;
  if (!isObject(mapping))
    return "it has no 'mapping', which every conversation of a ChatGPT export has";
  const tree = await treeOf(mapping, currentNode, pace);
  const began =
    timeOrNull(value.create_time) ??
    tree.nodes.map(timeOf).find((time) => time !== null) ??
    timeOrNull(value.update_time) ??
    new Date();

  const messages: ChatMessage[] = [];
  /** For each node the last message on the way to it, itself included. */
  const reached: (number | null)[] = [];
  for (const node of tree.nodes) {
    const above = node.parent === null ? null : (reached[node.parent] ?? null);
    const before = above === null ? began : (messages[above]?.createdAt ?? began);
    const message = node.message && decodeMessage(node.nodeId, node.message, before, leaveOut);
    reached.push(message ? messages.push({ ...message, parent: above }) - 1 : above);
    if (pace.isDue()) await pace.pause();
  }
  const [first, ...others] = messages;
  if (!first) {
    leaveOut("conversation without a message to take");
    return null;
  }
  const shown = (tree.shown === null ? null : reached[tree.shown]) ?? deepestOf(messages);
  const path = wayTo(messages, shown);
  const opening = path.find(({ role }) => role === "user") ?? path[0] ?? first;
  return {
    origin: ORIGIN,
    sourceId: textOrNull(value.conversation_id) ?? textOrNull(value.id) ?? first.sourceId,
    title: textOrNull(value.title)?.trim() || titleFrom(opening.content),
    isPinned: value.is_starred === true,
    agentId: null,
    mode: null,
    createdAt: began,
    updatedAt: timeOrNull(value.update_time) ?? path.at(-1)?.createdAt ?? began,
    messages: [first, ...others],
    shown,
  };
}

const timeOf = ({ message }: TreeNode): Date | null => timeOrNull(message?.create_time);

/** The index of the message with the longest way to it. */
function deepestOf(messages: readonly ChatMessage[]): number {
  const depths: number[] = [];
  let deepest = 0;
  for (const [index, { parent }] of messages.entries()) {
    const depth = parent === null ? 0 : (depths[parent] ?? 0) + 1;
    depths.push(depth);
    if (depth > (depths[deepest] ?? 0)) deepest = index;
  }
  return deepest;
}

const wayTo = (messages: readonly ChatMessage[], last: number): ChatMessage[] =>
  pathTo(messages, last).flatMap((index) => messages[index] ?? []);

const UNFINISHED: ReadonlySet<unknown> = new Set(["in_progress", "finished_partial_completion"]);

/** @param before when the message before it was written */
function decodeMessage(
  nodeId: string,
  message: Loose,
  before: Date,
  leaveOut: LeaveOut,
): Omit<ChatMessage, "parent"> | null {
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
