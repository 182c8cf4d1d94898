import { AppError } from "./errors.ts";

/** A `checking` file cannot be used yet; a `refused` file can never be used. */
export const FILE_STATES = ["checking", "ready", "refused"] as const;
export type FileState = (typeof FILE_STATES)[number];

export const MAX_IMAGE_BYTES = 20 * 1024 * 1024;
export const MAX_DOCUMENT_BYTES = 50 * 1024 * 1024;
export const MAX_FILES_A_MESSAGE = 10;
/** The least that a file counts against its owner's quota, for its blocks on the disk and its row. */
export const MIN_COUNTED_BYTES = 4096;

/** What is said of a list of files that is too long, or names a file twice. */
export type FileListBound = {
  /** At the beginning of a sentence: what has the files. */
  readonly holder: string;
  /** The field of the request, in the spelling of the caller. */
  readonly field: string;
  readonly maxFiles: number;
};

export const FILES_OF_MESSAGE: FileListBound = {
  holder: "A message",
  field: "attachments",
  maxFiles: MAX_FILES_A_MESSAGE,
};

/** A file as its owner sent it. The file store has its bytes under their SHA-256. */
export type StoredFile = {
  /** A UUID. */
  readonly id: string;
  readonly name: string;
  /** The type that its bytes have, whatever the sender declared. */
  readonly mediaType: string;
  readonly bytes: number;
  /** Lower-case hex digits. */
  readonly sha256: string;
  readonly state: FileState;
  /** The size of an image in pixels; null if it is unknown or the file is no image. */
  readonly width: number | null;
  readonly height: number | null;
  readonly createdAt: Date;
};

/** A file as the message with that attachment describes it. */
export type Attachment = Pick<
  StoredFile,
  "id" | "name" | "mediaType" | "bytes" | "width" | "height"
> & {
  /** The owner has deleted the file; the message stays. */
  readonly isDeleted?: true;
};

export const attachmentOf = ({
  id,
  name,
  mediaType,
  bytes,
  width,
  height,
}: StoredFile): Attachment => ({ id, name, mediaType, bytes, width, height });

/** How a model gets a file: as an image, as text, or not at all. */
export type ModelUse = "image" | "text" | null;

const IMAGES_FOR_MODELS = /^image\/(?:png|jpeg|gif|webp)$/;
const TEXTS = /^(?:text\/|application\/(?:json|xml|yaml|x-ndjson)$|image\/svg\+xml$)/;

export const isRasterImage = (mediaType: string): boolean => IMAGES_FOR_MODELS.test(mediaType);
export const isText = (mediaType: string): boolean => TEXTS.test(mediaType);

export function modelUseOf({ mediaType }: Pick<StoredFile, "mediaType">): ModelUse {
  if (isRasterImage(mediaType)) return "image";
  return isText(mediaType) ? "text" : null;
}

const MEGABYTE = 1024 * 1024;

export const overQuota = (quotaBytes: number): AppError =>
  new AppError(
    "too_large",
    `Your files may take ${Math.floor(quotaBytes / MEGABYTE)} MB together, and this one does not fit. Delete files or conversations that you no longer need`,
    { field: "file" },
  );
