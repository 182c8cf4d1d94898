// An input as messages to store. Bytes that came with it become files, addresses of the web stay addresses.
import type { Files } from "../../core/files.ts";
import type { InputMessage } from "../../core/turns/turn.ts";
import { AppError } from "../../domain/errors.ts";
import { type Attachment, attachmentOf, MAX_FILES_A_MESSAGE } from "../../domain/file.ts";
import { append, type Part } from "../../domain/parts.ts";
import type { Principal } from "../../domain/principal.ts";
import { contentOf, type Draft } from "./drafts.ts";
import type { InputFile } from "./input-items.ts";
import { IMAGE_LINK } from "./items.ts";

/** @throws AppError those of Files.upload */
export async function inputMessages(
  files: Pick<Files, "upload">,
  principal: Principal,
  drafts: readonly Draft[],
): Promise<InputMessage[]> {
  const messages: InputMessage[] = [];
  // One after the other: what they hold is large.
  for (const draft of drafts) messages.push(await inputMessage(files, principal, draft));
  return messages;
}

async function inputMessage(
  files: Pick<Files, "upload">,
  principal: Principal,
  draft: Draft,
): Promise<InputMessage> {
  const content = contentOf(draft);
  if ("parts" in draft) {
    const isPlain = draft.parts.length === 1 && draft.parts[0]?.type === "text";
    return { role: draft.role, content, ...(!isPlain && { parts: draft.parts }) };
  }
  const sent = draft.pieces.flatMap((piece) => (piece.type === "file" ? [piece.file] : []));
  if (sent.length > MAX_FILES_A_MESSAGE)
    throw new AppError(
      "invalid_request",
      `A message may have at most ${MAX_FILES_A_MESSAGE} images and files`,
      { field: "input" },
    );
  const links = sent.filter(({ url }) => !isData(url));
  const attachments: Attachment[] = [];
  for (const file of sent)
    if (isData(file.url)) attachments.push(await upload(files, principal, file));
  const words: Part[] = content === "" ? [] : [{ type: "text", text: content }];
  const parts = links.reduce((before, link) => append(before, linkPart(link)), words);
  return {
    role: draft.role,
    content,
    ...(links.length > 0 && { parts }),
    ...(attachments.length > 0 && { attachments }),
  };
}

const isData = (url: string): boolean => url.slice(0, 5).toLowerCase() === "data:";

const linkPart = (file: InputFile): Part => ({
  type: "citation",
  title: file.kind === "image" ? IMAGE_LINK : (file.name ?? "file"),
  url: file.url,
  fileId: null,
  quote: "",
  from: 0,
  to: 0,
});

const EXTENSIONS: Readonly<Record<string, string>> = {
  "image/png": "png",
  "image/jpeg": "jpg",
  "image/gif": "gif",
  "image/webp": "webp",
  "application/pdf": "pdf",
  "text/plain": "txt",
};
const UNKNOWN_TYPE = "application/octet-stream";
/** Of base64, whose groups have 4 characters. */
const PIECE_CHARACTERS = 256 * 1024;

async function upload(
  files: Pick<Files, "upload">,
  principal: Principal,
  file: InputFile,
): Promise<Attachment> {
  const comma = file.url.indexOf(",");
  const mediaType = file.url.slice("data:".length, comma).split(";", 1)[0]?.toLowerCase() ?? "";
  const extension = EXTENSIONS[mediaType];
  const named = file.kind === "file" ? file.name : null;
  const stored = await files.upload(principal, {
    name: named || (extension ? `${file.kind}.${extension}` : file.kind),
    mediaType: mediaType === UNKNOWN_TYPE ? "" : mediaType,
    content: bytesOf(file.url, comma + 1),
    idempotency: null,
  });
  return attachmentOf(stored);
}

async function* bytesOf(url: string, start: number): AsyncGenerator<Uint8Array> {
  for (let at = start; at < url.length; at += PIECE_CHARACTERS)
    yield Buffer.from(url.slice(at, at + PIECE_CHARACTERS), "base64");
}
