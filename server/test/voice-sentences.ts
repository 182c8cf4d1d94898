// A client of wire 003 that says sentences one by one, and what came of each.
import { setTimeout as sleep } from "node:timers/promises";
import { wordErrors, wordsOf } from "./speech/words.ts";
import { join, openVoice, soundOf } from "./voice-sound.ts";

export type SpokenTurn = {
  readonly said: string;
  readonly heard: string;
  readonly replied: string;
  readonly sound: Int16Array;
  /** From the last sample said to the first of the reply. */
  readonly latencyMs: number;
};

type Message = { readonly type: string; readonly is_final?: boolean; readonly final?: boolean };

const ALL = ["segments", "vad", "interrupt", "metrics"];

/** Who was not heard in this time will not be. */
const PATIENCE_MS = 8000;

export const isFinal = ({ type, is_final }: Message) => type === "transcript" && is_final === true;
const isAnswer = ({ type }: Message) => type === "ai_response";

/** Says them at the pace of speech, each when the reply to the one before has come. */
export async function sayAll(
  server: { readonly port: number },
  sentences: readonly string[],
  soundFor: (text: string) => Promise<Int16Array>,
) {
  await using voice = await openVoice(server, { user_id: "ada", capabilities: ALL });
  const turns: SpokenTurn[] = [];
  for (const said of sentences) {
    const from = voice.received.length;
    const saidAt = await voice.speak(await soundFor(said));
    const first = await Promise.race([voice.until(isAnswer, from), sleep(PATIENCE_MS, null)]);
    if (!first) {
      turns.push({ said, heard: "", replied: "", sound: join(), latencyMs: PATIENCE_MS });
      continue;
    }
    await voice.until((message) => isAnswer(message) && message.final, from);
    const messages = voice.received.slice(from).map(({ message }) => message);
    const segments = messages.filter(isAnswer);
    turns.push({
      said,
      heard: messages
        .filter(isFinal)
        .map(({ text }) => text)
        .join(" "),
      replied: segments
        .map(({ text }) => text)
        .filter(Boolean)
        .join(" "),
      sound: join(...segments.map(({ audio_data }) => soundOf(audio_data || "A".repeat(60)))),
      latencyMs: first.atMs - saidAt,
    });
    await sleep(Math.max(0, (turns.at(-1)?.sound.length ?? 0) / 16));
    await sleep(600);
  }
  return { conversationId: voice.started.conversation_id as string, turns };
}

/** The share of words that are wrong, of all that were said. */
export function shareOf(pairs: readonly (readonly [said: string, heard: string])[]): number {
  const errors = pairs.reduce((sum, [said, heard]) => sum + wordErrors(said, heard), 0);
  return errors / pairs.reduce((sum, [said]) => sum + wordsOf(said).length, 0);
}
