import { type AudioIn, barePcmOf, createAudioIn } from "../../core/voice/audio-in.ts";
import type { Capabilities } from "../../core/voice/outputs.ts";
import type { SessionClient, StartedSession } from "../../core/voice/sessions.ts";
import { AppError, toAppError } from "../../domain/errors.ts";
import type { Principal } from "../../domain/principal.ts";
import type { Socket } from "../../http/socket.ts";
import {
  errorMessage,
  invalidJson,
  messageOf,
  noSession,
  processingError,
  unknownType,
} from "./map.ts";
import { type ClientMessage, readMessage } from "./messages.ts";
import { ORIGIN, type VoiceSocketParts } from "./parts.ts";

export type ConnectionParts = Pick<
  VoiceSocketParts,
  "sessions" | "now" | "sampleRateHz" | "onInternalError"
>;

/** Who is at the other end of a socket. */
export type Caller = {
  /** `conn_0`, … */
  readonly connectionId: string;
  /** Who speaks when the message claims that user; null: claims none. @throws AppError */
  readonly identify: (userId: string | null) => Promise<Principal>;
  /** Counts a turn of that user. @throws AppError rate_limited, or as identify */
  readonly admitTurn: (userId: string | null) => Promise<void>;
};

type Start = Extract<ClientMessage, { type: "start_conversation" }>;

const PLAIN: Capabilities = {
  ...{ segments: false, vad: false, interrupt: false, metrics: false },
  questions: false,
};
const READY = "Ready to listen";
/** What may wait while a conversation is being started. */
const MAX_WAITING_CHARACTERS = 32 * 1024 * 1024;

/** Speaks the messages of document 003 over one socket. @returns what is to be called with each message */
export function serveConnection(
  parts: ConnectionParts,
  caller: Caller,
  socket: Socket,
): (text: string) => void {
  const { sessions } = parts;
  const { connectionId } = caller;
  let started: StartedSession | null = null;
  /** Null until a piece of sound comes. */
  let audio: AudioIn | null = null;
  let isStarting = false;
  const waiting: string[] = [];
  let waitingCharacters = 0;

  const send = (message: object) => socket.send(JSON.stringify(message));
  const sendError = (problem: unknown) => {
    const error = toAppError(problem);
    if (error.code === "internal") parts.onInternalError(error, "voice session", null);
    send(errorMessage(error));
  };

  const start = async (message: Start) => {
    const principal = await caller.identify(message.userId);
    if (started) sessions.end(started);
    started = null;
    audio = null;
    const isPlain = message.capabilities === null && message.resumeToken === null;
    const client: SessionClient = {
      output: (output) => send(messageOf(output)),
      welcome({ session, sessionId, resumeToken, hearing }) {
        send({
          type: "conversation_started",
          session_id: sessionId,
          message: hearing.canHear ? READY : hearing.problem,
          ...(isPlain
            ? {}
            : { conversation_id: session.conversationId, resume_token: resumeToken }),
        });
      },
      taken() {
        started = null;
      },
    };
    if (message.resumeToken !== null)
      started = sessions.resume(principal, message.resumeToken, client);
    else
      started = await sessions.start(
        principal,
        {
          capabilities: message.capabilities ?? PLAIN,
          conversationId: message.conversationId,
          language: message.language,
          origin: ORIGIN,
          admitTurn: () => caller.admitTurn(message.userId),
          sessionId: `session_${connectionId}_${Math.floor(parts.now().getTime() / 1000)}`,
        },
        client,
      );
    if (socket.isGone) leave();
  };

  function leave(): void {
    if (!started) return;
    const { capabilities } = started;
    const mayComeBack = Object.values(capabilities).includes(true);
    if (mayComeBack) sessions.lose(started);
    else sessions.end(started);
    started = null;
  }

  function handle(message: Exclude<ClientMessage, Start>) {
    if (!started) return send(noSession());
    const { session } = started;
    switch (message.type) {
      case "audio_chunk":
        try {
          audio ??= createAudioIn({ barePcm: barePcmOf(parts.sampleRateHz) });
          session.push(audio.push(message.audioData));
        } catch (error) {
          send(processingError(toAppError(error).message));
        }
        return;
      case "text_input":
        return session.typed(message.text);
      case "interrupt":
        return session.interrupt();
      case "playback":
        return session.playback(message.replyId, message.playedMs);
      case "end_conversation":
        sessions.end(started);
        started = null;
        return send({ type: "conversation_ended", message: "Conversation ended" });
    }
  }

  const take = (text: string) => {
    try {
      const message = readMessage(text);
      if (message.type === "invalid_json") return send(invalidJson());
      if (message.type === "unknown_type") return send(unknownType(message.named));
      if (message.type !== "start_conversation") return handle(message);
      isStarting = true;
      void start(message)
        .catch(sendError)
        .finally(() => {
          isStarting = false;
          takeWaiting();
        });
    } catch (error) {
      sendError(error);
    }
  };
  const takeWaiting = (): void => {
    while (!isStarting) {
      const next = waiting.shift();
      if (next === undefined) return;
      waitingCharacters -= next.length;
      take(next);
    }
  };

  socket.whenGone(leave);
  send({
    type: "connection_established",
    connection_id: connectionId,
    message: "Connected to Conversational AI",
  });
  return (text) => {
    if (!isStarting) return take(text);
    waitingCharacters += text.length;
    if (waitingCharacters <= MAX_WAITING_CHARACTERS) waiting.push(text);
    else {
      waitingCharacters -= text.length;
      sendError(new AppError("too_large", "Too much was sent before the conversation had started"));
    }
  };
}
