import type { IncomingHttpHeaders } from "node:http";
import type { Readable, Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from "node:zlib";
import { AppError } from "../domain/errors.ts";
import type { BodyRoom } from "./body-room.ts";

/** Makes the decompressor for a body, which may depend on the body's first byte. */
type Decoder = (firstByte: number) => Transform;

const ZLIB_METHOD = 8;
/** Each piece costs a round trip to another thread. */
const OPTIONS = { chunkSize: 128 * 1024 };

const DECODERS: Readonly<Record<string, Decoder>> = {
  gzip: () => createGunzip(OPTIONS),
  "x-gzip": () => createGunzip(OPTIONS),
  // RFC 9110, section 8.4.1.2, requires zlib's frame; some clients leave it out.
  deflate: (firstByte) =>
    (firstByte & 15) === ZLIB_METHOD ? createInflate(OPTIONS) : createInflateRaw(OPTIONS),
  br: () => createBrotliDecompress(OPTIONS),
};

/** @throws AppError unsupported_media_type */
function decoderFor(headers: IncomingHttpHeaders): Decoder | null {
  const encoding = headers["content-encoding"]?.trim().toLowerCase() ?? "";
  if (encoding === "" || encoding === "identity") return null;
  const decoder = Object.hasOwn(DECODERS, encoding) ? DECODERS[encoding] : undefined;
  if (!decoder)
    throw new AppError(
      "unsupported_media_type",
      "This Content-Encoding is not supported: send the body without one, or with gzip, deflate or br",
    );
  return decoder;
}

/**
 * Reads a body to its end and decompresses it if it came compressed. Only what is known to fit is read:
 * the limit counts the bytes that came and the bytes that they become, and the memory for all bodies is
 * taken piece by piece.
 * @throws AppError too_large, invalid_request, unsupported_media_type, unavailable
 */
export async function readBody(
  source: Readable,
  headers: IncomingHttpHeaders,
  limitBytes: number,
  room: BodyRoom,
): Promise<Buffer> {
  const decoderOf = decoderFor(headers);
  if (Number(headers["content-length"] ?? 0) > limitBytes) throw tooLarge();
  const pieces: Buffer[] = [];
  let cameBytes = 0;
  let bytes = 0;
  let decoder: Transform | null = null;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const keep = (piece: Buffer): void => {
    bytes += piece.length;
    try {
      if (bytes > limitBytes) throw tooLarge();
      room.take(piece.length);
      pieces.push(piece);
    } catch (error) {
      reject(error);
    }
  };
  let endings = 0;
  /** A compressed body is complete when both the compressed stream and the body that carried it have ended. */
  const finish = (): void => {
    endings++;
    if (endings === (decoder ? 2 : 1)) resolve();
  };
  const startDecoder = (firstByte: number): Transform => {
    const started = (decoderOf as Decoder)(firstByte);
    started.on("data", keep).on("end", finish);
    started.on("error", (cause) => reject(notDecodable(cause)));
    started.on("drain", () => source.resume());
    return started;
  };
  const onData = (piece: Buffer): void => {
    cameBytes += piece.length;
    if (!decoderOf) keep(piece);
    else if (cameBytes > limitBytes) reject(tooLarge());
    else {
      decoder ??= startDecoder(piece[0] ?? 0);
      if (!decoder.write(piece)) source.pause();
    }
  };
  let hasEnded = false;
  const onEnd = (): void => {
    hasEnded = true;
    decoder?.end();
    finish();
  };
  const onLost = (): void => {
    if (!hasEnded) reject(notWhole());
  };
  source.on("data", onData).on("end", onEnd).on("error", onLost).on("close", onLost);
  try {
    await promise;
    return Buffer.concat(pieces, bytes);
  } finally {
    source.off("data", onData).off("end", onEnd).off("close", onLost);
    source.off("error", onLost).on("error", () => undefined);
    (decoder as Transform | null)?.removeAllListeners("drain").destroy();
    source.resume();
  }
}

const tooLarge = () => new AppError("too_large", "The body is too large");
const notWhole = () => new AppError("invalid_request", "The body arrived incomplete");
const notDecodable = (cause: unknown) =>
  new AppError(
    "invalid_request",
    "The body cannot be decompressed: it is not what its Content-Encoding says, or is incomplete",
    { cause },
  );
