import type { FastifyRequest } from "fastify";
import { AppError } from "../../domain/errors.ts";
import { takeRoom } from "../../http/body.ts";
import { boundaryOf, formParts } from "../../http/multipart.ts";
import { bodyPieces } from "../../http/raw-body.ts";
import { notHere } from "../openai/errors.ts";
import { invalid, required } from "../openai/fields.ts";

/** The bound of a recording. */
export const MAX_FILE_BYTES = 25 * 1024 * 1024;
/** What a form has besides its file. */
export const MAX_FIELDS_BYTES = 64 * 1024;

export const RESPONSE_FORMATS = ["json", "text", "verbose_json"] as const;
type ResponseFormat = (typeof RESPONSE_FORMATS)[number];

/** What a form asks for. */
export type AskedTranscription = {
  readonly file: Uint8Array;
  readonly format: ResponseFormat;
  /** As the client names it; null: it does not. */
  readonly language: string | null;
  readonly isStreamed: boolean;
};

/** @throws AppError invalid_request, too_large, unavailable */
export async function readForm(request: FastifyRequest): Promise<AskedTranscription> {
  const boundary = boundaryOf(request.headers["content-type"] ?? "");
  if (boundary === null)
    throw new AppError(
      "invalid_request",
      "Send a form: 'Content-Type: multipart/form-data', with the recording in the field file",
      { field: "file" },
    );
  const fields = new Map<string, string>();
  let file: Uint8Array | null = null;
  let fieldBytes = 0;
  for await (const { name, fileName, content } of formParts(bodyPieces(request), boundary)) {
    const isFile = fileName !== null;
    if (isFile && (name !== "file" || file))
      throw invalid("file", "The form must have one file, in the field file");
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    for await (const piece of content) {
      bytes += piece.length;
      if (!isFile) fieldBytes += piece.length;
      if (bytes > MAX_FILE_BYTES) throw tooLarge();
      if (fieldBytes > MAX_FIELDS_BYTES) throw invalid(name, "The fields of the form are too long");
      if (isFile) takeRoom(request, piece.length);
      pieces.push(piece);
    }
    if (isFile) file = Buffer.concat(pieces);
    else fields.set(name, Buffer.concat(pieces).toString("utf8"));
  }
  const recording = required(file ?? undefined, "file");
  if (recording.length === 0) throw invalid("file", "The recording is empty");
  return { file: recording, ...wantedIn(fields) };
}

/** @throws AppError invalid_request */
function wantedIn(fields: ReadonlyMap<string, string>): Omit<AskedTranscription, "file"> {
  const asked = fields.get("response_format") || "json";
  const format = RESPONSE_FORMATS.find((known) => known === asked);
  if (!format)
    throw notHere(
      "response_format",
      `response_format '${asked.slice(0, 20)}' is not made here: ask for ${RESPONSE_FORMATS.join(", ")}`,
    );
  for (const [name, value] of fields)
    if (/^timestamp_granularities(?:\[\d*\])?$/.test(name) && value !== "segment")
      throw notHere(
        "timestamp_granularities",
        "The times of single words are not available here: ask for timestamp_granularities segment",
      );
  const stream = fields.get("stream") ?? "false";
  if (stream !== "true" && stream !== "false")
    throw invalid("stream", "stream must be true or false");
  return { format, language: fields.get("language") || null, isStreamed: stream === "true" };
}

export const tooLarge = (): AppError =>
  new AppError(
    "too_large",
    `A recording may have at most ${MAX_FILE_BYTES / 1024 / 1024} MB: send it in several pieces`,
    { field: "file" },
  );
