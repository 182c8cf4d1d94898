import type { DecideAccess } from "../../core/access/access.ts";
import type { VoiceSessions } from "../../core/voice/sessions.ts";
import type { AppError } from "../../domain/errors.ts";
import type { Handshake, Socket, SocketHandler } from "../../http/socket.ts";
import { serveConnection } from "./connection.ts";
import { errorReply, noSocketIo } from "./errors.ts";
import { errorMessage } from "./map.ts";

export type VoiceSocketParts = {
  readonly decide: DecideAccess;
  readonly sessions: VoiceSessions;
  readonly now: () => Date;
  /** SAMPLE_RATE: of bare PCM. */
  readonly sampleRateHz: number;
  /** Told of errors that are the server's own fault. */
  readonly onInternalError: (error: AppError) => void;
};

/** Above the largest chunk of sound, so that one which is too large is told so. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

/** Document 003: the voice socket. To be listed after `chat`, whose `/ws` has a `user_id`. */
export function voiceSocket(parts: VoiceSocketParts): SocketHandler {
  let connections = 0;
  return {
    matches: ({ pathname }) => pathname === "/ws" || isSocketIo(pathname),
    maxMessageBytes: MAX_MESSAGE_BYTES,
    errorReply,
    async accept(handshake) {
      if (isSocketIo(handshake.url.pathname)) throw noSocketIo();
      const { connection, credential } = handshake;
      const identify = async (userId: string | null) => {
        const actAs = await parts.decide({
          connection,
          credential,
          requiresBearer: false,
          isOpenWire: true,
        });
        return actAs({ "X-User-ID": userHeader(handshake), user_id: userId });
      };
      const principal = await identify(null);
      const open = (socket: Socket) => {
        const connectionId = `conn_${connections++}`;
        const serve = serveConnection({ ...parts, identify, connectionId }, socket);
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
