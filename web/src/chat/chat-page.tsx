import { lazy, Suspense, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useLocation, useSearch } from "wouter";
import { useAgents } from "../agents/use-agents.ts";
import { LIVE, LIVE_SECOND } from "../artifacts/artifact.ts";
import { OpenedProvider, useOpening } from "../artifacts/opened.tsx";
import { CompareChip } from "../compare/compare-chip.tsx";
import { useComparison } from "../compare/use-comparison.ts";
import { tellNotShown } from "../not-shown.tsx";
import { useSession } from "../session/session.tsx";
import { Boundary } from "../ui/boundary.tsx";
import { notify } from "../ui/notices.tsx";
import { useStoredState } from "../ui/stored-state.ts";
import { VoiceButton } from "../voice/voice-button.tsx";
import { wordsOf } from "../words-of.ts";
import { useLiveReply, useUnsentBehind, useWorkspace } from "../workspace.tsx";
import { Announcer } from "./announcer.tsx";
import { useChatActions } from "./chat-actions.ts";
import { ChatHeader } from "./chat-header.tsx";
import styles from "./chat-page.module.css";
import { useChosenModel } from "./choices.tsx";
import { Composer, type ComposerHandle } from "./composer.tsx";
import { FirstRun } from "./first-run.tsx";
import { Greeting, ThingsToTry } from "./first-sight.tsx";
import { FootNote } from "./foot-note.tsx";
import { type LiveReply, NEW } from "./live/live-reply.ts";
import { preloadMarkdown } from "./markdown/markdown.tsx";
import { Problem } from "./problem.tsx";
import { QuoteSelection } from "./reply/quote-selection.tsx";
import { stopReading } from "./reply/reading.ts";
import { rowsOf, withCompared } from "./rows.ts";
import { Thread, type ThreadHandle } from "./thread.tsx";
import { useLastReplyShortcuts } from "./use-last-reply-shortcuts.ts";
import { isGone, useConversation, useThread } from "./use-thread.ts";

/** Of a reply that can be stopped before anything else is said. */
const RUNNING: ReadonlySet<LiveReply["phase"]> = new Set(["sending", "replying"]);
const ArtifactPanel = lazy(() => import("../artifacts/artifact-panel.tsx"));

/** One conversation, or the beginning of a new one. */
export function ChatPage({ conversationId }: { readonly conversationId: string | null }) {
  const { t } = useTranslation();
  const { client } = useSession();
  const { list, tell } = useWorkspace();
  const [location, navigate] = useLocation();
  const asked = new URLSearchParams(useSearch());
  const target = asked.get("m");
  const askedAgent = asked.get("agent");
  const askedProject = conversationId === null ? asked.get("project") : null;
  const key = conversationId ?? NEW;
  const live = useLiveReply(key);
  const behind = useUnsentBehind(key);
  const conversation = useConversation(conversationId);
  const composer = useRef<ComposerHandle>(null);
  const messages = useRef<ThreadHandle>(null);

  const [usualModel, setUsualModel] = useStoredState("model");
  const model = useChosenModel(conversationId ? (conversation.data?.model ?? null) : usualModel);
  const [newAgent, setNewAgent] = useState(askedAgent);
  useEffect(() => {
    if (conversationId === null && askedAgent) setNewAgent(askedAgent);
  }, [conversationId, askedAgent]);
  const agentId = conversationId ? (conversation.data?.agent_id ?? null) : newAgent;
  const { data: agents } = useAgents();
  const ofAgent = agents?.find(({ id }) => id === agentId)?.model ?? null;
  // Its branch is chosen before the thread is loaded.
  const compared = useComparison(conversationId, model.asked ?? ofAgent ?? model.answering);
  const thread = useThread(conversationId);
  const [wantsTemporary, setWantsTemporary] = useState(false);
  // The next new conversation is an ordinary one.
  useEffect(() => {
    if (conversationId !== null) setWantsTemporary(false);
  }, [conversationId]);

  const here = useRef(location);
  here.current = location;
  /** The new conversation has an address. */
  const settle = (id: string) => {
    if (here.current === "/") composer.current?.moveTo(id);
    navigate(`/c/${id}`, { replace: true });
  };
  const actions = useChatActions({
    conversationId,
    choices: {
      ...{ model: model.asked, agentId, projectId: askedProject },
      isTemporary: wantsTemporary,
    },
    onStored: (id) => {
      if (!conversationId && here.current === "/") settle(id);
    },
    onAsked: compared.begins,
    onTakenBack: (unsent) => composer.current?.putBack(unsent),
    onGoOn: () => composer.current?.focus(),
  });
  /** Model and agent belong to the conversation; what a new one begins with is the person's usual choice. */
  const choose = async (choice: { agent_id: string | null } | { model: string | null }) => {
    const before = conversation.data;
    if (!before) return;
    list.put({ ...before, ...choice });
    try {
      list.put(await client.conversations.update(before.id, choice));
      tell({ type: "list" });
    } catch (error) {
      list.put(before);
      notify({ text: t("list.notChanged", { reason: wordsOf(error) }), isProblem: true });
    }
  };

  useEffect(() => {
    // With the thread; where there is none yet, with the first letter: the first load does without it.
    if (conversationId) preloadMarkdown();
    addEventListener("input", preloadMarkdown, { once: true });
    return () => removeEventListener("input", preloadMarkdown);
  }, [conversationId]);
  // What was read aloud of another conversation stops.
  useEffect(() => (conversationId ? stopReading : undefined), [conversationId]);
  const title = conversation.data?.title;
  useEffect(() => {
    document.title = conversationId && title ? `${title} · ${t("app.name")}` : t("app.name");
  }, [conversationId, title, t]);

  const comparedQuestion = compared.comparison?.questionId ?? null;
  const rows = useMemo(
    () => withCompared(rowsOf(thread.data, live, behind), comparedQuestion),
    [thread.data, live, behind, comparedQuestion],
  );
  const isCompared = rows.at(-1)?.kind === "compared";
  const waiting = rows.filter((row) => row.kind === "message" && row.isWaiting).length;
  const isFirstReplying = live !== null && RUNNING.has(live.phase);
  const isReplying = isFirstReplying || (isCompared && compared.isRunning);
  const isBeginning = conversationId === null && !live;
  const stored = thread.data?.messages;
  const chooseModel = (picked: string | null) =>
    conversationId ? void choose({ model: picked }) : setUsualModel(picked);
  useLastReplyShortcuts(live ? undefined : stored?.at(-1), actions, {
    chooseModel,
    write: (text) => composer.current?.putBack({ text, files: [] }),
  });
  const opened = useOpening(key);
  const liveText = live?.text ?? "";
  const isLive = live !== null;
  const second = isCompared ? compared.reply : null;
  const replies = useMemo(() => {
    if (!opened.at) return [];
    const said = (stored ?? []).filter(({ role }) => role === "assistant");
    const texts = said.map(({ id, content }) => ({ id, text: content }));
    // Before the reply beside which it stands: the panel takes the last one for what was being written.
    const at = texts.length - (isLive ? 0 : 1);
    if (second?.message)
      texts.splice(at, 0, { id: second.message.id, text: second.message.content });
    if (second?.live) texts.splice(at, 0, { id: LIVE_SECOND, text: second.live.text });
    return liveText === "" ? texts : [...texts, { id: LIVE, text: liveText }];
  }, [opened.at, stored, isLive, liveText, second]);
  const error = thread.error ?? conversation.error;
  const isMissing = isGone(error);

  return (
    <OpenedProvider value={opened}>
      <div className={styles.both}>
        <main className={styles.page} data-beginning={isBeginning || undefined}>
          <ChatHeader
            conversation={conversation.data ?? null}
            isNew={conversationId === null}
            projectId={askedProject ?? conversation.data?.project_id ?? null}
            model={model.shown}
            ofAgent={ofAgent}
            onModel={chooseModel}
            onCompare={(picked) => {
              compared.want(picked);
              composer.current?.focus();
            }}
            isTemporary={wantsTemporary}
            onTemporary={isBeginning ? setWantsTemporary : null}
          />
          {isBeginning ? (
            <Greeting isTemporary={wantsTemporary} />
          ) : error && !thread.data ? (
            <div className={styles.problem}>
              <Problem
                text={t(isMissing ? "chat.missing" : "chat.notLoaded")}
                reason={isMissing ? null : error.message}
              >
                <Link href="/">{t("chat.beginNew")}</Link>
              </Problem>
            </div>
          ) : (
            <Thread
              ref={messages}
              key={key}
              conversationId={conversationId}
              rows={rows}
              hasOlder={thread.data?.hasOlder ?? false}
              actions={actions}
              compared={compared}
              target={target}
              targetBranch={Number(asked.get("b") ?? 0)}
            />
          )}
          <div className={styles.foot} data-foot>
            <FirstRun />
            {compared.wanted !== null && (
              <CompareChip
                model={compared.wanted}
                onLeave={() => {
                  compared.want(null);
                  composer.current?.focus();
                }}
              />
            )}
            <Composer
              ref={composer}
              place={key}
              isReplying={isReplying}
              isStopping={live?.isStopping ?? false}
              isAwaited={waiting + behind.length > 0}
              onSend={(text, files) => {
                // What is said next goes on with the first answer.
                compared.leave();
                actions.send(text, files);
              }}
              onStop={() => {
                if (isFirstReplying) actions.stop();
                compared.stop();
              }}
              onEditLast={() => {
                const own = stored?.findLast(({ role }) => role === "user");
                if (own) messages.current?.edit(own.id);
              }}
              agentId={agentId}
              onAgent={(picked) =>
                conversationId ? void choose({ agent_id: picked }) : setNewAgent(picked)
              }
              extra={
                <VoiceButton
                  conversationId={conversationId}
                  agentId={newAgent}
                  projectId={askedProject}
                  isTemporary={wantsTemporary}
                  onConversation={settle}
                />
              }
            />
            {!isBeginning && (
              <FootNote
                isReplying={isReplying}
                expiresAt={conversation.data?.expires_at ?? null}
                next={isCompared ? (compared.comparison?.models[0] ?? null) : null}
              />
            )}
          </div>
          {isBeginning && (
            <ThingsToTry
              agentId={agentId}
              onAgent={(picked) => {
                setNewAgent(picked);
                composer.current?.focus();
              }}
              onTry={(text) => composer.current?.putBack({ text, files: [] })}
            />
          )}
          <QuoteSelection onQuote={actions.quote} />
          <Announcer live={live} last={thread.data?.messages.at(-1)} waiting={waiting} />
        </main>
        {opened.at && (
          <Boundary place={key} fallback={null} onFailure={tellNotShown}>
            <Suspense>
              <ArtifactPanel opened={opened} replies={replies} />
            </Suspense>
          </Boundary>
        )}
      </div>
    </OpenedProvider>
  );
}
