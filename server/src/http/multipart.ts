import { AppError } from "../domain/errors.ts";

/** One part of a form: a file, or the value of a field. */
export type FormPart = {
  /** The name of the field. */
  readonly name: string;
  /** The name of the file; null: the part is the value of a field. */
  readonly fileName: string | null;
  /** The part's media type; empty if the part names none. */
  readonly mediaType: string;
  /** The content, which must be read to its end before the next part is requested. */
  readonly content: AsyncIterable<Uint8Array>;
};

const MAX_HEADER_BYTES = 16 * 1024;
const MAX_PARTS = 20;
const LINE_END = Buffer.from("\r\n");
const HEADERS_END = Buffer.from("\r\n\r\n");

/** The boundary that a form's Content-Type names; null where it is no form. @throws AppError invalid_request */
export function boundaryOf(contentType: string): string | null {
  if (!/^multipart\/form-data\s*(?:;|$)/i.test(contentType)) return null;
  const match = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType);
  const boundary = match?.[1] ?? match?.[2];
  if (boundary === undefined) throw broken("its Content-Type names no boundary");
  return boundary;
}

/**
 * The parts of a form (RFC 7578) as they come, up to its last boundary; no more of it than a piece is
 * held.
 * @throws AppError invalid_request
 */
export async function* formParts(
  source: AsyncIterable<Buffer>,
  boundary: string,
): AsyncGenerator<FormPart> {
  const pieces = source[Symbol.asyncIterator]();
  const reader = createReader(pieces);
  const delimiter = Buffer.from(`\r\n--${boundary}`, "latin1");
  try {
    // Anything before the first boundary is ignored; the boundary may be at the very beginning.
    reader.unshift(LINE_END);
    for await (const _ of reader.until(delimiter)) {
      // This part is ignored.
    }
    for (let parts = 0; ; parts++) {
      const rest = await reader.exactly(2);
      if (rest.equals(Buffer.from("--"))) return;
      if (!rest.equals(LINE_END)) throw broken("a boundary is not followed by a new line");
      if (parts >= MAX_PARTS) throw broken(`it has more than ${MAX_PARTS} parts`);
      reader.unshift(LINE_END);
      const headers = await reader.text(HEADERS_END, MAX_HEADER_BYTES);
      let isRead = false;
      async function* content(): AsyncGenerator<Uint8Array> {
        yield* reader.until(delimiter);
        isRead = true;
      }
      yield { ...describe(headers), content: content() };
      if (!isRead) throw new Error("A part of a form was not read to its end");
    }
  } finally {
    await pieces.return?.();
  }
}

function describe(headers: string): Omit<FormPart, "content"> {
  const field = (name: string) =>
    new RegExp(`^${name}:[ \\t]*(.*)$`, "im").exec(headers)?.[1]?.trim() ?? "";
  const disposition = field("content-disposition");
  const parameter = (name: string) => {
    const value = new RegExp(`;[ \\t]*${name}="((?:[^"\\\\]|\\\\.)*)"`, "i").exec(disposition)?.[1];
    // Browsers write a quotation mark and a new line so.
    return value
      ?.replace(/%22/g, '"')
      .replace(/%0D%0A/gi, "\n")
      .replace(/\\(["\\])/g, "$1");
  };
  const name = parameter("name");
  if (!/^form-data\b/i.test(disposition) || name === undefined)
    throw broken("a part has no Content-Disposition with a name");
  return { name, fileName: parameter("filename") ?? null, mediaType: field("content-type") };
}

/** Reads up to a delimiter, wherever the pieces end. */
function createReader(pieces: AsyncIterator<Buffer>) {
  let held: Buffer = Buffer.alloc(0);

  /** @throws AppError invalid_request when nothing more comes */
  const more = async (): Promise<void> => {
    const next = await pieces.next();
    if (next.done) throw broken("it ends without its last boundary");
    held = held.length === 0 ? next.value : Buffer.concat([held, next.value]);
  };
  const take = (bytes: number): Buffer => {
    const taken = held.subarray(0, bytes);
    held = held.subarray(bytes);
    return taken;
  };

  return {
    unshift(bytes: Buffer): void {
      held = Buffer.concat([bytes, held]);
    },
    async exactly(bytes: number): Promise<Buffer> {
      while (held.length < bytes) await more();
      return take(bytes);
    },
    /** Yields the content before the delimiter, in pieces, and takes the delimiter as well. */
    async *until(delimiter: Buffer): AsyncGenerator<Buffer> {
      for (;;) {
        const end = held.indexOf(delimiter);
        if (end >= 0) {
          const last = take(end);
          take(delimiter.length);
          if (last.length > 0) yield last;
          return;
        }
        // The beginning of a delimiter may be at the end.
        const sure = held.length - delimiter.length + 1;
        if (sure > 0) yield take(sure);
        await more();
      }
    },
    async text(delimiter: Buffer, maxBytes: number): Promise<string> {
      let end = held.indexOf(delimiter);
      while (end < 0) {
        if (held.length > maxBytes) throw broken("the headers of a part are too long");
        await more();
        end = held.indexOf(delimiter);
      }
      const text = take(end).toString("utf8");
      take(delimiter.length);
      return text;
    },
  };
}

const broken = (why: string): AppError =>
  new AppError("invalid_request", `The form cannot be read: ${why}`);
