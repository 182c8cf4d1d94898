import { useEffect } from "react";

/** What shortcuts and the palette do in the conversation that is shown. */
export type ReplyShortcuts = {
  copy(): void;
  answerAgain(): void;
  /** @param modelId null: the usual one */
  chooseModel(modelId: string | null): void;
  /** Puts that text in front of what is being written. */
  write(text: string): void;
};

let shown: ReplyShortcuts | null = null;

/** Null where no conversation is shown. */
export const replyShortcuts = (): ReplyShortcuts | null => shown;

/** Makes these the ones of the page, as long as the component is shown. */
export function useReplyShortcuts(shortcuts: ReplyShortcuts): void {
  useEffect(() => {
    shown = shortcuts;
    return () => {
      if (shown === shortcuts) shown = null;
    };
  }, [shortcuts]);
}
