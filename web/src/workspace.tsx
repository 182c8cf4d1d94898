import { useQueryClient } from "@tanstack/react-query";
import i18next from "i18next";
import {
  createContext,
  type ReactNode,
  useContext,
  useEffect,
  useState,
  useSyncExternalStore,
} from "react";
import { useLocation } from "wouter";
import { questionsKey } from "./asks/use-questions.ts";
import { readDraft, withUnsent, writeDraft } from "./chat/drafts.ts";
import { createLiveReplies, type LiveReplies } from "./chat/live/live-replies.ts";
import type { LiveReply } from "./chat/live/live-reply.ts";
import { createThreadCache, type ThreadCache, threadKey } from "./chat/thread-cache.ts";
import { createDeletions, type Deletions, deleteAll } from "./conversations/deletions.ts";
import {
  conversationKey,
  createListCache,
  type ListCache,
  listKey,
  otherListsKey,
} from "./conversations/list-cache.ts";
import { openTabs, type TabNews } from "./conversations/tabs.ts";
import { createLongAnswers, useNotificationPath } from "./install/long-answers.ts";
import { projectsKey } from "./projects/use-projects.ts";
import { useSession } from "./session/session.tsx";
import { notify } from "./ui/notices.tsx";
import { wordsOf } from "./words-of.ts";

/** What lives as long as somebody is in, whatever page is shown. */
export type Workspace = {
  readonly live: LiveReplies;
  readonly thread: ThreadCache;
  readonly list: ListCache;
  readonly deletions: Deletions;
  /** Tells the user's other tabs. */
  readonly tell: (news: TabNews) => void;
};

/** Three exchanges: the server does not name a conversation later than that. */
const MAX_MESSAGES_UNNAMED = 6;

const WorkspaceContext = createContext<Workspace | null>(null);

export function useWorkspace(): Workspace {
  const workspace = useContext(WorkspaceContext);
  if (!workspace) throw new Error("useWorkspace is for what stands inside WorkspaceProvider");
  return workspace;
}

export function useLiveReply(key: string): LiveReply | null {
  const { live } = useWorkspace();
  return useSyncExternalStore(live.subscribe, () => live.get(key));
}

/** The messages behind the reply that runs which have not reached the server. */
export function useUnsentBehind(key: string): readonly LiveReply[] {
  const { live } = useWorkspace();
  return useSyncExternalStore(live.subscribe, () => live.behind(key));
}

export function WorkspaceProvider({ children }: { readonly children: ReactNode }) {
  const { client, account } = useSession();
  const queries = useQueryClient();
  const [workspace, setWorkspace] = useState<Workspace | null>(null);
  const [, navigate] = useLocation();
  useNotificationPath(navigate);

  useEffect(() => {
    const thread = createThreadCache(client, queries);
    const list = createListCache(client, queries);
    const tabs = openTabs(account, (news) => {
      if (news.type === "questions")
        return void queries.invalidateQueries({ queryKey: questionsKey });
      void queries.invalidateQueries({ queryKey: listKey });
      void queries.invalidateQueries({ queryKey: otherListsKey });
      if (news.type === "list") {
        void queries.invalidateQueries({ queryKey: projectsKey });
        return void queries.invalidateQueries({ queryKey: ["conversation"] });
      }
      void queries.invalidateQueries({ queryKey: threadKey(news.conversationId) });
      void queries.invalidateQueries({ queryKey: conversationKey(news.conversationId) });
    });
    const leaving = new AbortController();
    const longAnswers = createLongAnswers(navigate);
    /** A model may name a conversation after one of its first exchanges. */
    const takeTitle = async (conversationId: string): Promise<void> => {
      if ((thread.read(conversationId)?.messages.length ?? 0) > MAX_MESSAGES_UNNAMED) return;
      const { signal } = leaving;
      const named = await client.conversations.named(conversationId, { signal }).catch(() => null);
      if (!named || signal.aborted || !queries.getQueryData(conversationKey(named.id))) return;
      list.put(named);
      tabs.tell({ type: "list" });
    };
    const refreshQuestions = (): void => {
      void queries.invalidateQueries({ queryKey: questionsKey });
      tabs.tell({ type: "questions" });
    };
    const live = createLiveReplies({
      client,
      cache: thread,
      onTurn(conversationId, step) {
        if (step === "asked") return refreshQuestions();
        longAnswers.note(conversationId, step);
        if (step === "started") {
          tabs.tell({ type: "turn", conversationId });
          list.said(conversationId);
        }
        void list.refresh();
        // A message ends what waits before it.
        if (queries.getQueryData<unknown[]>(questionsKey)?.length) refreshQuestions();
        if (step === "ended") void takeTitle(conversationId);
      },
      onUnsent(place, text) {
        const since = readDraft(account, place);
        const both = withUnsent(text, since);
        writeDraft(account, place, both);
        return () => {
          if (readDraft(account, place) === both) writeDraft(account, place, since);
        };
      },
    });
    const deletions = createDeletions(async (conversationIds, isLeaving) => {
      try {
        await deleteAll(client, conversationIds, isLeaving);
        list.removeAll(conversationIds);
        tabs.tell({ type: "list" });
      } catch (error) {
        void list.refresh();
        notify({ text: i18next.t("list.notDeleted", { reason: wordsOf(error) }), isProblem: true });
      }
    });
    setWorkspace({ live, thread, list, deletions, tell: tabs.tell });
    return () => {
      leaving.abort();
      live.close();
      deletions.close();
      tabs.close();
    };
  }, [client, account, queries, navigate]);

  return (
    workspace && <WorkspaceContext.Provider value={workspace}>{children}</WorkspaceContext.Provider>
  );
}
