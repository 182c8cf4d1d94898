import { AudioLines } from "lucide-react";
import { useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { IconButton } from "../ui/button.tsx";
import styles from "./voice-button.module.css";
import { useVoice, type VoiceStart } from "./voice-context.ts";

const never = () => () => {};

/** Begins to speak in that conversation (null: a new one), and ends it again. */
export function VoiceButton(start: VoiceStart) {
  const { t } = useTranslation();
  const { talk, ...voice } = useVoice();
  const state = useSyncExternalStore(talk?.subscribe ?? never, () => talk?.state() ?? null);
  const isHere = state?.conversationId === start.conversationId;
  return (
    <IconButton
      className={styles.button}
      label={t(isHere ? "voice.end" : "voice.start")}
      aria-pressed={isHere}
      aria-keyshortcuts="V"
      data-voice
      data-speaking={(isHere && state?.phase !== "over") || undefined}
      onPointerEnter={voice.prepare}
      onFocus={voice.prepare}
      onClick={() => (isHere ? voice.stop() : voice.start(start))}
    >
      <AudioLines aria-hidden size={20} />
    </IconButton>
  );
}
