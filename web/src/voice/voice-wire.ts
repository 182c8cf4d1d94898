import i18next from "i18next";
import {
  CAPABILITIES,
  type ClientMessage,
  READY,
  readServerMessage,
  type ServerMessage,
} from "./voice-messages.ts";

/** How a conversation by voice stands with its server. */
export type WireState =
  | { readonly kind: "connecting" }
  | {
      readonly kind: "ready";
      readonly conversationId: string;
      /** The session of before goes on; otherwise a new one has begun. */
      readonly isResumed: boolean;
      /** Why speech is not understood, in the server's words; null: it is. */
      readonly deafness: string | null;
    }
  /** The connection was lost; it is being restored. */
  | { readonly kind: "reconnecting"; readonly attempt: number }
  /** For good: `reason` in words, null when this side ended it. */
  | {
      readonly kind: "over";
      readonly reason: string | null;
      /** What was typed and waited for a connection. */
      readonly unsent: readonly string[];
    };

export type VoiceWireOptions = {
  readonly url: string;
  /** Null: the server wants none. It travels as a subprotocol, never in the address. */
  readonly key: string | null;
  /** A stored conversation to go on with; null: a new one. */
  readonly conversationId: string | null;
  onState(state: WireState): void;
  /** Everything but what concerns the connection itself. */
  onMessage(message: ServerMessage): void;
  /** Asked when the server takes no connection: why it refuses this person; null: it is only out of reach. */
  whyRefused(): Promise<string | null>;
};

/** One conversation over as many sockets as it takes. */
export type VoiceWire = {
  /** False while there is no connection: sound is not kept. */
  sound(wavBase64: string): boolean;
  /** Kept until there is a connection. */
  text(text: string): void;
  interrupt(): void;
  playback(replyId: string, playedMs: number): void;
  close(): void;
};

const FIRST_DELAY_MS = 400;
const MAX_DELAY_MS = 15_000;
const OPENING_TIMEOUT_MS = 10_000;
/** About ten seconds of sound: with so much unsent the connection is dead, though nobody said so. */
const MAX_UNSENT_BYTES = 512 * 1024;
/** Closes that trying again does not help: a rule was broken, a message was too large. */
const FINAL_CODES = new Set([1008, 1009]);

export function openVoiceWire(options: VoiceWireOptions): VoiceWire {
  const closing = new AbortController();
  const waitingTexts: string[] = [];
  let socket: WebSocket | null = null;
  let isReady = false;
  let resumeToken: string | null = null;
  /** Null until something is stored that a new session could go on with. */
  let conversationId = options.conversationId;
  let startedId: string | null = null;
  let failures = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const send = (message: ClientMessage): boolean => {
    if (!socket || !isReady || socket.readyState !== WebSocket.OPEN) return false;
    socket.send(JSON.stringify(message));
    return true;
  };

  const end = (reason: string | null): void => {
    if (closing.signal.aborted) return;
    closing.abort();
    clearTimeout(timer);
    const last = socket;
    socket = null;
    last?.close();
    options.onState({ kind: "over", reason, unsent: waitingTexts.splice(0) });
  };

  const start = (current: WebSocket): void => {
    const message: ClientMessage = {
      type: "start_conversation",
      capabilities: CAPABILITIES,
      language: i18next.language,
      ...(resumeToken !== null && { resume_token: resumeToken }),
      ...(resumeToken === null && conversationId !== null && { conversation_id: conversationId }),
    };
    current.send(JSON.stringify(message));
  };

  /** An error before the conversation has started says that it will not. */
  const refused = (current: WebSocket, code: string, message: string): void => {
    if (resumeToken !== null) {
      resumeToken = null;
      start(current);
    } else if (code === "UNAVAILABLE") lose();
    else end(message);
  };

  const take = (current: WebSocket, message: ServerMessage): void => {
    if (message.type === "connection_established") return;
    if (message.type === "conversation_started") {
      isReady = true;
      failures = 0;
      clearTimeout(timer);
      const isResumed = resumeToken !== null;
      resumeToken = message.resume_token;
      startedId = message.conversation_id;
      const deafness = message.message === READY ? null : message.message;
      options.onState({ kind: "ready", conversationId: startedId, isResumed, deafness });
      for (const text of waitingTexts.splice(0)) send({ type: "text_input", text });
    } else if (message.type === "error" && !isReady) {
      refused(current, message.code, message.message);
    } else {
      if (message.type === "ai_response") conversationId = startedId;
      options.onMessage(message);
    }
  };

  /** Gives this socket up and tries again by and by. */
  const lose = (): void => {
    const lost = socket;
    socket = null;
    isReady = false;
    lost?.close();
    failures += 1;
    options.onState({ kind: "reconnecting", attempt: failures });
    const longestMs = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (failures - 1));
    clearTimeout(timer);
    timer = setTimeout(connect, longestMs * (0.5 + Math.random() / 2));
  };

  const onClose = async (wasOpen: boolean, { code, reason }: CloseEvent): Promise<void> => {
    const isFinal = FINAL_CODES.has(code);
    if (!isFinal) lose();
    if (wasOpen && !isFinal) return;
    const refusal = await options.whyRefused();
    if (refusal !== null) end(refusal);
    else if (isFinal) end(reason || `The server closed the connection (${code})`);
  };

  function connect(): void {
    clearTimeout(timer);
    const protocols = ["colloquy", ...(options.key === null ? [] : [`bearer.${options.key}`])];
    const current = new WebSocket(options.url, protocols);
    const isCurrent = () => current === socket;
    let wasOpen = false;
    socket = current;
    timer = setTimeout(() => isCurrent() && lose(), OPENING_TIMEOUT_MS);
    current.onopen = () => {
      wasOpen = true;
      if (isCurrent()) start(current);
    };
    current.onmessage = ({ data }) => {
      const message = isCurrent() ? readServerMessage(data) : null;
      if (message) take(current, message);
    };
    current.onclose = (event) => {
      if (isCurrent()) void onClose(wasOpen, event);
    };
  }

  const { signal } = closing;
  globalThis.addEventListener?.("offline", () => socket && lose(), { signal });
  globalThis.addEventListener?.("online", () => socket || connect(), { signal });
  options.onState({ kind: "connecting" });
  connect();

  return {
    sound(wavBase64) {
      if (socket && isReady && socket.bufferedAmount > MAX_UNSENT_BYTES) lose();
      return send({ type: "audio_chunk", audio_data: wavBase64 });
    },
    text(text) {
      if (!send({ type: "text_input", text })) waitingTexts.push(text);
    },
    interrupt: () => void send({ type: "interrupt" }),
    playback: (replyId, playedMs) =>
      void send({ type: "playback", response_id: replyId, played_ms: Math.round(playedMs) }),
    close() {
      send({ type: "end_conversation" });
      end(null);
    },
  };
}
