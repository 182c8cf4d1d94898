import type { Visitor } from "../../core/access/access.ts";
import type { Handshake, Socket, SocketHandler } from "../../http/socket.ts";
import { type Caller, serveConnection } from "./connection.ts";
import { errorReply, noSocketIo } from "./errors.ts";
import { errorMessage } from "./map.ts";
import { TURNS_LIMIT, type VoiceSocketParts } from "./parts.ts";

/** Above the largest chunk of sound, so that one which is too large is told so. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

/** Document 003: the voice socket. A `/ws` with a `user_id` is the socket of document 000. */
export function voiceSocket(parts: VoiceSocketParts): SocketHandler {
  let connections = 0;
  const nextId = () => `conn_${connections++}`;
  return {
    matches: ({ pathname, searchParams }) =>
      (pathname === "/ws" && !searchParams.has("user_id")) || isSocketIo(pathname),
    maxMessageBytes: MAX_MESSAGE_BYTES,
    errorReply,
    async accept(handshake) {
      if (isSocketIo(handshake.url.pathname)) throw noSocketIo();
      const { connection, credential } = handshake;
      const visitor = { connection, credential, requiresBearer: false, isOpenWire: true };
      const caller = callerOf(parts, visitor, userHeader(handshake));
      const principal = await caller.identify(null);
      const open = (socket: Socket) => {
        const serve = serveConnection(parts, { ...caller, connectionId: nextId() }, socket);
        return (message: string | Uint8Array) =>
          serve(typeof message === "string" ? message : UTF_8.decode(message));
      };
      return { principal, errorMessage: (error) => JSON.stringify(errorMessage(error)), open };
    },
  };
}

/** Made apart from the handshake, so that an open socket does not hold that. @param claimed the user of the X-User-ID header */
function callerOf(
  parts: Pick<VoiceSocketParts, "decide" | "admit">,
  visitor: Visitor,
  claimed: string | undefined,
): Pick<Caller, "identify" | "admitTurn"> {
  const claimsOf = (userId: string | null) => ({ "X-User-ID": claimed, user_id: userId });
  return {
    identify: async (userId) => (await parts.decide(visitor))(claimsOf(userId)),
    async admitTurn(userId) {
      const admit = await parts.admit(TURNS_LIMIT, visitor);
      await admit(claimsOf(userId));
    },
  };
}

const UTF_8 = new TextDecoder();

const isSocketIo = (pathname: string): boolean => /^\/socket\.io\/?$/.test(pathname);

function userHeader({ headers }: Handshake): string | undefined {
  const header = headers["x-user-id"];
  return typeof header === "string" ? header : undefined;
}
