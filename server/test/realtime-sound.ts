// Sound as the Realtime wire takes and gives it.
import { createPcmStream } from "../src/domain/audio/pcm-stream.ts";
import { createSoundOut, type SoundFormat } from "../src/domain/audio/sound-out.ts";
import { SAMPLE_RATE_HZ } from "../src/domain/audio.ts";
import type { Event, Realtime } from "./realtime-client.ts";
import { join, silence, speech } from "./voice-sound.ts";

const PCM: SoundFormat = { sampleRateHz: 24_000, encoding: "s16" };

/** 16 kHz sound in that format, in base64. */
export function encoded(sound: Int16Array, format: SoundFormat = PCM): string {
  const out = createSoundOut(SAMPLE_RATE_HZ, format);
  return Buffer.concat([out.push(sound), out.flush()]).toString("base64");
}

/** 16 kHz sound of what came in that format. */
export function decoded(events: readonly Event[], format: SoundFormat = PCM): Int16Array {
  const stream = createPcmStream({ ...format, channels: 1 }, SAMPLE_RATE_HZ);
  const bytes = events.flatMap(({ type, delta }) =>
    type === "response.output_audio.delta" ? [Buffer.from(delta, "base64")] : [],
  );
  return join(stream.push(Buffer.concat(bytes)), stream.flush());
}

/** Appends those words, spoken, with the silence after them that ends a turn, faster than anybody speaks. */
export async function speakTo(talk: Realtime, text: string, format?: SoundFormat): Promise<void> {
  append(talk, join(silence(300), await speech(text), silence(1500)), format);
}

/** In events of a tenth of a second. */
export function append(talk: Realtime, sound: Int16Array, format?: SoundFormat): void {
  const bytes = Buffer.from(encoded(sound, format), "base64");
  for (let from = 0; from < bytes.length; from += 4800)
    talk.say({
      type: "input_audio_buffer.append",
      audio: bytes.subarray(from, from + 4800).toString("base64"),
    });
}
