import { AppError } from "./errors.ts";
import { isRasterImage, MAX_DOCUMENT_BYTES, MAX_IMAGE_BYTES, type StoredFile } from "./file.ts";
import { imageSize } from "./image-size.ts";
import { binaryTypeOf, falseClaim, imageTypeOf, textTypeOf, UNKNOWN_TYPE } from "./media-types.ts";

/** Cameras store segments with previews before the segment that holds the size of the image. */
const MAX_HEAD_BYTES = 256 * 1024;
const MAX_TAIL_BYTES = 64 * 1024;
/** A decoded image of this size takes 400 MB of memory wherever it is shown. */
const MAX_PIXELS = 100_000_000;
const MEGABYTE = 1024 * 1024;

export type Inspected = Pick<StoredFile, "mediaType" | "width" | "height">;

export type Inspection = {
  /** Takes the next bytes. @throws AppError too_large, unsupported_media_type */
  add(bytes: Uint8Array): void;
  /** Ends the file. @throws AppError invalid_request, unprocessable, unsupported_media_type */
  end(): Inspected;
};

/**
 * Inspects a file while it is streamed, and keeps only its first and last bytes in memory.
 * @param declared the media type that the sender declared
 */
export function inspect(declared: string, name: string): Inspection {
  const said = declared.split(";", 1)[0]?.trim().toLowerCase() || UNKNOWN_TYPE;
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let head: Uint8Array = new Uint8Array(0);
  let tail: Uint8Array = new Uint8Array(0);
  let bytes = 0;
  let isText = true;

  const checkText = (piece: Uint8Array | null): void => {
    if (!isText) return;
    try {
      if (piece === null) decoder.decode();
      else isText = !piece.includes(0) && decoder.decode(piece, { stream: true }) !== null;
    } catch {
      isText = false;
    }
  };

  return {
    add(piece) {
      if (head.length < MAX_HEAD_BYTES)
        head = joined(head, piece.subarray(0, MAX_HEAD_BYTES - head.length));
      tail =
        piece.length >= MAX_TAIL_BYTES
          ? piece.slice(-MAX_TAIL_BYTES)
          : joined(tail, piece).slice(-MAX_TAIL_BYTES);
      bytes += piece.length;
      checkText(piece);
      const isImage = imageTypeOf(head) !== null;
      const limit = isImage ? MAX_IMAGE_BYTES : MAX_DOCUMENT_BYTES;
      if (bytes > limit)
        throw new AppError(
          "too_large",
          `${isImage ? "An image" : "A file"} may have at most ${limit / MEGABYTE} MB`,
          { field: "file" },
        );
    },

    end() {
      if (bytes === 0)
        throw new AppError("invalid_request", "The file is empty", { field: "file" });
      checkText(null);
      const binary = binaryTypeOf(head, tail);
      const mediaType =
        binary ??
        (isText ? textTypeOf(new TextDecoder().decode(head.subarray(0, 4096)), said, name) : null);
      if (mediaType === null)
        throw new AppError(
          "unsupported_media_type",
          "This kind of file is not supported. Send an image (PNG, JPEG, GIF or WebP), a PDF, an Office document or a text in UTF-8",
          { field: "file" },
        );
      const claim = falseClaim(said, mediaType);
      if (claim !== null)
        throw new AppError(
          "unprocessable",
          `The file is said to be ${claim} (${said}), but its bytes are not: they are ${mediaType}`,
          { field: "file" },
        );
      const size = imageSize(mediaType, head);
      if (isRasterImage(mediaType) && size === null && mediaType !== "image/jpeg")
        throw new AppError(
          "unprocessable",
          "The image is damaged: it does not say how large it is",
          {
            field: "file",
          },
        );
      if (size !== null && size.width * size.height > MAX_PIXELS)
        throw new AppError(
          "unprocessable",
          `The image has too many pixels: ${size.width} × ${size.height}, and at most ${MAX_PIXELS / 1e6} million are accepted`,
          { field: "file" },
        );
      return { mediaType, width: size?.width ?? null, height: size?.height ?? null };
    },
  };
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
