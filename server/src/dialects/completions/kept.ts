import { isOfConversation } from "../../core/turns/overlay.ts";
import type {
  AskedEvent,
  AskedOutcome,
  InputMessage,
  PartsEvent,
  PromptMessage,
  PromptPiece,
  StartTurn,
  Turn,
  TurnTarget,
} from "../../core/turns/turn.ts";
import { CUSTOM_TOOLS, type Part } from "../../domain/parts.ts";
import type { Principal } from "../../domain/principal.ts";
import { pulled } from "../../domain/sink.ts";
import { failureOf, interruptionError } from "../../domain/turn.ts";
import { keepWhatCanBe, type SentFile } from "../openai/kept-files.ts";
import { keptPlace } from "../openai/kept-place.ts";
import { type CompletionsParts, ORIGIN } from "./parts.ts";
import type { CompletionRequest } from "./request.ts";
import { STORED, storedRecord } from "./stored.ts";

type KeepingParts = Pick<CompletionsParts, "conversations" | "files" | "models">;

/**
 * The turn that keeps a request: in the conversation that it names, or in one of its own that no client is told of. The
 * model is told exactly what was sent.
 * @throws AppError not_found, invalid_request
 */
export async function keptTurn(
  parts: KeepingParts,
  principal: Principal,
  asked: CompletionRequest,
  idempotency: StartTurn["idempotency"],
): Promise<StartTurn> {
  const { ask, agent, conversation: name, isStored, metadata } = asked;
  const begin = { origin: ORIGIN, agentId: agent?.id ?? null };
  const sent = name === null ? asked.messages : ask.messages.filter(isOfConversation);
  const { target, known } =
    name === null
      ? { target: ownPlace(parts, agent?.id ?? null), known: 0 }
      : await keptPlace(parts.conversations, principal, name, sent, begin);
  const input: InputMessage[] = [];
  for (const message of sent.slice(known)) input.push(await inputOf(parts, principal, message));
  const model = parts.models.nameOf(ask.model);
  return {
    target,
    content: "",
    input,
    ...(isStored && {
      list: STORED,
      record: storedRecord({ model, metadata, isHidden: name === null }),
    }),
    prompt: ask.messages,
    model: ask.model,
    temperature: ask.temperature,
    ...(ask.settings && { settings: ask.settings }),
    origin: ORIGIN,
    leavesNoFailure: true,
    idempotency,
  };
}

const ownPlace = (
  { conversations }: Pick<KeepingParts, "conversations">,
  agentId: string | null,
): TurnTarget => ({
  kind: "new",
  conversation: conversations.draft(ORIGIN, { isHidden: true, agentId }),
});

async function inputOf(
  parts: KeepingParts,
  principal: Principal,
  { role, content, parts: known, pieces }: PromptMessage,
): Promise<InputMessage> {
  if (known) return { role, content, parts: known };
  if (!pieces) return { role, content };
  if (role === "assistant")
    return { role, content, parts: pieces.flatMap((piece) => partOf(piece) ?? []) };
  const sent = pieces.flatMap((piece) => fileOf(piece) ?? []);
  const attachments = await keepWhatCanBe(parts.files, principal, sent);
  return { role, content, ...(attachments.length > 0 && { attachments }) };
}

const partOf = (piece: PromptPiece): Part | null =>
  piece.type === "text" || piece.type === "refusal" ? { type: piece.type, text: piece.text } : null;

const fileOf = (piece: PromptPiece): SentFile | null => {
  if (piece.type === "image") return { kind: "image", name: null, url: piece.url };
  return piece.type === "file" ? { kind: "file", name: piece.name, url: piece.data } : null;
};

/** The reply of a turn as that of a model that is asked once. */
export async function* asAnswer(
  turn: Pick<Turn, "watchParts">,
  signal: AbortSignal,
): AsyncGenerator<AskedEvent> {
  for await (const event of pulled<PartsEvent>((sink) => turn.watchParts(0, sink), signal)) {
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
