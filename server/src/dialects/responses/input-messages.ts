// An input as messages to store. Bytes that came with it become files, addresses of the web stay addresses.
import type { Files } from "../../core/files.ts";
import type { InputMessage } from "../../core/turns/turn.ts";
import { AppError } from "../../domain/errors.ts";
import { type Attachment, MAX_FILES_A_MESSAGE } from "../../domain/file.ts";
import { append, type Part } from "../../domain/parts.ts";
import type { Principal } from "../../domain/principal.ts";
import { createPace } from "../../domain/turns-of-the-loop.ts";
import { keepFile, keepWhatCanBe, type SentFile } from "../openai/kept-files.ts";
import { contentOf, type Draft } from "./drafts.ts";
import type { InputFile } from "./input-items.ts";
import { IMAGE_LINK } from "./items.ts";

type KeepFiles = (sent: readonly InputFile[]) => Promise<readonly Attachment[]>;

/** @throws AppError those of Files.upload, and invalid_request for too many files */
export const inputMessages = (
  files: Pick<Files, "upload">,
  principal: Principal,
  drafts: readonly Draft[],
): Promise<InputMessage[]> => messagesOf(drafts, (sent) => keepAll(files, principal, sent));

/** The same of a history that its client holds: what of its files cannot be kept is left out. @throws AppError unavailable */
export const keptMessages = (
  files: Pick<Files, "upload" | "isOpen">,
  principal: Principal,
  drafts: readonly Draft[],
): Promise<InputMessage[]> =>
  messagesOf(drafts, (sent) => keepWhatCanBe(files, principal, sent.map(sentFile)));

async function messagesOf(drafts: readonly Draft[], keepFiles: KeepFiles): Promise<InputMessage[]> {
  const messages: InputMessage[] = [];
  const pace = createPace();
  // One after the other: what they hold is large.
  for (const draft of drafts) {
    messages.push(await inputMessage(draft, keepFiles));
    if (pace.isDue()) await pace.pause();
  }
  return messages;
}

const sentFile = (file: InputFile): SentFile => ({
  kind: file.kind,
  name: file.kind === "file" ? file.name : null,
  url: file.url,
});

async function keepAll(
  files: Pick<Files, "upload">,
  principal: Principal,
  sent: readonly InputFile[],
): Promise<readonly Attachment[]> {
  if (sent.length > MAX_FILES_A_MESSAGE)
    throw new AppError(
      "invalid_request",
      `A message may have at most ${MAX_FILES_A_MESSAGE} images and files`,
      { field: "input" },
    );
  const attachments: Attachment[] = [];
  for (const file of sent)
    if (isData(file.url)) attachments.push(await keepFile(files, principal, sentFile(file)));
  return attachments;
}

async function inputMessage(draft: Draft, keepFiles: KeepFiles): Promise<InputMessage> {
  const content = contentOf(draft);
  if ("parts" in draft) {
    const isPlain = draft.parts.length === 1 && draft.parts[0]?.type === "text";
    return { role: draft.role, content, ...(!isPlain && { parts: draft.parts }) };
  }
  const sent = draft.pieces.flatMap((piece) => (piece.type === "file" ? [piece.file] : []));
  const links = sent.filter(({ url }) => !isData(url));
  const attachments = await keepFiles(sent);
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
