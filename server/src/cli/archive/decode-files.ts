import {
  type Attachment,
  FILE_STATES,
  MAX_DOCUMENT_BYTES,
  type StoredFile,
} from "../../domain/file.ts";
import type { Fields } from "./fields.ts";

export const fileOf = (file: Fields): StoredFile => ({
  id: file.uuid("id"),
  name: file.text("name"),
  mediaType: file.mediaType("mediaType"),
  bytes: file.amount("bytes", MAX_DOCUMENT_BYTES),
  sha256: file.sha256("sha256"),
  state: file.oneOf("state", FILE_STATES),
  width: file.isNull("width") ? null : file.whole("width"),
  height: file.isNull("height") ? null : file.whole("height"),
  createdAt: file.time("createdAt"),
});

/** The file is not there, unless it comes later in the archive. */
export const attachmentOf = (attachment: Fields): Attachment => ({
  id: attachment.uuid("id"),
  name: attachment.text("name"),
  mediaType: attachment.text("mediaType"),
  bytes: attachment.whole("bytes"),
  width: attachment.isNull("width") ? null : attachment.whole("width"),
  height: attachment.isNull("height") ? null : attachment.whole("height"),
  isDeleted: true,
});
