import type { Message } from "@colloquy/client";
import { useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../session/session.tsx";
import { notify } from "../ui/notices.tsx";
import { wordsOf } from "../words-of.ts";
import { useWorkspace } from "../workspace.tsx";
import { readDraft, withUnsent, writeDraft } from "./drafts.ts";
import { type LiveReply, NEW, type Replaced } from "./live/live-reply.ts";
import { countAfter, type Replacement, UNDO_MS } from "./replacement.tsx";

/** What one can do in a conversation. */
export type ChatActions = {
  send(content: string): void;
  /**
   * Says it anew in the place of that message and all that followed it; asks first where that is more
   * than its answer. @param onDone called when it is sent
   */
  resend(message: Message, content: string, onDone: () => void): void;
  /** Asks once more for the reply to the user's message before this one (or to this one), as `resend` does. */
  retry(message: Message): void;
  /** Asks the model to go on where its length limit cut it. */
  goOn(): void;
  stop(): void;
  /** Sends once more what was not sent, or goes back to a reply that was lost. */
  tryAgain(): void;
  /** Takes back what was not sent. */
  takeBack(unsent: LiveReply): void;
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
  onAsk,
  onGoOn,
}: {
  readonly conversationId: string | null;
  readonly choices: Choices;
  readonly onStored: (conversationId: string) => void;
  readonly onTakenBack: (text: string) => void;
  /** The button that was pressed goes with it. */
  readonly onGoOn: () => void;
  /** More than an answer would go. */
  readonly onAsk: (replacement: Replacement) => void;
}): ChatActions {
  const { t } = useTranslation();
  const { account } = useSession();
  const { live, thread } = useWorkspace();
  // The actions stay the same objects, so that a message is not rendered anew for a choice it does not show.
  const current = useRef({ conversationId, choices, onStored, onTakenBack, onAsk, onGoOn });
  current.current = { conversationId, choices, onStored, onTakenBack, onAsk, onGoOn };
  return useMemo(() => {
    const key = conversationId ?? NEW;
    /** Into the field of this conversation, whichever is shown by now. */
    const putBack = (text: string) => {
      if (current.current.conversationId === conversationId) current.current.onTakenBack(text);
      else writeDraft(account, key, withUnsent(text, readDraft(account, key)));
    };
    const offerUndo = ({ conversationId: id, replacedBy, count, edited }: Replaced) => {
      const undo = async () => {
        try {
          await live.undoReplacing(id, replacedBy);
          if (edited !== null) putBack(edited);
        } catch (error) {
          notify({ text: t("replace.notUndone", { reason: wordsOf(error) }), isProblem: true });
        }
      };
      notify({
        text: t("replace.done", { count }),
        showMs: UNDO_MS,
        action: { label: t("list.undo"), run: () => void undo() },
      });
    };
    const say = (content: string, replaces: string | null) => {
      const earlier = live.takeUnsent(key, replaces !== null);
      void live.send(
        key,
        { content, replaces, ...current.current.choices },
        { onStored: (id) => current.current.onStored(id), onReplaced: offerUndo },
      );
      if (earlier !== null) current.current.onTakenBack(earlier);
    };
    const replace = (question: Message, content: string, onDone: () => void) => {
      const messages = thread.read(key)?.messages ?? [];
      const count = countAfter(messages, question.id, live.get(key));
      const carryOut = () => {
        onDone();
        say(content, question.id);
      };
      if (count <= 1) carryOut();
      else current.current.onAsk({ count, isEdited: content !== question.content, carryOut });
    };
    return {
      send: (content) => say(content, null),
      resend: replace,
      retry(message) {
        const messages = conversationId ? thread.read(conversationId)?.messages : undefined;
        const at = messages?.findIndex(({ id }) => id === message.id) ?? -1;
        const asked = messages?.slice(0, at + 1).findLast(({ role }) => role === "user");
        if (asked) replace(asked, asked.content, () => {});
      },
      goOn() {
        say(t("chat.goOn"), null);
        current.current.onGoOn();
      },
      stop: () => void live.stop(key),
      tryAgain: () => live.retry(key),
      takeBack({ id, asked }) {
        live.discard(key, id);
        current.current.onTakenBack(asked ?? "");
      },
    };
  }, [conversationId, live, thread, account, t]);
}
