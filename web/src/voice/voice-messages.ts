/** What the server says on wire 003 (docs/voice.md). */
export type ServerMessage =
  | { readonly type: "connection_established" }
  | {
      readonly type: "conversation_started";
      /** "Ready to listen", or what is missing. */
      readonly message: string;
      readonly conversation_id: string;
      readonly resume_token: string;
    }
  | { readonly type: "transcript"; readonly text: string; readonly is_final: boolean }
  | {
      readonly type: "ai_response";
      readonly text: string;
      readonly audio_data: string;
      readonly response_id: string;
      readonly seq: number;
      readonly final: boolean;
    }
  | { readonly type: "speech_started" }
  | { readonly type: "speech_stopped" }
  | {
      readonly type: "interrupted";
      readonly response_id: string;
      readonly spoken_text: string;
      readonly played_ms: number;
    }
  | { readonly type: "conversation_ended" }
  | { readonly type: "error"; readonly message: string; readonly code: string };

/** What this page says. */
export type ClientMessage =
  | {
      readonly type: "start_conversation";
      readonly capabilities?: readonly string[];
      /** Of the page, for what the server says by itself. */
      readonly language?: string;
      readonly conversation_id?: string;
      readonly resume_token?: string;
    }
  | { readonly type: "audio_chunk"; readonly audio_data: string }
  | { readonly type: "text_input"; readonly text: string }
  | { readonly type: "interrupt" }
  | { readonly type: "playback"; readonly response_id: string; readonly played_ms: number }
  | { readonly type: "end_conversation" };

export const READY = "Ready to listen";

export const CAPABILITIES = ["segments", "vad", "interrupt", "questions"] as const;

/** A message of a later server, or no message at all, is null. */
export function readServerMessage(data: unknown): ServerMessage | null {
  if (typeof data !== "string") return null;
  try {
    const message: unknown = JSON.parse(data);
    const isMessage = typeof message === "object" && message !== null && "type" in message;
    return isMessage ? (message as ServerMessage) : null;
  } catch {
    return null;
  }
}
