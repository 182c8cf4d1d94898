import { Readable } from "node:stream";
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { NewFile } from "../../core/files.ts";
import { AppError } from "../../domain/errors.ts";
import { isRasterImage, MAX_DOCUMENT_BYTES, type StoredFile } from "../../domain/file.ts";
import { hasTag, rangeOf } from "../../http/byte-range.ts";
import { idempotencyOf, RepeatHeaders } from "../../http/idempotency.ts";
import { boundaryOf, type FormPart, formParts } from "../../http/multipart.ts";
import { acceptStreams, bodyPieces } from "../../http/raw-body.ts";
import { Type } from "../../http/schema.ts";
import { FileBody } from "./file-schemas.ts";
import { fileBody } from "./map.ts";
import type { ChatV1Parts } from "./parts.ts";
import { answers, DeletedBody, UserQuery } from "./schemas.ts";

const tags = ["chat-v1"];
const ofFile = Type.Object({ fileId: Type.String() });
/** What a form has besides its file. */
const MAX_FORM_BYTES = 64 * 1024;

export function fileRoutes(plain: FastifyInstance, { files }: Pick<ChatV1Parts, "files">): void {
  void plain.register(async (scope) => {
    acceptStreams(scope);
    uploadRoute(scope, files);
  });
  const app = plain.withTypeProvider<TypeBoxTypeProvider>();

  app.get(
    "/v1/chat/files/:fileId",
    {
      schema: {
        tags,
        summary: "Get what is known of a file",
        params: ofFile,
        querystring: UserQuery,
        response: answers(200, FileBody),
      },
    },
    async ({ principal, params }, reply) =>
      reply.send({ success: true, data: fileBody(await files.get(principal, params.fileId)) }),
  );

  app.get(
    "/v1/chat/files/:fileId/content",
    {
      schema: {
        tags,
        summary: "Get the bytes of a file, or a range of them",
        description:
          "Answers `Range` with 206, and with 416 where it begins behind the end. The `ETag` is the SHA-256 of the whole. Images and PDFs may be shown; everything else is to be saved.",
        produces: ["application/octet-stream"],
        params: ofFile,
        querystring: UserQuery,
      },
    },
    async (request, reply) => {
      const { principal, params, headers } = request;
      const file = await files.get(principal, params.fileId);
      const tag = `"${file.sha256}"`;
      reply.headers({ ...contentHeaders(file), etag: tag, "accept-ranges": "bytes" });
      if (hasTag(headers["if-none-match"], tag)) return reply.code(304).send();
      const isSame = headers["if-range"] === undefined || headers["if-range"] === tag;
      const range = rangeOf(isSame ? headers.range : undefined, file.bytes);
      if (range === "unsatisfiable")
        return reply
          .code(416)
          .headers({ "content-range": `bytes */${file.bytes}`, "content-type": JSON_TYPE })
          .removeHeader("content-disposition")
          .send(JSON.stringify(notInFile(file)));
      const content = await files.open(principal, file.id, range);
      const length = range ? range.last - range.first + 1 : file.bytes;
      reply.code(range ? 206 : 200).header("content-length", length);
      if (range) reply.header("content-range", `bytes ${range.first}-${range.last}/${file.bytes}`);
      return reply.send(content instanceof Readable ? content : Readable.from(content));
    },
  );

  app.delete(
    "/v1/chat/files/:fileId",
    {
      schema: {
        tags,
        summary: "Delete a file; messages that were sent with it stay",
        params: ofFile,
        querystring: UserQuery,
        response: answers(200, DeletedBody),
      },
    },
    async ({ principal, params }, reply) => {
      await files.delete(principal, params.fileId);
      return reply.send({
        success: true,
        data: { id: params.fileId },
        message: "File deleted successfully",
      });
    },
  );
}

function uploadRoute(plain: FastifyInstance, files: ChatV1Parts["files"]): void {
  plain.withTypeProvider<TypeBoxTypeProvider>().post(
    "/v1/chat/files",
    {
      schema: {
        tags,
        summary: "Upload a file",
        description:
          "The body is the file, with its `Content-Type` and its name, percent-encoded, in `X-File-Name`; or a form (`multipart/form-data`) with a field `file`.",
        consumes: ["application/octet-stream", "multipart/form-data"],
        headers: Type.Object({
          ...RepeatHeaders.properties,
          "X-File-Name": Type.Optional(Type.String()),
        }),
        querystring: UserQuery,
        response: answers(201, FileBody),
      },
      onRequest: async ({ headers }) => {
        if (Number(headers["content-length"] ?? 0) > MAX_DOCUMENT_BYTES + MAX_FORM_BYTES)
          throw new AppError(
            "too_large",
            `A file may have at most ${MAX_DOCUMENT_BYTES / 1024 / 1024} MB`,
            { field: "file" },
          );
        const encoding = headers["content-encoding"] ?? "identity";
        if (encoding !== "identity")
          throw new AppError(
            "unsupported_media_type",
            "Files are stored as they are sent: leave out Content-Encoding",
          );
      },
    },
    async (request, reply) => {
      const idempotency = idempotencyOf(request);
      const contentType = request.headers["content-type"] ?? "";
      const boundary = boundaryOf(contentType);
      const stored =
        boundary === null
          ? await files.upload(request.principal, {
              name: namedIn(request),
              mediaType: contentType,
              content: bodyPieces(request),
              idempotency,
            })
          : await uploadForm(request, boundary, (file) =>
              files.upload(request.principal, { ...file, idempotency }),
            );
      return reply.code(201).send({
        success: true,
        data: fileBody(stored),
        message: "File uploaded successfully",
      });
    },
  );
}

/** @throws AppError invalid_request */
function namedIn({ headers }: FastifyRequest): string {
  const sent = headers["x-file-name"];
  if (typeof sent !== "string" || sent === "") return "file";
  try {
    return decodeURIComponent(sent);
  } catch (cause) {
    throw new AppError("invalid_request", "X-File-Name must be percent-encoded UTF-8", {
      field: "X-File-Name",
      cause,
    });
  }
}

/** The file is kept once the form has come whole, so that of a form that is cut off nothing is left. */
async function uploadForm(
  request: FastifyRequest,
  boundary: string,
  upload: (file: Omit<NewFile, "idempotency">) => Promise<StoredFile>,
): Promise<StoredFile> {
  const parts = formParts(bodyPieces(request), boundary);
  try {
    for (;;) {
      const { value: part, done } = await parts.next();
      if (done) throw wrongForm("it has no file; send one in the field file");
      if (part.fileName === null) await readField(part);
      else if (part.name !== "file") throw notOneFile();
      else {
        const { fileName, mediaType } = part;
        return await upload({ name: fileName, mediaType, content: fileOf(part, parts) });
      }
    }
  } finally {
    await parts.return(undefined);
  }
}

/** The content of the part, and then the rest of the form. @throws AppError invalid_request */
async function* fileOf(part: FormPart, rest: AsyncIterator<FormPart>): AsyncGenerator<Uint8Array> {
  yield* part.content;
  for (;;) {
    const { value, done } = await rest.next();
    if (done) return;
    if (value.fileName !== null) throw notOneFile();
    await readField(value);
  }
}

/** @throws AppError invalid_request */
async function readField({ content }: FormPart): Promise<void> {
  let bytes = 0;
  for await (const piece of content) {
    bytes += piece.length;
    if (bytes > MAX_FORM_BYTES) throw wrongForm("a field is too long");
  }
}

const notOneFile = (): AppError => wrongForm("it must have one file, in the field file");

const wrongForm = (why: string): AppError =>
  new AppError("invalid_request", `The form cannot be accepted: ${why}`, { field: "file" });

const JSON_TYPE = "application/json; charset=utf-8";

const notInFile = ({ bytes }: StoredFile) => ({
  success: false,
  message: `The range begins behind the end of the file, which has ${bytes} bytes`,
  error: { code: "RANGE_NOT_SATISFIABLE", details: { field: "Range" } },
});

/** What could be a page of ours with a script in it is never shown, and nothing that is shown can run anything. */
function contentHeaders({ name, mediaType }: StoredFile): Record<string, string> {
  const isShown = isRasterImage(mediaType) || mediaType === "application/pdf";
  const isPage = mediaType === "text/html" || /[/+]xml$/.test(mediaType);
  const plain = name.replace(/[^\x20-\x7e]|["\\%]/g, "_");
  const encoded = encodeURIComponent(name).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return {
    "content-type": isPage
      ? "application/octet-stream"
      : mediaType.startsWith("text/")
        ? `${mediaType}; charset=utf-8`
        : mediaType,
    "content-disposition": `${isShown ? "inline" : "attachment"}; filename="${plain}"; filename*=UTF-8''${encoded}`,
    "content-security-policy": "default-src 'none'; sandbox",
    "x-content-type-options": "nosniff",
    "cache-control": "private, no-cache",
  };
}
