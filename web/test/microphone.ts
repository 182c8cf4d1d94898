// A microphone for Chromium: it hears a file, from its beginning whenever a page begins to listen.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as pathOf } from "node:path";
import { after } from "node:test";
import { encodeWav } from "../../server/src/domain/audio/wav.ts";
import { SAMPLE_RATE_HZ } from "../../server/src/domain/audio.ts";
import {
  join,
  mix,
  pinkNoise,
  silence,
  speech,
  synthesizer,
} from "../../server/test/voice-sound.ts";

const directory = mkdtempSync(pathOf(tmpdir(), "colloquy-microphone-"));
const file = pathOf(directory, "microphone.wav");

after(async () => {
  rmSync(directory, { recursive: true, force: true });
  await synthesizer.close();
});

/** For the browser that is to have it. */
export const MICROPHONE_ARGS = [
  "--use-fake-device-for-media-stream",
  `--use-file-for-fake-audio-capture=${file}%noloop`,
];

/** A text is spoken, a number is milliseconds of silence; a quiet room is around it all, and after it. */
export async function willHear(...parts: readonly (string | number)[]): Promise<void> {
  const sounds = await Promise.all(
    parts.map((part) => (typeof part === "number" ? silence(part) : speech(part, "slt"))),
  );
  const whole = join(...sounds, silence(30_000));
  const noisy = mix(whole, pinkNoise(whole.length / 16, -55));
  writeFileSync(file, encodeWav(noisy, SAMPLE_RATE_HZ));
}
