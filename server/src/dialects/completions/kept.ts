import {
  comparedMessage,
  comparedPrompt,
  isOfConversation,
  overlayOf,
} from "../../core/turns/overlay.ts";
import type {
  AskedEvent,
  AskedOutcome,
  InputMessage,
  PartsEvent,
  PromptMessage,
  PromptPiece,
  StartTurn,
  Turn,
  TurnPlace,
} from "../../core/turns/turn.ts";
import type { Conversation } from "../../domain/conversation.ts";
import { AppError } from "../../domain/errors.ts";
import type { Attachment } from "../../domain/file.ts";
import { CUSTOM_TOOLS, type Part } from "../../domain/parts.ts";
import type { Owner, Principal } from "../../domain/principal.ts";
import { failureOf, interruptionError } from "../../domain/turn.ts";
import { mapInPieces } from "../../domain/turns-of-the-loop.ts";
import { uuidIn } from "../openai/ids.ts";
import { type CompletionsParts, ORIGIN } from "./parts.ts";
import type { CompletionRequest } from "./request.ts";

type KeepingParts = Pick<CompletionsParts, "conversations" | "files">;

/** Where a request is kept, and what of it is new there. */
type Place = Pick<StartTurn, "target"> & { readonly added: readonly PromptMessage[] };

/**
 * The turn that keeps a request in the conversation of that name. The model is told exactly what was sent.
 * @throws AppError not_found, invalid_request
 */
export async function keptTurn(
  parts: KeepingParts,
  principal: Principal,
  { ask, agent }: CompletionRequest,
  name: string,
  idempotency: StartTurn["idempotency"],
): Promise<StartTurn> {
  const sent = ask.messages.filter(isOfConversation);
  const { target, added } = await placeOf(parts, principal, name, sent, agent?.id ?? null);
  const input: InputMessage[] = [];
  for (const message of added) input.push(await inputOf(parts, principal, message));
  return {
    target,
    content: "",
    input,
    prompt: ask.messages,
    model: ask.model,
    temperature: ask.temperature,
    ...(ask.settings && { settings: ask.settings }),
    origin: ORIGIN,
    leavesNoFailure: true,
    idempotency,
  };
}

async function placeOf(
  { conversations }: Pick<KeepingParts, "conversations">,
  owner: Owner,
  name: string,
  sent: readonly PromptMessage[],
  agentId: string | null,
): Promise<Place> {
  const uuid = uuidIn("conv_", name);
  const known = uuid
    ? await conversations.get(owner, uuid)
    : await conversations.findByAlias(owner, name);
  if (!known) {
    const conversation = conversations.draft(ORIGIN, { alias: name, agentId });
    return { target: { kind: "alias", conversation }, added: sent };
  }
  const { place, added } = await placeIn({ conversations }, owner, known, sent);
  const target = { kind: "existing" as const, conversationId: known.id };
  return { target: place ? { ...target, place } : target, added };
}

/** What is new of the messages that were sent, and where it goes; without a place at the end. */
async function placeIn(
  { conversations }: Pick<KeepingParts, "conversations">,
  owner: Owner,
  { id }: Conversation,
  sent: readonly PromptMessage[],
): Promise<{ readonly place: TurnPlace | null; readonly added: readonly PromptMessage[] }> {
  const path = await conversations.messages(owner, id, { everyRole: true });
  const stored = path.filter(isOfConversation);
  const overlay = overlayOf(
    await mapInPieces(stored, comparedMessage),
    await mapInPieces(sent, comparedPrompt),
  );
  const added = sent.slice(overlay.sent);
  const last = stored[overlay.stored - 1];
  if (last) return { place: { kind: "after", messageId: last.id }, added };
  const [first] = stored;
  if (first?.role !== "user") return { place: null, added };
  return { place: { kind: "version", questionId: first.id }, added };
}

async function inputOf(
  parts: KeepingParts,
  principal: Principal,
  { role, content, parts: known, pieces }: PromptMessage,
): Promise<InputMessage> {
  if (known) return { role, content, parts: known };
  if (!pieces) return { role, content };
  if (role === "assistant")
    return { role, content, parts: pieces.flatMap((piece) => partOf(piece) ?? []) };
  const attachments = await attachmentsOf(parts, principal, pieces);
  return { role, content, ...(attachments.length > 0 && { attachments }) };
}

const partOf = (piece: PromptPiece): Part | null =>
  piece.type === "text" || piece.type === "refusal" ? { type: piece.type, text: piece.text } : null;

const DATA_URL = /^data:([\w.+-]+\/[\w.+-]+);base64,/i;

/**
 * The pictures and files that came with a message, as files of its user. One that cannot be kept (an address, a kind that
 * is not taken, a full quota) was shown to the model all the same, and is left out.
 */
async function attachmentsOf(
  { files }: Pick<KeepingParts, "files">,
  principal: Principal,
  pieces: readonly PromptPiece[],
): Promise<readonly Attachment[]> {
  if (!files.isOpen) return [];
  const ids: string[] = [];
  for (const piece of pieces) {
    if (piece.type !== "image" && piece.type !== "file") continue;
    const data = piece.type === "image" ? piece.url : piece.data;
    const [head = "", mediaType = ""] = DATA_URL.exec(data.slice(0, 200)) ?? [];
    if (head === "") continue;
    const name = (piece.type === "file" && piece.name) || `file.${mediaType.split("/")[1]}`;
    const content = decoded(data, head.length);
    try {
      ids.push((await files.upload(principal, { name, mediaType, content, idempotency: null })).id);
    } catch (error) {
      if (error instanceof AppError && error.code !== "unavailable" && error.code !== "internal")
        continue;
      throw error;
    }
  }
  return ids.length > 0 ? files.attachments(principal, ids) : [];
}

/** A multiple of 4, since four characters of base64 are three bytes. */
const DECODED_CHARACTERS = 256 * 1024;

async function* decoded(base64: string, start: number): AsyncGenerator<Uint8Array> {
  for (let from = start; from < base64.length; from += DECODED_CHARACTERS)
    yield Buffer.from(base64.slice(from, from + DECODED_CHARACTERS), "base64");
}

/** The reply of a turn as that of a model that is asked once. */
export async function* asAnswer(
  turn: Pick<Turn, "followParts">,
  signal: AbortSignal,
): AsyncGenerator<AskedEvent> {
  for await (const event of turn.followParts(0, signal)) {
    const told = eventOf(event);
    if (told) yield told;
  }
}

function eventOf(event: PartsEvent): AskedEvent | null {
  if (event.type === "open") {
    if (event.part.type !== "tool_call") return null;
    const { callId, name, source } = event.part;
    const custom = source === CUSTOM_TOOLS ? { isCustom: true as const } : {};
    return { type: "tool_call", callId, name, text: "", ...custom };
  }
  if (event.type === "grow") {
    const { of, text } = event;
    if (of === "text" || of === "reasoning" || of === "refusal") return { type: of, text };
    return of === "tool_call" ? { type: "arguments", text } : null;
  }
  return { type: "ended", outcome: outcomeOf(event) };
}

function outcomeOf(ending: Extract<PartsEvent, { readonly reply: unknown }>): AskedOutcome {
  const { model, usage, finishReason, interruptedBy, content } = ending.reply;
  const told = { model: model ?? "", usage };
  if (ending.type === "completed") {
    const reason = finishReason ?? "stop";
    return { ...told, finishes: [{ reason, word: reason }], error: null };
  }
  const error =
    ending.type === "failed"
      ? failureOf(ending.error, content)
      : interruptionError(interruptedBy ?? "stopped", content);
  return { ...told, finishes: [], error };
}
