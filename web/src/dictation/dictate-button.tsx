import { Mic } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { tellNotShown } from "../not-shown.tsx";
import { useSession } from "../session/session.tsx";
import { IconButton } from "../ui/button.tsx";
import { useVoice } from "../voice/voice-context.ts";
import styles from "./dictate-button.module.css";
import type { Dictation, DictationState, OnWords, Spot } from "./dictation.ts";

/** Loaded when somebody is about to dictate. Null: it could not be. */
const loadDictation = () => import("./dictation.ts").catch(() => null);

const OVER: DictationState = { phase: "over", told: "" };

/** Begins to write down what is said, and ends it again; what was said is then in the field, and not sent. */
export function DictateButton({
  spot,
  onWords,
}: {
  /** Where the words belong. Another one ends what is being said. */
  readonly spot: Spot;
  readonly onWords: OnWords;
}) {
  const { t } = useTranslation();
  const { account, client } = useSession();
  const { talk } = useVoice();
  const [{ phase, told }, setState] = useState(OVER);
  const button = useRef<HTMLButtonElement>(null);
  const current = useRef<Dictation | null>(null);
  const leaving = useRef(new AbortController());
  const latest = useRef({ spot, onWords });
  latest.current = { spot, onWords };

  const start = async () => {
    const { spot: own } = latest.current;
    const { signal } = leaving.current;
    const context = new AudioContext();
    setState({ phase: "asking", told: "" });
    const code = await loadDictation();
    if (!code || signal.aborted || own !== latest.current.spot) {
      void context.close();
      setState(OVER);
      return code ? undefined : tellNotShown();
    }
    current.current = code.startDictation({
      client,
      context,
      signal,
      spot: own,
      onState: setState,
      onLevel: (level) => button.current?.style.setProperty("--level", level.toFixed(2)),
      onWords: (...words) => latest.current.onWords(...words),
      onAskAgain: () => void start(),
    });
  };

  // Whoever leaves, or signs out, dictates no more.
  useEffect(() => {
    leaving.current = new AbortController();
    return () => leaving.current.abort();
  }, []);
  // What is said to one conversation is not written into another, and not heard by two.
  useEffect(() => {
    if (talk || current.current?.spot !== spot) current.current?.finish();
  }, [spot, talk]);

  if (!account.can_hear || talk) return null;
  const isRecording = phase === "asking" || phase === "listening";
  return (
    <>
      <span className={styles.status} aria-live="polite" data-phase={phase}>
        <span className={phase === "over" ? "visually-hidden" : undefined}>{told}</span>
      </span>
      <IconButton
        ref={button}
        className={styles.button}
        label={t("dictation.start")}
        aria-pressed={isRecording}
        aria-disabled={phase === "writing"}
        aria-keyshortcuts={isRecording ? "Escape" : undefined}
        data-dictate={phase}
        onPointerEnter={loadDictation}
        onFocus={loadDictation}
        onClick={() => {
          if (isRecording) current.current?.finish();
          else if (phase === "over") void start();
        }}
      >
        <Mic aria-hidden size={20} />
      </IconButton>
    </>
  );
}
