// Completions that are kept because their request said `store: true`: what is read of their turns, and what is said of them.
import type { WatchedTurn } from "../../core/turns/turn.ts";
import { AppError } from "../../domain/errors.ts";
import type { JsonObject, JsonValue } from "../../domain/json.ts";
import { type Message, partsOf } from "../../domain/message.ts";
import { CUSTOM_TOOLS, type Part } from "../../domain/parts.ts";
import type { Owner } from "../../domain/principal.ts";
import { isDeletedRecord } from "../openai/deleted.ts";
import { idOf, uuidIn } from "../openai/ids.ts";
import type { Metadata } from "../openai/metadata.ts";
import { textsIn } from "../openai/usage.ts";
import { callBody, collectAnswers, type Said } from "./answer.ts";
import type { CompletionsParts } from "./parts.ts";
import { usageBody } from "./usage.ts";

/** The list that the turns of stored completions are in. */
export const STORED = "completions";

/** What is kept with a completion. */
export type CompletionRecord = {
  /** The model that was asked. */
  readonly model: string;
  readonly metadata: Metadata;
  /** Whether its conversation is one that no client is told of. */
  readonly isHidden: boolean;
};

/** As it is written; other wires read `isHidden` and `isDeleted`. */
export const storedRecord = ({ isHidden, ...completion }: CompletionRecord): JsonObject => ({
  completion,
  ...(isHidden && { isHidden }),
});

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Null: the turn is no stored completion, or none any more. */
export function recordOf(record: JsonObject | null): CompletionRecord | null {
  const kept = record?.completion;
  if (!isObject(kept) || isDeletedRecord(record)) return null;
  return {
    model: typeof kept.model === "string" ? kept.model : "",
    metadata: isObject(kept.metadata) ? (kept.metadata as Metadata) : {},
    isHidden: record?.isHidden === true,
  };
}

/** A stored completion that has ended. */
export type StoredCompletion = {
  readonly turn: WatchedTurn;
  readonly reply: Message;
  readonly record: CompletionRecord;
};

/** @throws AppError not_found, also of one that is still being made */
export async function storedCompletion(
  { turns }: Pick<CompletionsParts, "turns">,
  owner: Owner,
  id: string,
): Promise<StoredCompletion> {
  const replyId = uuidIn("chatcmpl-", id);
  const turn = replyId === null ? null : await turns.turnOf(owner, replyId);
  const record = turn && recordOf(turn.record);
  if (!record || !turn.stored)
    throw new AppError(
      "not_found",
      `No completion with id '${id.slice(0, 100)}' is stored. A completion is stored, once it has ended, if its request says store: true`,
      { resource: "reply" },
    );
  return { turn, reply: turn.stored.reply, record };
}

/** All messages that the model was told, oldest first. @throws AppError not_found */
export async function messagesBefore(
  { conversations }: Pick<CompletionsParts, "conversations">,
  owner: Owner,
  { turn }: Pick<StoredCompletion, "turn">,
): Promise<readonly Message[]> {
  const page = { everyRole: true, branch: turn.branch };
  const all = await conversations.messages(owner, turn.conversationId, page);
  const end = all.findIndex(({ id }) => id === turn.replyId);
  return end < 0 ? turn.input : all.slice(0, end);
}

const saidIn = (part: Part): Said | null => {
  if (part.type === "text" || part.type === "refusal" || part.type === "reasoning")
    return { type: part.type, text: part.text };
  if (part.type !== "tool_call") return null;
  const { callId, name, source, arguments: text } = part;
  const custom = source === CUSTOM_TOOLS ? { isCustom: true as const } : {};
  return { type: "tool_call", callId, name, text, ...custom };
};

/** The completion as it was answered, with its metadata. @param told what the model was told, for an estimate */
export async function storedBody(
  reply: Message,
  { metadata, model }: CompletionRecord,
  told: readonly Message[],
) {
  const answers = collectAnswers(1);
  for (const part of partsOf(reply)) {
    const said = saidIn(part);
    if (said) answers.add(said);
  }
  const reason = reply.finishReason ?? "stop";
  const finishes = [{ reason, word: reason }];
  const choices = answers.choices({ model, usage: null, finishes, error: null }, false);
  // What was cut off before its end says so by having no reason to have ended.
  const isWhole = reply.status === "complete";
  return {
    id: idOf("chatcmpl-", reply.id),
    object: "chat.completion",
    created: Math.floor(reply.createdAt.getTime() / 1000),
    model: reply.model || model,
    choices: isWhole ? choices : choices.map((choice) => ({ ...choice, finish_reason: null })),
    usage: await usageBody(reply.usage, textsIn(told), answers.text()),
    service_tier: "default",
    system_fingerprint: null,
    metadata,
  };
}

type MessageBody = Readonly<Record<string, unknown>> & { readonly id: string };

/** What was told of one stored message; the outputs of several tools are several. */
export function messageBodies(message: Message): readonly MessageBody[] {
  const id = idOf("msg_", message.id);
  const parts = partsOf(message);
  const results = parts.flatMap((part) => (part.type === "tool_result" ? [part] : []));
  if (results.length > 0)
    return results.map(({ callId, text }, index) => ({
      ...plainBody(index === 0 ? id : `${id}_${index}`, "tool", text),
      tool_call_id: callId,
    }));
  const calls = parts.flatMap((part) => (part.type === "tool_call" ? [part] : []));
  const refusal = parts.map((part) => (part.type === "refusal" ? part.text : "")).join("");
  const words = parts.map((part) => (part.type === "text" ? part.text : "")).join("");
  const hasNoWords = words === "" && (calls.length > 0 || refusal !== "");
  return [
    {
      ...plainBody(id, message.role, hasNoWords ? null : words),
      ...(refusal !== "" && { refusal }),
      ...(calls.length > 0 && {
        tool_calls: calls.map(({ callId, name, source, arguments: given }) =>
          callBody({ id: callId, name, isCustom: source === CUSTOM_TOOLS, given }),
        ),
      }),
      content_parts: filesOf(message, words),
    },
  ];
}

const plainBody = (id: string, role: string, content: string | null) => ({
  id,
  role,
  content,
  name: null,
  content_parts: null,
});

/** The words with the files that came with them, which are named by their ids; null where there are none. */
const filesOf = ({ attachments }: Message, words: string): readonly object[] | null =>
  attachments
    ? [
        { type: "text", text: words },
        ...attachments.map(({ id, name }) => ({
          type: "file",
          file: { file_id: id, filename: name },
        })),
      ]
    : null;
