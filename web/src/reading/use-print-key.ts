import type { Conversation } from "@colloquy/client";
import { useEffect } from "react";
import { useConversationActions } from "../conversations/use-conversation-actions.ts";

/** The browser's key for printing prints the whole conversation, of which the page has only what is in view. */
export function usePrintKey(conversation: Conversation | null): void {
  const { print } = useConversationActions();
  useEffect(() => {
    if (!conversation) return;
    const onKey = (event: KeyboardEvent) => {
      const isCommand = event.ctrlKey !== event.metaKey && !event.shiftKey && !event.altKey;
      if (!isCommand || event.key.toLowerCase() !== "p") return;
      event.preventDefault();
      void print(conversation);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [conversation, print]);
}
