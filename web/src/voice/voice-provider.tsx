import type { Client } from "@colloquy/client";
import { useQueryClient } from "@tanstack/react-query";
import {
  lazy,
  type ReactNode,
  Suspense,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { writeDraft } from "../chat/drafts.ts";
import { listKey, otherListsKey } from "../conversations/list-cache.ts";
import { tellNotShown } from "../not-shown.tsx";
import { useSession } from "../session/session.tsx";
import { IS_DEBUG, SAMPLE_RATE_HZ, VOICE_SOCKET_URL } from "../settings.ts";
import { Boundary } from "../ui/boundary.tsx";
import { notify } from "../ui/notices.tsx";
import { wordsOf } from "../words-of.ts";
import { refusalOf } from "./refusal.ts";
import { TYPED_DRAFT, VoiceContext, type VoiceStart } from "./voice-context.ts";
import type { VoiceTalk } from "./voice-talk.ts";

/** Loaded when somebody is about to speak. Null: it could not be. */
const loadTalk = () => import("./voice-talk.ts").catch(() => null);
const VoicePanel = lazy(() => import("./voice-panel.tsx"));

/** Keeps the one conversation by voice, whichever page is shown meanwhile. */
export function VoiceProvider({ children }: { readonly children: ReactNode }) {
  const { client, key, account } = useSession();
  const queries = useQueryClient();
  const [talk, setTalk] = useState<VoiceTalk | null>(null);
  const current = useRef<VoiceTalk | null>(null);
  const last = useRef<VoiceStart | null>(null);
  /** What was asked for later has the say. */
  const attempt = useRef(0);
  const opener = useRef<Element | null>(null);

  const stop = useCallback(() => {
    attempt.current++;
    current.current?.close();
    current.current = null;
    setTalk(null);
    if (opener.current instanceof HTMLElement) opener.current.focus();
  }, []);

  const start = useCallback(
    async (wanted: VoiceStart, context: AudioContext) => {
      const own = ++attempt.current;
      current.current?.close();
      opener.current = document.activeElement;
      const code = await loadTalk();
      if (!code) {
        tellNotShown();
        return void context.close();
      }
      const begun = await begin(client, wanted);
      if (own !== attempt.current) return void context.close();
      const { conversationId, onConversation } = begun;
      last.current = begun;
      let isNew = conversationId === null;
      const started = code.startTalk({
        context,
        conversationId,
        key,
        url: VOICE_SOCKET_URL,
        sampleRateHz: SAMPLE_RATE_HZ,
        whyRefused: () => refusalOf(client),
        onStored(id) {
          void queries.invalidateQueries({ queryKey: ["messages", id] });
          void queries.invalidateQueries({ queryKey: listKey });
          void queries.invalidateQueries({ queryKey: otherListsKey });
          if (isNew) onConversation(id);
          isNew = false;
        },
        onUnsent: (text) => writeDraft(account, TYPED_DRAFT, text),
        log: (...what) => {
          if (IS_DEBUG) console.debug(...what);
        },
      });
      current.current = started;
      setTalk(started);
    },
    [client, key, queries, account],
  );

  const tryStart = useCallback(
    (wanted: VoiceStart) => {
      const context = new AudioContext({ latencyHint: "interactive" });
      void start(wanted, context).catch((error) => {
        void context.close();
        notify({ text: wordsOf(error), isProblem: true });
      });
    },
    [start],
  );
  const restart = useCallback(() => {
    const conversationId = current.current?.state().conversationId ?? null;
    if (last.current) tryStart({ ...last.current, conversationId });
  }, [tryStart]);

  // Another key, as after the first one was made: what was opened without it is cut.
  const keyInUse = useRef(key);
  useEffect(() => {
    if (keyInUse.current !== key && current.current) restart();
    keyInUse.current = key;
  }, [key, restart]);

  // Whoever leaves, or signs out, speaks no more.
  useEffect(
    () => () => {
      attempt.current++;
      current.current?.close();
    },
    [],
  );

  const voice = useMemo(
    () => ({ talk, start: tryStart, stop, prepare: () => void loadTalk() }),
    [talk, tryStart, stop],
  );
  return (
    <VoiceContext value={voice}>
      {children}
      {talk && (
        <Boundary
          fallback={null}
          onFailure={() => {
            stop();
            tellNotShown();
          }}
        >
          <Suspense fallback={null}>
            <VoicePanel talk={talk} onStop={stop} onRestart={restart} />
          </Suspense>
        </Boundary>
      )}
    </VoiceContext>
  );
}

/** Agents and projects are told of to wire 004 alone, and so is what is temporary: such a conversation is made there. */
async function begin(client: Client, wanted: VoiceStart): Promise<VoiceStart> {
  const { conversationId, agentId, projectId, isTemporary = false, onConversation } = wanted;
  if (conversationId !== null || !(agentId || projectId || isTemporary)) return wanted;
  const { id } = await client.conversations.create({
    ...(agentId && { agent_id: agentId }),
    ...(projectId && { project_id: projectId }),
    ...(isTemporary && { is_temporary: true }),
  });
  onConversation(id);
  return { conversationId: id, onConversation };
}
