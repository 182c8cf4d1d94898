import { AppError } from "../../domain/errors.ts";
import { type Attachment, modelUseOf } from "../../domain/file.ts";
import type { Owner } from "../../domain/principal.ts";
import type { PromptImage, PromptMessage } from "../../ports/model.ts";
import type { Files } from "../files.ts";
import { type ChosenMessage, estimateTokens } from "./prompt.ts";

/**
 * Puts the files of messages into what a model is told: images to look at, texts to read, and of everything else
 * the name. Those of the latest message come first where there is not room for all.
 * @param documentTokens what all texts may take together
 */
export type ShowFiles = (
  owner: Owner,
  messages: readonly ChosenMessage[],
  documentTokens: number,
) => Promise<PromptMessage[]>;

/** Of one request. */
const MAX_IMAGES = 20;
const MAX_IMAGE_BYTES = 40 * 1024 * 1024;
const MAX_CHARACTERS_A_TOKEN = 4;

/** What is left for the files of the messages before. */
type Room = { images: number; imageBytes: number; documentTokens: number };

export function createShowFiles(files: Pick<Files, "get" | "open">): ShowFiles {
  async function* bytesOf(owner: Owner, id: string): AsyncGenerator<Uint8Array> {
    yield* await files.open(owner, id, null);
  }

  const isThere = async (owner: Owner, { id, isDeleted }: Attachment): Promise<boolean> => {
    if (isDeleted) return false;
    try {
      return (await files.get(owner, id)).state === "ready";
    } catch (error) {
      if (error instanceof AppError && error.code === "not_found") return false;
      throw error;
    }
  };

  async function pieceOf(
    owner: Owner,
    attachment: Attachment,
    room: Room,
  ): Promise<string | PromptImage> {
    const { id, mediaType, bytes } = attachment;
    const note = (says: string): string =>
      `[The user attached the file ${nameIn(attachment)} (${mediaType}, ${bytes} bytes). ${says}]`;
    if (!(await isThere(owner, attachment))) return note("It is not there any more.");
    const use = modelUseOf(attachment);
    if (use === null) return note("Its content cannot be given to you: say so where it matters.");
    if (use === "text") return textOf(attachment, bytesOf(owner, id), room, note);
    if (room.images === 0 || room.imageBytes < bytes)
      return note("There is no room to show it to you again: say so where it matters.");
    room.images--;
    room.imageBytes -= bytes;
    return { mediaType, bytes, open: () => bytesOf(owner, id) };
  }

  return async (owner, messages, documentTokens) => {
    const room: Room = { images: MAX_IMAGES, imageBytes: MAX_IMAGE_BYTES, documentTokens };
    const shown: PromptMessage[] = [];
    for (const chosen of messages.toReversed()) {
      const { role, content, attachments = [] } = chosen;
      if (attachments.length === 0) {
        shown.push(chosen);
        continue;
      }
      const texts = [content];
      const images: PromptImage[] = [];
      for (const attachment of attachments) {
        const piece = await pieceOf(owner, attachment, room);
        if (typeof piece === "string") texts.push(piece);
        else images.push(piece);
      }
      const message = { role, content: texts.join("\n\n") };
      shown.push(images.length > 0 ? { ...message, images } : message);
    }
    return shown.reverse();
  };
}

async function textOf(
  attachment: Attachment,
  content: AsyncIterable<Uint8Array>,
  room: Room,
  note: (says: string) => string,
): Promise<string> {
  const read = await beginningOf(content, room.documentTokens * MAX_CHARACTERS_A_TOKEN);
  let { text } = read;
  const tokens = estimateTokens(text);
  if (tokens > room.documentTokens)
    text = text.slice(0, Math.floor((text.length * room.documentTokens) / tokens));
  const isWhole = read.isWhole && tokens <= room.documentTokens;
  room.documentTokens = Math.max(0, room.documentTokens - tokens);
  if (text === "") return note("There is no room to give it to you: say so where it matters.");
  let longest = 2;
  for (const [run] of text.matchAll(/`+/g)) longest = Math.max(longest, run.length);
  const fence = "`".repeat(longest + 1);
  const end = isWhole ? "" : "\n[This is only the beginning of the file: the rest has no room.]";
  return `File ${nameIn(attachment)}:\n${fence}\n${text}\n${fence}${end}`;
}

/** As many characters, and whether that is all. */
async function beginningOf(
  content: AsyncIterable<Uint8Array>,
  maxCharacters: number,
): Promise<{ readonly text: string; readonly isWhole: boolean }> {
  const decoder = new TextDecoder();
  const texts: string[] = [];
  let characters = 0;
  for await (const piece of content) {
    const text = decoder.decode(piece, { stream: true });
    texts.push(text);
    characters += text.length;
    if (characters > maxCharacters)
      return { text: texts.join("").slice(0, maxCharacters), isWhole: false };
  }
  return { text: texts.join(""), isWhole: true };
}

/** On one line, and without what could end a fence. */
const nameIn = ({ name }: Attachment): string => JSON.stringify(name.replaceAll("`", "'"));
