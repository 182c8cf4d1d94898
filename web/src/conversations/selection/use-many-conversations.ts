import type { ActionResult, Conversation, ConversationAction, Project } from "@colloquy/client";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import { useSession } from "../../session/session.tsx";
import { saveAs } from "../../ui/download.ts";
import { notify } from "../../ui/notices.tsx";
import { wordsOf } from "../../words-of.ts";
import { useWorkspace } from "../../workspace.tsx";
import { UNDO_MS } from "../deletions.ts";

type Conversations = readonly Conversation[];

const idsOf = (conversations: Conversations): string[] => conversations.map(({ id }) => id);

const withArchived = (conversations: Conversations, isArchived: boolean): Conversations =>
  conversations.map(({ is_archived: _, ...others }) =>
    isArchived ? { ...others, is_archived: true } : others,
  );

const withProject = (conversations: Conversations, projectId: string | null): Conversations =>
  conversations.map(({ project_id: _, ...others }) =>
    projectId === null ? others : { ...others, project_id: projectId },
  );

/** What can be done with several conversations at once, with one undo for all of them. */
export function useManyConversations() {
  const { t } = useTranslation();
  const { client } = useSession();
  const { list, deletions, tell } = useWorkspace();
  const [location, navigate] = useLocation();
  return useMemo(() => {
    const leave = (conversations: Conversations) => {
      if (conversations.some(({ id }) => location === `/c/${id}`)) navigate("/");
    };
    const tellFailed = (count: number, reason: string) =>
      notify({ text: t("selection.notDone", { count, reason }), isProblem: true });

    /** Shows them as they are to be, and those where that fails as they were. Gives those where it was done. */
    const change = async (
      action: ConversationAction,
      before: Conversations,
      after: Conversations,
    ): Promise<Conversations> => {
      list.putAll(after);
      let results: readonly ActionResult[];
      try {
        results = await client.conversations.act(action, idsOf(before));
      } catch (error) {
        list.putAll(before);
        tellFailed(before.length, wordsOf(error));
        return [];
      }
      tell({ type: "list" });
      void list.refresh();
      const problems = results.filter(({ done }) => !done);
      if (problems.length === 0) return before;
      const failed = new Set(problems.map(({ id }) => id));
      list.putAll(before.filter(({ id }) => failed.has(id)));
      tellFailed(problems.length, problems[0]?.error?.message ?? "");
      return before.filter(({ id }) => !failed.has(id));
    };
    const setArchived = (conversations: Conversations, isArchived: boolean) =>
      change(
        isArchived ? "archive" : "unarchive",
        conversations,
        withArchived(conversations, isArchived),
      );
    const tellDone = (text: string, undo: () => void) =>
      notify({ text, showMs: UNDO_MS, action: { label: t("list.undo"), run: undo } });

    return {
      async archive(conversations: Conversations): Promise<void> {
        leave(conversations);
        const done = await setArchived(conversations, true);
        if (done.length > 0)
          tellDone(t("selection.archived", { count: done.length }), () => {
            void setArchived(withArchived(done, true), false);
          });
      },

      async unarchive(conversations: Conversations): Promise<void> {
        const done = await setArchived(conversations, false);
        if (done.length > 0)
          tellDone(t("selection.unarchived", { count: done.length }), () => {
            void setArchived(withArchived(done, false), true);
          });
      },

      /** @param project null: out of every project */
      async move(conversations: Conversations, project: Project | null): Promise<void> {
        const to = (moved: Conversations, projectId: string | null) =>
          change({ move: projectId }, moved, withProject(moved, projectId));
        const done = await to(conversations, project?.id ?? null);
        if (done.length === 0) return;
        const count = done.length;
        const text = project
          ? t("projects.moved", { count, name: project.name })
          : t("projects.movedOut", { count });
        tellDone(text, () => {
          const places = new Set(done.map(({ project_id }) => project_id ?? null));
          for (const place of places) {
            const back = done.filter(({ project_id }) => (project_id ?? null) === place);
            void to(withProject(back, project?.id ?? null), place);
          }
        });
      },

      delete(conversations: Conversations): void {
        leave(conversations);
        const undo = deletions.delete(idsOf(conversations));
        tellDone(t("selection.deleted", { count: conversations.length }), undo);
      },

      async export(conversations: Conversations): Promise<void> {
        try {
          const day = new Date().toISOString().slice(0, 10);
          saveAs(
            `conversations-${day}.json`,
            await client.conversations.exportJson(idsOf(conversations)),
          );
        } catch (error) {
          notify({ text: t("list.notExported", { reason: wordsOf(error) }), isProblem: true });
        }
      },
    };
  }, [client, list, deletions, tell, t, location, navigate]);
}
