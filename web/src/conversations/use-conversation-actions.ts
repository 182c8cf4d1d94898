import type { Conversation } from "@colloquy/client";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import { printConversation } from "../reading/print-conversation.tsx";
import { useSession } from "../session/session.tsx";
import { notify } from "../ui/notices.tsx";
import { wordsOf } from "../words-of.ts";
import { useWorkspace } from "../workspace.tsx";
import { UNDO_MS } from "./deletions.ts";
import { type ExportFormat, exportConversation } from "./export.ts";

/** What can be done with a whole conversation. */
export function useConversationActions() {
  const { t } = useTranslation();
  const { client } = useSession();
  const { list, deletions, tell } = useWorkspace();
  const [location, navigate] = useLocation();
  return useMemo(() => {
    const change = async (conversation: Conversation, patch: Partial<Conversation>) => {
      list.put({ ...conversation, ...patch });
      try {
        const { title, is_pinned } = patch;
        list.put(await client.conversations.update(conversation.id, { title, is_pinned }));
        tell({ type: "list" });
      } catch (error) {
        list.put(conversation);
        notify({ text: t("list.notChanged", { reason: wordsOf(error) }), isProblem: true });
      }
    };
    const setArchived = async (conversation: Conversation, isArchived: boolean) => {
      const { is_archived: _, ...others } = conversation;
      list.put(isArchived ? { ...others, is_archived: true } : others);
      try {
        list.put(await client.conversations.update(conversation.id, { is_archived: isArchived }));
        tell({ type: "list" });
        return true;
      } catch (error) {
        list.put(conversation);
        notify({ text: t("list.notChanged", { reason: wordsOf(error) }), isProblem: true });
        return false;
      }
    };
    return {
      pin: (conversation: Conversation) =>
        change(conversation, { is_pinned: !conversation.is_pinned }),

      rename: (conversation: Conversation, title: string) => change(conversation, { title }),

      async archive(conversation: Conversation): Promise<void> {
        if (!(await setArchived(conversation, true))) return;
        const { id, title } = conversation;
        if (location === `/c/${id}`) navigate("/");
        notify({
          text: t("list.archived", { title }),
          showMs: UNDO_MS,
          action: { label: t("list.undo"), run: () => void setArchived(conversation, false) },
        });
      },

      async unarchive(conversation: Conversation): Promise<void> {
        if (await setArchived(conversation, false))
          notify({ text: t("list.unarchived", { title: conversation.title }) });
      },

      delete({ id, title }: Conversation): void {
        const undo = deletions.delete([id]);
        if (location === `/c/${id}`) navigate("/");
        notify({
          text: t("list.deleted", { title }),
          showMs: UNDO_MS,
          action: { label: t("list.undo"), run: undo },
        });
      },

      async print(conversation: Conversation): Promise<void> {
        try {
          await printConversation(client, conversation);
        } catch (error) {
          notify({ text: t("print.notPrinted", { reason: wordsOf(error) }), isProblem: true });
        }
      },

      async export(conversation: Conversation, format: ExportFormat): Promise<void> {
        try {
          await exportConversation(client, conversation, format);
        } catch (error) {
          notify({ text: t("list.notExported", { reason: wordsOf(error) }), isProblem: true });
        }
      },
    };
  }, [client, list, deletions, tell, t, location, navigate]);
}
