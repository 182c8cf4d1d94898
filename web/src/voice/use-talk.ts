import { useSyncExternalStore } from "react";
import type { TalkState, VoiceTalk } from "./voice-talk.ts";

export const useTalk = (talk: VoiceTalk): TalkState =>
  useSyncExternalStore(talk.subscribe, talk.state);
