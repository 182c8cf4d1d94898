import type { Message } from "@colloquy/client";
import { useMemo, useRef } from "react";
import { useWorkspace } from "../workspace.tsx";
import { NEW } from "./live/live-replies.ts";

/** What one can do in a conversation. */
export type ChatActions = {
  send(content: string): void;
  /** Says it anew in the place of that message; what followed it is gone. */
  resend(messageId: string, content: string): void;
  /** Asks once more for the reply to the user's message before this one (or to this one). */
  retry(message: Message): void;
  stop(): void;
  /** Sends once more what was not sent, or goes back to a reply that was lost. */
  tryAgain(): void;
  /** Takes back what was not sent. */
  takeBack(text: string): void;
};

export type Choices = {
  readonly model: string | null;
  readonly agentId: string | null;
};

export function useChatActions({
  conversationId,
  choices,
  onStored,
  onTakenBack,
}: {
  readonly conversationId: string | null;
  readonly choices: Choices;
  readonly onStored: (conversationId: string) => void;
  readonly onTakenBack: (text: string) => void;
}): ChatActions {
  const { live, thread } = useWorkspace();
  // The actions stay the same objects, so that a message is not rendered anew for a choice it does not show.
  const current = useRef({ choices, onStored, onTakenBack });
  current.current = { choices, onStored, onTakenBack };
  return useMemo(() => {
    const key = conversationId ?? NEW;
    const say = (content: string, replaces: string | null) => {
      const earlier = live.unsent(key);
      void live.send(key, { content, replaces, ...current.current.choices }, (id) =>
        current.current.onStored(id),
      );
      if (earlier !== null) current.current.onTakenBack(earlier);
    };
    return {
      send: (content) => say(content, null),
      resend: (messageId, content) => say(content, messageId),
      retry(message) {
        const messages = conversationId ? thread.read(conversationId)?.messages : undefined;
        const at = messages?.findIndex(({ id }) => id === message.id) ?? -1;
        const asked = messages?.slice(0, at + 1).findLast(({ role }) => role === "user");
        if (asked) say(asked.content, asked.id);
      },
      stop: () => void live.stop(key),
      tryAgain: () => live.retry(key),
      takeBack(text) {
        live.discard(key);
        current.current.onTakenBack(text);
      },
    };
  }, [conversationId, live, thread]);
}
