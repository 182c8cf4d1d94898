import type { Files } from "../../core/files.ts";
import { AppError } from "../../domain/errors.ts";
import { type Attachment, modelUseOf } from "../../domain/file.ts";
import { type Message, partsOf } from "../../domain/message.ts";
import type { Owner } from "../../domain/principal.ts";
import { idOf } from "../openai/ids.ts";
import type { Content, Item } from "./items.ts";

/** The messages of a conversation that a session goes on with: the latest of them, as far as a model can take them. */
const MAX_MESSAGES = 200;

/** Of the pictures in them, those of the latest messages first: a session holds what it tells its model. */
const MAX_PICTURE_BYTES = 12 * 1024 * 1024;

/** Stored messages as items, with their pictures. @throws AppError unavailable */
export async function contextOf(
  files: Pick<Files, "open">,
  owner: Owner,
  messages: readonly Message[],
): Promise<Item[]> {
  const latest = messages.filter(({ status }) => status !== "streaming").slice(-MAX_MESSAGES);
  const pictures = new Map<string, readonly Content[]>();
  let room = MAX_PICTURE_BYTES;
  for (const { id, attachments = [] } of latest.toReversed()) {
    const shown: Content[] = [];
    for (const attachment of attachments) {
      if (modelUseOf(attachment) !== "image" || attachment.bytes > room) continue;
      const picture = await pictureOf(files, owner, attachment);
      if (picture === null) continue;
      room -= attachment.bytes;
      shown.push(picture);
    }
    if (shown.length > 0) pictures.set(id, shown);
  }
  return latest.flatMap((message) => itemsOf(message, pictures.get(message.id) ?? []));
}

/** Null where its owner has deleted it. */
async function pictureOf(
  files: Pick<Files, "open">,
  owner: Owner,
  { id, mediaType }: Attachment,
): Promise<Content | null> {
  const pieces: Uint8Array[] = [];
  try {
    for await (const piece of await files.open(owner, id, null)) pieces.push(piece);
  } catch (error) {
    if (error instanceof AppError && error.code !== "unavailable" && error.code !== "internal")
      return null;
    throw error;
  }
  const url = `data:${mediaType};base64,${Buffer.concat(pieces).toString("base64")}`;
  return { type: "input_image", url, detail: null };
}

function itemsOf(message: Message, pictures: readonly Content[]): Item[] {
  const { role, content, status } = message;
  const id = idOf("item_", message.id);
  if (role === "system") return [];
  const words: Content[] = content
    ? [{ type: role === "assistant" ? "output_text" : "input_text", text: content }]
    : [];
  const said: Item[] =
    content || pictures.length > 0
      ? [
          {
            id,
            type: "message",
            role: role === "assistant" ? "assistant" : "user",
            status: status === "complete" ? "completed" : "incomplete",
            content: [...words, ...pictures],
          },
        ]
      : [];
  const calls = partsOf(message).flatMap((part, index): Item[] => {
    if (part.type === "tool_call")
      return [
        {
          id: `${id}_${index}`,
          type: "function_call",
          status: "completed",
          callId: part.callId,
          name: part.name,
          arguments: part.arguments,
        },
      ];
    if (part.type === "tool_result")
      return [
        {
          id: `${id}_${index}`,
          type: "function_call_output",
          status: "completed",
          callId: part.callId,
          output: part.text,
        },
      ];
    return [];
  });
  return [...said, ...calls];
}
