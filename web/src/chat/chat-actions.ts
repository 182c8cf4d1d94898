import type { Message } from "@colloquy/client";
import { useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../session/session.tsx";
import { notify } from "../ui/notices.tsx";
import { wordsOf } from "../words-of.ts";
import { useWorkspace } from "../workspace.tsx";
import { readDraft, withUnsent, writeDraft } from "./drafts.ts";
import { attachedFilesOf, type FileFacts } from "./files/attached.ts";
import { type LiveReply, NEW, type StoredQuestion, type Unsent } from "./live/live-reply.ts";

/** What one can do in a conversation. */
export type ChatActions = {
  send(content: string, files: readonly FileFacts[]): void;
  /** Says a new version of that message, with its files, which stays where it is on its branch. */
  resend(message: Message, content: string): void;
  /**
   * Asks for a new version of the reply to the user's message before this one (or to this one).
   * @param model who is to answer this once; default: who answers in this conversation
   */
  retry(message: Message, model?: string): void;
  /** Quotes that text in the message that is being written. */
  quote(text: string): void;
  /** Shows the version of that message at that place of the list, and what followed it, here and where it is opened next. */
  showVersion(message: Message, index: number): void;
  /** Shows what was said on that branch, here and where the conversation is opened next. */
  showBranch(branch: number): void;
  /** Asks the model to go on where its length limit cut it. */
  goOn(): void;
  stop(): void;
  /** To where one writes: the button that was pressed goes. */
  focus(): void;
  /** Goes on with the reply that waited for a decision. */
  /** @param options `keepsFocus`: the person is busy elsewhere on the page */
  decided(options?: { readonly keepsFocus: boolean }): void;
  /** Sends once more what was not sent, or goes back to a reply that was lost. */
  tryAgain(): void;
  /** Takes back what was not sent. */
  takeBack(unsent: LiveReply): void;
};

export type Choices = {
  readonly model: string | null;
  readonly agentId: string | null;
  /** The project that a conversation is begun in; null: none. */
  readonly projectId: string | null;
  /** Whether a conversation that is begun is to be temporary. */
  readonly isTemporary: boolean;
};

export function useChatActions({
  conversationId,
  choices,
  onStored,
  onAsked,
  onTakenBack,
  onGoOn,
}: {
  readonly conversationId: string | null;
  readonly choices: Choices;
  readonly onStored: (conversationId: string) => void;
  /** For a message that is written and sent now: what is to be done once it is stored. */
  readonly onAsked: ((stored: StoredQuestion) => void) | null;
  readonly onTakenBack: (unsent: Unsent) => void;
  /** The button that was pressed goes with it. */
  readonly onGoOn: () => void;
}): ChatActions {
  const { t } = useTranslation();
  const { client, account } = useSession();
  const { live, thread, list } = useWorkspace();
  // The actions stay the same objects, so that a message is not rendered anew for a choice it does not show.
  const now = { conversationId, choices, onStored, onAsked, onTakenBack, onGoOn };
  const current = useRef(now);
  current.current = now;
  return useMemo(() => {
    const key = conversationId ?? NEW;
    /** Into the field of this conversation, whichever is shown by now. */
    const putBack = (unsent: Unsent) => {
      if (current.current.conversationId === conversationId)
        return current.current.onTakenBack(unsent);
      writeDraft(account, key, withUnsent(unsent.text, readDraft(account, key)));
      attachedFilesOf(client).putBack(key, unsent.files);
    };
    const say = (
      content: string,
      files: readonly FileFacts[],
      replaces: string | null,
      {
        isAnswerAgain = false,
        model = current.current.choices.model,
        onAsked = null,
      }: {
        readonly isAnswerAgain?: boolean;
        readonly model?: string | null | undefined;
        readonly onAsked?: ((stored: StoredQuestion) => void) | null;
      } = {},
    ) => {
      const earlier = live.takeUnsent(key, replaces !== null);
      void live.send(
        key,
        { content, files, replaces, isAnswerAgain, ...current.current.choices, model },
        {
          onStored(stored) {
            onAsked?.(stored);
            current.current.onStored(stored.conversationId);
          },
        },
      );
      if (earlier !== null) current.current.onTakenBack(earlier);
    };
    const showBranch = (branch: number) => {
      if (!conversationId) return;
      if (thread.chosenBranch(conversationId) === branch) void thread.refresh(conversationId);
      else {
        const unsent = live.takeUnsent(key, true);
        if (unsent !== null) putBack(unsent);
        void thread.show(conversationId, branch);
      }
      thread
        .keep(conversationId, branch)
        .then((kept) => kept && list.put(kept))
        .catch((error) =>
          notify({ text: t("versions.notKept", { reason: wordsOf(error) }), isProblem: true }),
        );
    };
    return {
      send: (content, files) => say(content, files, null, { onAsked: current.current.onAsked }),
      resend: (message, content) =>
        say(content, filesOf(message), message.id, {
          isAnswerAgain: content === message.content,
        }),
      retry(message, model) {
        const messages = conversationId ? thread.read(conversationId)?.messages : undefined;
        const at = messages?.findIndex(({ id }) => id === message.id) ?? -1;
        const asked = messages?.slice(0, at + 1).findLast(({ role }) => role === "user");
        if (asked) say(asked.content, filesOf(asked), asked.id, { isAnswerAgain: true, model });
      },
      quote(text) {
        const lines = text.trim().split(/\r?\n/);
        const quoted = lines.map((line) => `> ${line}`.trimEnd()).join("\n");
        current.current.onTakenBack({ text: `${quoted}\n\n`, files: [] });
      },
      showVersion({ versions }, index) {
        const branch = versions?.branches[index];
        if (branch !== undefined) showBranch(branch);
      },
      showBranch,
      goOn() {
        say(t("chat.goOn"), [], null);
        current.current.onGoOn();
      },
      stop: () => void live.stop(key),
      focus: () => current.current.onGoOn(),
      decided(options) {
        live.decided(key);
        // The card that has the focus goes.
        if (!options?.keepsFocus) current.current.onGoOn();
      },
      tryAgain: () => live.retry(key),
      takeBack({ id, asked, files }) {
        live.discard(key, id);
        current.current.onTakenBack({ text: asked ?? "", files });
      },
    };
  }, [conversationId, live, thread, list, client, account, t]);
}

/** Those that are still there. */
const filesOf = ({ attachments }: Message): readonly FileFacts[] =>
  attachments?.filter((file) => !file.is_deleted) ?? [];
