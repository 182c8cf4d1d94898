import { isRasterImage, isText } from "./file.ts";

/** The media type of a file whose sender does not know its type. */
export const UNKNOWN_TYPE = "application/octet-stream";
const PDF = "application/pdf";
const OFFICE = "application/vnd.openxmlformats-officedocument.";
const OPEN_DOCUMENT = "application/vnd.oasis.opendocument.";

/** The media type of a text file by the ending of its name, used when the sender names none. */
const TEXT_TYPES: Readonly<Record<string, string>> = {
  md: "text/markdown",
  markdown: "text/markdown",
  csv: "text/csv",
  tsv: "text/tab-separated-values",
  json: "application/json",
  jsonl: "application/x-ndjson",
  ndjson: "application/x-ndjson",
  xml: "application/xml",
  yaml: "application/yaml",
  yml: "application/yaml",
};

/** The media type of an Office document, by the name of one of the files in its archive. */
const OFFICE_PARTS: Readonly<Record<string, string>> = {
  "word/document.xml": `${OFFICE}wordprocessingml.document`,
  "xl/workbook.xml": `${OFFICE}spreadsheetml.sheet`,
  "ppt/presentation.xml": `${OFFICE}presentationml.presentation`,
};

const startsWith = (bytes: Uint8Array, signature: readonly number[], at = 0): boolean =>
  signature.every((byte, place) => bytes[at + place] === byte);
const latin = (text: string): number[] => [...text].map((character) => character.charCodeAt(0));

const PNG_SIGNATURE = [0x89, ...latin("PNG"), 0x0d, 0x0a, 0x1a, 0x0a];
const ZIP_SIGNATURE = [...latin("PK"), 0x03, 0x04];

/** The media type of a raster image, found in its first bytes; null for any other file. */
export function imageTypeOf(head: Uint8Array): string | null {
  if (startsWith(head, PNG_SIGNATURE)) return "image/png";
  if (startsWith(head, [0xff, 0xd8, 0xff])) return "image/jpeg";
  if (startsWith(head, latin("GIF87a")) || startsWith(head, latin("GIF89a"))) return "image/gif";
  if (startsWith(head, latin("RIFF")) && startsWith(head, latin("WEBP"), 8)) return "image/webp";
  return null;
}

/** The media type of a binary file; null if the server does not accept that type. @param tail the last bytes */
export function binaryTypeOf(head: Uint8Array, tail: Uint8Array): string | null {
  const image = imageTypeOf(head);
  if (image !== null) return image;
  if (startsWith(head, latin("%PDF-"))) return PDF;
  return startsWith(head, ZIP_SIGNATURE) ? officeTypeOf(head, tail) : null;
}

/** Reads names from the central directory, which is at the end of a ZIP archive. */
function officeTypeOf(head: Uint8Array, tail: Uint8Array): string | null {
  const decoder = new TextDecoder("latin1");
  const names = decoder.decode(head.subarray(0, 4096)) + decoder.decode(tail);
  const open =
    /mimetypeapplication\/vnd\.oasis\.opendocument\.(text|spreadsheet|presentation)/.exec(names);
  if (open) return OPEN_DOCUMENT + open[1];
  const part = Object.keys(OFFICE_PARTS).find((name) => names.includes(name));
  return part ? (OFFICE_PARTS[part] ?? null) : null;
}

/** The media type of a text file: by its content, then by the sender's word, then by its name. @param head its first bytes */
export function textTypeOf(head: string, declared: string, name: string): string {
  const beginning = head
    .slice(0, 2048)
    .replace(/^\ufeff/, "")
    .trimStart();
  if (/^(?:<!doctype html|<html|<head|<body|<script|<iframe)\b/i.test(beginning))
    return "text/html";
  if (/^(?:<\?xml[^>]*>\s*|<!--[\s\S]*?-->\s*|<!doctype svg[^>]*>\s*)*<svg\b/i.test(beginning))
    return "image/svg+xml";
  if (declared !== UNKNOWN_TYPE && declared !== "text/plain" && isText(declared)) return declared;
  return TEXT_TYPES[/\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase() ?? ""] ?? "text/plain";
}

const familyOf = (mediaType: string): string | null => {
  if (mediaType === UNKNOWN_TYPE || mediaType === "application/zip") return null;
  if (isText(mediaType)) return "text";
  if (isRasterImage(mediaType) || mediaType.startsWith("image/")) return "an image";
  if (mediaType === PDF) return "a PDF";
  if (mediaType.startsWith(OFFICE) || mediaType.startsWith(OPEN_DOCUMENT)) return "a document";
  return null;
};

/** The kind of file that the sender wrongly declared, such as "an image"; null if the declaration is right or missing. */
export function falseClaim(declared: string, found: string): string | null {
  const claimed = familyOf(declared);
  return claimed !== null && claimed !== familyOf(found) ? claimed : null;
}
