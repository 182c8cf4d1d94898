import { Hand, Mic, MicOff, PhoneOff } from "lucide-react";
import { type RefObject, useEffect, useId, useRef } from "react";
import { useTranslation } from "react-i18next";
import { Link, useRoute } from "wouter";
import { plainWords } from "../chat/plain-words.ts";
import { Button } from "../ui/button.tsx";
import { wasCovered } from "../ui/covered.ts";
import { LevelMeter } from "./level-meter.tsx";
import { keepScreenOn } from "./screen-on.ts";
import { TypedText } from "./typed-text.tsx";
import { useTalk } from "./use-talk.ts";
import { isHindered, VoiceNotices } from "./voice-notices.tsx";
import styles from "./voice-panel.module.css";
import type { TalkState, VoiceTalk } from "./voice-talk.ts";

type VoicePanelProps = {
  readonly talk: VoiceTalk;
  readonly onStop: () => void;
  readonly onRestart: () => void;
};

/** Stands beside the conversation while one speaks. */
export default function VoicePanel({ talk, onStop, onRestart }: VoicePanelProps) {
  const { t } = useTranslation();
  const heading = useId();
  const panel = useRef<HTMLElement>(null);
  const state = useTalk(talk);
  const { phase, microphone, conversationId } = state;
  const isSpeaking = phase === "speaking";
  const isOver = phase === "over";
  const canHear = !isHindered(state);
  const [isConversation, shown] = useRoute("/c/:conversationId");
  const isElsewhere = (isConversation ? shown.conversationId : null) !== conversationId;

  useEffect(() => panel.current?.focus(), []);
  useRoomBelow(panel);
  useEffect(() => (isOver ? undefined : keepScreenOn()), [isOver]);
  useEffect(() => {
    if (!isSpeaking) return;
    const stopSpeaking = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || event.defaultPrevented || wasCovered()) return;
      event.preventDefault();
      talk.interrupt();
    };
    addEventListener("keydown", stopSpeaking);
    return () => removeEventListener("keydown", stopSpeaking);
  }, [talk, isSpeaking]);

  return (
    <section
      ref={panel}
      className={styles.panel}
      aria-labelledby={heading}
      tabIndex={-1}
      data-keeps-focus
      data-phase={phase}
    >
      <header className={styles.header}>
        <span className={styles.light} aria-hidden />
        <h2 id={heading} className="visually-hidden">
          {t("voice.title")}
        </h2>
        <p role="status" className={styles.phase}>
          {t(`voice.phase.${shownPhase(state)}`)}
        </p>
      </header>
      {isElsewhere && conversationId !== null && (
        <Link className={styles.link} href={`/c/${conversationId}`}>
          {t("voice.elsewhere")}
        </Link>
      )}
      {!isOver && canHear && <LevelMeter talk={talk} />}
      {!isOver && <Captions state={state} canHear={canHear} />}
      <VoiceNotices state={state} onAsk={talk.askAgain} />
      {isOver ? (
        <div className={styles.controls}>
          <Button onClick={onRestart}>{t("voice.again")}</Button>
          <Button look="outlined" onClick={onStop}>
            {t("voice.close")}
          </Button>
        </div>
      ) : (
        <>
          <TypedText talk={talk} />
          <div className={styles.controls}>
            <Button
              look="outlined"
              aria-pressed={microphone === "muted"}
              aria-keyshortcuts="M"
              data-mute
              disabled={microphone !== "on" && microphone !== "muted"}
              onClick={() => talk.mute(microphone === "on")}
            >
              {microphone === "muted" ? (
                <MicOff aria-hidden size={18} />
              ) : (
                <Mic aria-hidden size={18} />
              )}
              {t("voice.mute")}
            </Button>
            <Button
              look="outlined"
              aria-keyshortcuts="Escape"
              disabled={!isSpeaking}
              onClick={talk.interrupt}
            >
              <Hand aria-hidden size={18} />
              {t("voice.interrupt")}
            </Button>
            <Button look="danger" onClick={onStop}>
              <PhoneOff aria-hidden size={18} />
              {t("voice.end")}
            </Button>
          </div>
        </>
      )}
    </section>
  );
}

/** Nobody listens while there is no microphone, or no ear behind it. */
function shownPhase(state: TalkState): string {
  const { phase, microphone } = state;
  if (phase !== "listening") return phase;
  if (isHindered(state)) return "typing";
  return microphone === "on" ? phase : microphone;
}

/** On a narrow page the panel lies over its foot: the page is told how much. */
function useRoomBelow(panel: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const { style } = document.documentElement;
    const element = panel.current;
    if (!element) return;
    const watching = new ResizeObserver(() =>
      style.setProperty("--voice-height", `${element.offsetHeight}px`),
    );
    watching.observe(element);
    return () => {
      watching.disconnect();
      style.removeProperty("--voice-height");
    };
  }, [panel]);
}

/** What was understood, and what is being said. Read aloud they would be heard as speech: they are not. */
function Captions({ state, canHear }: { readonly state: TalkState; readonly canHear: boolean }) {
  const { t } = useTranslation();
  const { words, sentence, phase } = state;
  if (sentence !== null)
    return (
      <p className={styles.caption} data-of="reply">
        {plainWords(sentence)}
      </p>
    );
  if (words && phase !== "listening")
    return (
      <p className={styles.caption} data-final={words.isFinal}>
        {words.text}
      </p>
    );
  if (!canHear) return null;
  return <p className={styles.hint}>{phase === "listening" ? t("voice.hint") : "\u00a0"}</p>;
}
