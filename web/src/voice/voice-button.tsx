import { AudioLines } from "lucide-react";
import { useTranslation } from "react-i18next";
import { IconButton } from "../ui/button.tsx";
import { useVoice, type VoiceStart } from "./voice-context.ts";

/** Begins to speak in that conversation (null: a new one), and ends it again. */
export function VoiceButton(start: VoiceStart) {
  const { t } = useTranslation();
  const voice = useVoice();
  const isHere = voice.talk?.state().conversationId === start.conversationId;
  return (
    <IconButton
      label={t(isHere ? "voice.end" : "voice.start")}
      aria-pressed={isHere}
      onPointerEnter={voice.prepare}
      onFocus={voice.prepare}
      onClick={() => (isHere ? voice.stop() : voice.start(start))}
    >
      <AudioLines aria-hidden size={20} />
    </IconButton>
  );
}
