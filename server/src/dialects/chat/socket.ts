import type { Handshake, SocketHandler } from "../../http/socket.ts";
import { errorReply } from "./errors.ts";
import type { ChatSocketParts } from "./parts.ts";
import { openTalk } from "./talk.ts";

const MAX_MESSAGE_BYTES = 1024 * 1024;

/** Document 000's WebSocket: `/ws` with a user id. */
export function chatSocket(parts: ChatSocketParts): SocketHandler {
  return {
    matches: ({ pathname, searchParams }) =>
      (pathname === "/ws" || pathname === "/ws/") && searchParams.has("user_id"),
    maxMessageBytes: MAX_MESSAGE_BYTES,
    errorReply,
    async accept(handshake) {
      const { connection, credential } = handshake;
      const access = {
        connection,
        credential,
        claims: claimsOf(handshake),
        requiresBearer: false,
        isOpenWire: true,
      };
      const principal = (await parts.decide(access))(access.claims);
      return {
        principal,
        errorMessage: ({ message }) => JSON.stringify({ type: "error", content: message }),
        open: (socket) => openTalk(parts, access, socket),
      };
    },
  };
}

/** The user ids that the handshake names; the query may repeat its own. */
function claimsOf({ url, headers }: Handshake): Record<string, string | undefined> {
  const header = headers["x-user-id"];
  const claims: Record<string, string | undefined> = {
    "X-User-ID": typeof header === "string" ? header : undefined,
  };
  for (const [index, value] of url.searchParams.getAll("user_id").entries())
    claims[`user_id (query${index ? ` ${index + 1}` : ""})`] = value;
  return claims;
}
