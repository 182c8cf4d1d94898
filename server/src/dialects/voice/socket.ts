import type { Handshake, Socket, SocketHandler } from "../../http/socket.ts";
import { serveConnection } from "./connection.ts";
import { errorReply, noSocketIo } from "./errors.ts";
import { errorMessage } from "./map.ts";
import { TURNS_LIMIT, type VoiceSocketParts } from "./parts.ts";

/** Above the largest chunk of sound, so that one which is too large is told so. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

/** Document 003: the voice socket. A `/ws` with a `user_id` is the socket of document 000. */
export function voiceSocket(parts: VoiceSocketParts): SocketHandler {
  let connections = 0;
  return {
    matches: ({ pathname, searchParams }) =>
      (pathname === "/ws" && !searchParams.has("user_id")) || isSocketIo(pathname),
    maxMessageBytes: MAX_MESSAGE_BYTES,
    errorReply,
    async accept(handshake) {
      if (isSocketIo(handshake.url.pathname)) throw noSocketIo();
      const { connection, credential } = handshake;
      const visitor = { connection, credential, requiresBearer: false, isOpenWire: true };
      const claimsOf = (userId: string | null) => ({
        "X-User-ID": userHeader(handshake),
        user_id: userId,
      });
      const identify = async (userId: string | null) =>
        (await parts.decide(visitor))(claimsOf(userId));
      const admitTurn = async (userId: string | null) => {
        const admit = await parts.admit(TURNS_LIMIT, visitor);
        await admit(claimsOf(userId));
      };
      const principal = await identify(null);
      const open = (socket: Socket) => {
        const connectionId = `conn_${connections++}`;
        const serve = serveConnection({ ...parts, identify, admitTurn, connectionId }, socket);
        const decoder = new TextDecoder();
        return (message: string | Uint8Array) =>
          serve(typeof message === "string" ? message : decoder.decode(message));
      };
      return { principal, errorMessage: (error) => JSON.stringify(errorMessage(error)), open };
    },
  };
}

const isSocketIo = (pathname: string): boolean => /^\/socket\.io\/?$/.test(pathname);

function userHeader({ headers }: Handshake): string | undefined {
  const header = headers["x-user-id"];
  return typeof header === "string" ? header : undefined;
}
