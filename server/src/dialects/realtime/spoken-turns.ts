import { type AppError, toAppError } from "../../domain/errors.ts";
import { errorOf } from "../openai/errors.ts";
import type { Tell } from "./events.ts";
import { createHearing, type Hearing } from "./hearing.ts";
import type { Item, Items } from "./items.ts";
import type { RealtimeParts } from "./parts.ts";
import type { SessionSettings } from "./settings.ts";

/** The person's speech as items of the conversation. */
export type SpokenTurns = Hearing & {
  /** Resolves when the words of all that was committed are known, or lost. */
  settled(): Promise<void>;
};

export function createSpokenTurns(
  parts: Pick<RealtimeParts, "clock" | "speech"> & {
    readonly tell: Tell;
    readonly items: Items;
    readonly newItemId: () => string;
    readonly settings: () => SessionSettings;
    readonly add: (item: Item) => void;
    /** The person speaks, over the response if there is one. */
    readonly onStarted: () => void;
    /** And speaks no longer. */
    readonly onStopped: () => void;
    /** It was speech, whose words are not known yet. */
    readonly onCommitted: () => void;
    /** They are known, or lost. */
    readonly onUnderstood: () => void;
    /** The turn was found by its end, and is to be answered. */
    readonly onTurn: () => void;
    readonly onFailure: (error: AppError) => void;
  },
): SpokenTurns {
  const { tell, items, settings, newItemId } = parts;
  /** The item that the speech which goes on will be. */
  let speaking: string | null = null;
  let settled: Promise<void> = Promise.resolve();

  async function understand(
    id: string,
    words: Promise<string>,
    durationMs: number,
    isAnswered: boolean,
  ): Promise<void> {
    const isTold = settings().transcription !== null;
    const at = { item_id: id, content_index: 0 };
    const type = "conversation.item.input_audio_transcription";
    try {
      const said = await words;
      const item = items.get(id);
      const content = [{ type: "input_audio", transcript: isTold ? said : null, said } as const];
      if (item?.type === "message") items.replace({ ...item, content });
      if (isTold) {
        if (said) tell(`${type}.delta`, { ...at, delta: said });
        const usage = { type: "duration", seconds: durationMs / 1000 };
        tell(`${type}.completed`, { ...at, transcript: said, usage });
      }
      if (said && isAnswered) parts.onTurn();
    } catch (problem) {
      const error = toAppError(problem);
      const { message, code, type: kind } = errorOf(error);
      const told = { message, type: kind, ...(code && { code }) };
      if (isTold) tell(`${type}.failed`, { ...at, error: told });
      parts.onFailure(error);
    }
  }

  const hearing = createHearing(parts, settings(), {
    started(atMs) {
      speaking = newItemId();
      tell("input_audio_buffer.speech_started", { audio_start_ms: atMs, item_id: speaking });
      parts.onStarted();
    },
    stopped(atMs) {
      tell("input_audio_buffer.speech_stopped", { audio_end_ms: atMs, item_id: speaking });
      parts.onStopped();
    },
    committed(words, durationMs) {
      const isAnswered = speaking !== null && settings().turnDetection?.createsResponse === true;
      const id = speaking ?? newItemId();
      speaking = null;
      const previous = items.all.at(-1)?.id ?? null;
      tell("input_audio_buffer.committed", { previous_item_id: previous, item_id: id });
      parts.add({
        id,
        type: "message",
        role: "user",
        status: "completed",
        content: [{ type: "input_audio", transcript: null, said: "" }],
      });
      parts.onCommitted();
      const understood = understand(id, words, durationMs, isAnswered).finally(parts.onUnderstood);
      settled = Promise.all([settled, understood]).then(() => {});
    },
  });
  return { ...hearing, settled: () => settled };
}
