// Bytes as they stand, over TCP: what no client library would send.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";

const PATIENCE_MS = 5000;

/** Sends the bytes and gives all that comes until the server ends, or nothing more comes for a while. */
export async function exchange(
  port: number,
  bytes: string | Uint8Array,
  quietMs = PATIENCE_MS,
): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  socket.setTimeout(quietMs, () => socket.destroy());
  socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
  let text = "";
  socket.setEncoding("latin1").on("data", (piece: string) => {
    text += piece;
  });
  await once(socket, "close");
  return text;
}

export type FrameOptions = {
  readonly fin?: boolean;
  /** Reserved bits, 0 to 7. */
  readonly reserved?: number;
  readonly opcode: number;
  readonly payload?: Uint8Array | string;
  readonly masked?: boolean;
};

/** A frame of RFC 6455, section 5.2. */
export function frame({
  fin = true,
  reserved = 0,
  opcode,
  payload = "",
  masked = true,
}: FrameOptions): Buffer {
  const data = Buffer.from(payload as string);
  const size =
    data.length < 126
      ? Buffer.from([data.length])
      : data.length < 65_536
        ? Buffer.from([126, data.length >> 8, data.length & 255])
        : Buffer.concat([Buffer.from([127]), bigEndian(data.length)]);
  size[0] = (size[0] ?? 0) | (masked ? 0x80 : 0);
  const first = Buffer.from([(fin ? 0x80 : 0) | (reserved << 4) | opcode]);
  if (!masked) return Buffer.concat([first, size, data]);
  const mask = randomBytes(4);
  for (let index = 0; index < data.length; index++)
    data[index] = (data[index] ?? 0) ^ (mask[index % 4] ?? 0);
  return Buffer.concat([first, size, mask, data]);
}

function bigEndian(length: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(length));
  return bytes;
}

export type ReceivedFrame = { readonly opcode: number; readonly payload: Buffer };

/** A WebSocket by hand: handshake done, frames in and out as they are. @param headers further ones, each with its line end */
export async function openRaw(port: number, path: string, headers = "") {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${headers}\r\n`,
  );
  let bytes = Buffer.alloc(0);
  while (!bytes.includes("\r\n\r\n")) {
    const [piece] = (await once(socket, "data")) as [Buffer];
    bytes = Buffer.concat([bytes, piece]);
  }
  bytes = bytes.subarray(bytes.indexOf("\r\n\r\n") + 4);
  const closed = once(socket, "close");
  socket.on("data", (piece: Buffer) => {
    bytes = Buffer.concat([bytes, piece]);
    arrived.resolve();
    arrived = Promise.withResolvers();
  });
  socket.on("close", () => arrived.resolve());
  let arrived = Promise.withResolvers<void>();

  function take(): ReceivedFrame | null {
    const second = bytes[1];
    if (second === undefined) return null;
    const short = second & 127;
    const start = short === 126 ? 4 : short === 127 ? 10 : 2;
    if (bytes.length < start) return null;
    const length =
      short === 126
        ? bytes.readUInt16BE(2)
        : short === 127
          ? Number(bytes.readBigUInt64BE(2))
          : short;
    if (bytes.length < start + length) return null;
    const received = {
      opcode: (bytes[0] ?? 0) & 15,
      payload: Buffer.from(bytes.subarray(start, start + length)),
    };
    bytes = bytes.subarray(start + length);
    return received;
  }

  return {
    socket: socket as Socket,
    closed,
    send: (...frames: readonly Buffer[]) => socket.write(Buffer.concat(frames)),
    /** The next frame; null once the connection has ended. */
    async next(): Promise<ReceivedFrame | null> {
      for (;;) {
        const received = take();
        if (received) return received;
        if (socket.destroyed || socket.readableEnded) return null;
        await arrived.promise;
      }
    },
    [Symbol.dispose]: () => void socket.destroy(),
  };
}
