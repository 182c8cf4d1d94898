// What a model is told: the instructions, what was said before, and the input.
import { estimateTokens } from "../../core/turns/prompt.ts";
import type { ShowFiles } from "../../core/turns/prompt-files.ts";
import { estimateTexts } from "../../core/turns/token-counts.ts";
import type { PromptMessage, PromptPiece } from "../../core/turns/turn.ts";
import { type Message, partsOf } from "../../domain/message.ts";
import type { Part } from "../../domain/parts.ts";
import type { Owner } from "../../domain/principal.ts";
import { createPace } from "../../domain/turns-of-the-loop.ts";
import { textsOf } from "../openai/usage.ts";
import { contentOf, type Draft } from "./drafts.ts";
import type { InputFile, InputPiece } from "./input-items.ts";
import { IMAGE_LINK } from "./items.ts";

/** What texts of files that were sent before may take. */
const DOCUMENT_SHARE = 0.25;

/** The input, as a model is told it. */
export function promptOfDraft(draft: Draft): PromptMessage {
  const content = contentOf(draft);
  if ("parts" in draft) {
    const isPlain = draft.parts.every(({ type }) => type === "text");
    return isPlain
      ? { role: draft.role, content }
      : { role: draft.role, content, parts: draft.parts };
  }
  const { role, pieces } = draft;
  return pieces.some(({ type }) => type === "file")
    ? { role, content, pieces: pieces.map(promptPiece) }
    : { role, content };
}

const promptPiece = (piece: InputPiece): PromptPiece =>
  piece.type === "file" ? promptFile(piece.file) : piece;

function promptFile(file: InputFile): PromptPiece {
  if (file.kind === "image") return { type: "image", url: file.url, detail: file.detail };
  if (file.url.startsWith("data:")) return { type: "file", name: file.name, data: file.url };
  return { type: "text", text: `[The user attached the file ${file.name ?? ""} ${file.url}]` };
}

/** Messages that are stored, as a model is told them: with their files and their addresses of the web. */
export async function promptOfMessages(
  showFiles: ShowFiles,
  owner: Owner,
  messages: readonly Message[],
  contextTokens: number,
): Promise<PromptMessage[]> {
  const shown = await showFiles(
    owner,
    messages.map(({ role, content, attachments, ...message }) => ({
      role,
      content,
      ...(message.parts && role !== "user" && { parts: message.parts }),
      ...(attachments && { attachments }),
    })),
    Math.floor(contextTokens * DOCUMENT_SHARE),
  );
  return Promise.all(
    shown.map(async ({ images = [], ...message }, index) => {
      const stored = messages[index];
      const links = stored ? linksIn(partsOf(stored)) : [];
      if (links.length === 0) return images.length > 0 ? { ...message, images } : message;
      const pictures = await Promise.all(images.map(asPiece));
      return {
        ...message,
        pieces: [{ type: "text", text: message.content }, ...pictures, ...links],
      };
    }),
  );
}

/** An image with its bytes, to stand beside addresses of the web. */
async function asPiece({
  mediaType,
  open,
}: NonNullable<PromptMessage["images"]>[number]): Promise<PromptPiece> {
  const bytes: Uint8Array[] = [];
  for await (const piece of open()) bytes.push(piece);
  const url = `data:${mediaType};base64,${Buffer.concat(bytes).toString("base64")}`;
  return { type: "image", url, detail: null };
}

const linksIn = (parts: readonly Part[]): PromptPiece[] =>
  parts.flatMap((part): PromptPiece[] =>
    part.type === "citation" && part.url !== null && part.title === IMAGE_LINK
      ? [{ type: "image", url: part.url, detail: null }]
      : [],
  );

/** Whether a message came with an image of the web. */
export const hasLinks = (message: Message): boolean => linksIn(partsOf(message)).length > 0;

/**
 * All that a model is told.
 * @param history what was said before the input
 * @param maxTokens what all may take; null: any amount
 */
export async function joinPrompt(
  instructions: string | null,
  history: readonly PromptMessage[],
  input: readonly PromptMessage[],
  maxTokens: number | null,
): Promise<PromptMessage[]> {
  const first: PromptMessage[] = instructions ? [{ role: "system", content: instructions }] : [];
  const kept =
    maxTokens === null
      ? history
      : await newestOf(history, maxTokens - (await estimateTexts(textsOf([...first, ...input]))));
  return [...first, ...answeredCalls([...kept, ...input])];
}

/** As many of the latest messages as fit. */
async function newestOf(
  messages: readonly PromptMessage[],
  maxTokens: number,
): Promise<readonly PromptMessage[]> {
  const pace = createPace();
  let left = maxTokens;
  let first = messages.length;
  while (first > 0) {
    for (const text of textsOf(messages.slice(first - 1, first))) left -= estimateTokens(text);
    if (pace.isDue()) await pace.pause();
    if (left < 0) break;
    first--;
  }
  return messages.slice(first);
}

/** Without calls that nothing answers and outputs of calls that are not there, which providers refuse. */
function answeredCalls(messages: readonly PromptMessage[]): PromptMessage[] {
  const calls = new Set<string>();
  const answers = new Set<string>();
  for (const part of messages.flatMap(({ parts = [] }) => parts)) {
    if (part.type === "tool_call") calls.add(part.callId);
    if (part.type === "tool_result") answers.add(part.callId);
  }
  const isKept = (part: Part): boolean => {
    if (part.type === "tool_call") return answers.has(part.callId);
    return part.type !== "tool_result" || calls.has(part.callId);
  };
  return messages.flatMap((message) => {
    if (!message.parts) return [message];
    const parts = message.parts.filter(isKept);
    const says = parts.some(({ type }) => type !== "reasoning");
    return says ? [{ ...message, parts }] : [];
  });
}
