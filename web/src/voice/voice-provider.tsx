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
import { useSession } from "../session/session.tsx";
import { IS_DEBUG, SAMPLE_RATE_HZ, VOICE_SOCKET_URL } from "../settings.ts";
import { refusalOf } from "./refusal.ts";
import { TYPED_DRAFT, VoiceContext, type VoiceStart } from "./voice-context.ts";
import type { VoiceTalk } from "./voice-talk.ts";

/** Loaded when somebody is about to speak. */
const loadTalk = () => import("./voice-talk.ts");
const VoicePanel = lazy(() => import("./voice-panel.tsx"));

/** Keeps the one conversation by voice, whichever page is shown meanwhile. */
export function VoiceProvider({ children }: { readonly children: ReactNode }) {
  const { client, key, account } = useSession();
  const queries = useQueryClient();
  const [talk, setTalk] = useState<VoiceTalk | null>(null);
  const current = useRef<VoiceTalk | null>(null);
  const last = useRef<VoiceStart | null>(null);
  const opener = useRef<Element | null>(null);

  const stop = useCallback(() => {
    current.current?.close();
    current.current = null;
    setTalk(null);
    if (opener.current instanceof HTMLElement) opener.current.focus();
  }, []);

  const start = useCallback(
    ({ conversationId, onConversation }: VoiceStart) => {
      current.current?.close();
      opener.current = document.activeElement;
      last.current = { conversationId, onConversation };
      let isNew = conversationId === null;
      const context = new AudioContext({ latencyHint: "interactive" });
      void loadTalk().then(({ startTalk }) => {
        const started = startTalk({
          context,
          conversationId,
          key,
          url: VOICE_SOCKET_URL,
          sampleRateHz: SAMPLE_RATE_HZ,
          whyRefused: () => refusalOf(client),
          onStored(id) {
            void queries.invalidateQueries({ queryKey: ["messages", id] });
            void queries.invalidateQueries({ queryKey: ["conversations"] });
            if (isNew) onConversation(id);
            isNew = false;
          },
          onUnsent: (text) => writeDraft(account.user_id, TYPED_DRAFT, text),
          log: (...what) => {
            if (IS_DEBUG) console.debug(...what);
          },
        });
        current.current = started;
        setTalk(started);
      });
    },
    [client, key, queries, account.user_id],
  );

  const restart = useCallback(() => {
    const conversationId = current.current?.state().conversationId ?? null;
    if (last.current) start({ ...last.current, conversationId });
  }, [start]);

  // Whoever leaves, or signs out, speaks no more.
  useEffect(() => () => current.current?.close(), []);

  const voice = useMemo(
    () => ({ talk, start, stop, prepare: () => void loadTalk() }),
    [talk, start, stop],
  );
  return (
    <VoiceContext value={voice}>
      {children}
      {talk && (
        <Suspense fallback={null}>
          <VoicePanel talk={talk} onStop={stop} onRestart={restart} />
        </Suspense>
      )}
    </VoiceContext>
  );
}
