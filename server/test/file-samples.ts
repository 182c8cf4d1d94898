// Small files of each kind, made here, and what sends them.
import { crc32, deflateSync } from "node:zlib";

const chunk = (type: string, data: Buffer): Buffer => {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
};

/** A grey image of that size. @param shade 0 to 255: another one, other bytes */
export function png(width = 3, height = 2, shade = 128): Buffer<ArrayBuffer> {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 0, 0, 0, 0], 8);
  const row = Buffer.concat([Buffer.from([0]), Buffer.alloc(width, shade)]);
  const rows = Buffer.concat(Array.from({ length: height }, () => row));
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

export const gif = Buffer.from("R0lGODlhAQABAIAAAAAAAP///ywAAAAAAQABAAACAUwAOw==", "base64");
export const webp = Buffer.from(
  "UklGRiQAAABXRUJQVlA4IBgAAAAwAQCdASoBAAEAAwA0JaQAA3AA/vuUAAA=",
  "base64",
);
/** The beginning of a JPEG of 5 × 4, with what a camera writes before its size. */
export const jpeg = Buffer.concat([
  Buffer.from([0xff, 0xd8, 0xff, 0xe1, 0x10, 0x02]),
  Buffer.alloc(0x1000),
  Buffer.from([0xff, 0xc0, 0x00, 0x0b, 8, 0, 4, 0, 5, 1, 1, 0x11, 0, 0xff, 0xd9]),
]);
export const pdf = Buffer.from(
  "%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n",
);
/** As much of a ZIP archive as names what is in it. */
export const zipWith = (name: string): Buffer =>
  Buffer.concat([
    Buffer.from([0x50, 0x4b, 3, 4]),
    Buffer.alloc(26),
    Buffer.from(name, "latin1"),
    Buffer.from([0xff, 0x00, 0x50, 0x4b, 5, 6]),
  ]);

export type Upload = {
  readonly name?: string;
  readonly type?: string;
  readonly user?: string;
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
};

/** Sends a file to wire 004 as its body. */
export async function upload(
  url: string,
  content: Uint8Array | string | ReadableStream,
  { name, type = "application/octet-stream", user, key = "anything", headers }: Upload = {},
) {
  const response = await fetch(`${url}/v1/chat/files`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${key}`,
      "content-type": type,
      ...(name !== undefined && { "x-file-name": encodeURIComponent(name) }),
      ...(user !== undefined && { "x-user-id": user }),
      ...headers,
    },
    body: content as BodyInit,
    ...(content instanceof ReadableStream && { duplex: "half" }),
  } as RequestInit);
  // biome-ignore lint/suspicious/noExplicitAny: a test says by its assertions what it expects
  return { status: response.status, body: (await response.json()) as any };
}
