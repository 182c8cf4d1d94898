import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { AppError } from "../domain/errors.ts";
import { refuseHandshake } from "./handshake.ts";
import { newRequestId } from "./request-id.ts";
import type { Wire } from "./wire.ts";

/** What Node says of bytes that it cannot read as a request (`clientError`). */
type BrokenRequest = { readonly code?: string; readonly rawPacket?: unknown };

const BY_CODE: Readonly<Record<string, readonly [status: number, message: string]>> = {
  HPE_HEADER_OVERFLOW: [431, "The headers are too large"],
  ERR_HTTP_REQUEST_TIMEOUT: [408, "The request did not come whole in time"],
};

/** A request whose body does not come, as Node says it of one whose headers do not. */
export const lateRequest = ({ method, url }: IncomingMessage): BrokenRequest => ({
  code: "ERR_HTTP_REQUEST_TIMEOUT",
  rawPacket: Buffer.from(`${method} ${url}`, "latin1"),
});

const NO_HTTP = [400, "This is not a valid HTTP request"] as const;

/** Whether an answer to an earlier request is being sent. Anything sent now would be taken for a part of it. */
const isAnswering = (connection: Duplex): boolean =>
  (connection as { _httpMessage?: ServerResponse | null })._httpMessage?.headersSent === true;

/**
 * Answers bytes that are not a request, in the words of the wire that their first line names, and closes
 * the connection.
 */
export function answerBroken(
  { code = "", rawPacket }: BrokenRequest,
  connection: Duplex,
  wordsAt: (path: string) => Pick<Wire, "errorReply">,
): void {
  if (code === "ECONNRESET" || !connection.writable || isAnswering(connection)) {
    connection.destroy();
    return;
  }
  const [status, message] = BY_CODE[code] ?? NO_HTTP;
  const line = Buffer.isBuffer(rawPacket) ? rawPacket.toString("latin1", 0, 1024) : "";
  const path = /^[A-Z]+ (\/[^\s?]*)/.exec(line)?.[1] ?? "";
  const id = newRequestId();
  const { body } = wordsAt(path).errorReply(new AppError("invalid_request", message), { id });
  refuseHandshake(connection, { status, body }, { "X-Request-Id": id });
}
