import { createContext, useContext } from "react";
import type { VoiceTalk } from "./voice-talk.ts";

export type VoiceStart = {
  /** Null: a new conversation. */
  readonly conversationId: string | null;
  /** Who answers in a new conversation; null: no agent. */
  readonly agentId?: string | null;
  /** The project that a new conversation is begun in; null: none. */
  readonly projectId?: string | null;
  /** Whether a new conversation is temporary. */
  readonly isTemporary?: boolean;
  /** Told the id of the new conversation as soon as it is stored. */
  readonly onConversation: (conversationId: string) => void;
};

export type Voice = {
  /** Null while nobody speaks. */
  readonly talk: VoiceTalk | null;
  start(start: VoiceStart): void;
  stop(): void;
  /** Somebody may start in a moment. */
  prepare(): void;
};

/** The place of what is typed beside speaking, among the drafts. */
export const TYPED_DRAFT = "voice";

export const VoiceContext = createContext<Voice | null>(null);

export function useVoice(): Voice {
  const voice = useContext(VoiceContext);
  if (!voice) throw new Error("useVoice is for what stands inside VoiceProvider");
  return voice;
}
