// Sound to test with: real synthesised speech, silence and noise, all the same on every run.
import { spawnSync } from "node:child_process";
import { createFliteSynthesizer } from "../../src/adapters/speech/flite/index.ts";
import { concatenateSamples } from "../../src/domain/audio/edges.ts";
import { createPcmStream } from "../../src/domain/audio/pcm-stream.ts";
import { parseWavHeader } from "../../src/domain/audio/wav.ts";
import { SAMPLE_RATE_HZ, samplesIn } from "../../src/domain/audio.ts";

const flite = createFliteSynthesizer({ threads: 1 });
const said = new Map<string, Promise<Int16Array>>();

/** Spoken by a voice of flite; the thread behind it does not keep the test running. */
export const sayWithFlite = (text: string, voice = "slt"): Promise<Int16Array> => {
  const key = `${voice}: ${text}`;
  const known = said.get(key);
  if (known) return known;
  const speaking = collect(flite.speak(text, { voice }, new AbortController().signal));
  said.set(key, speaking);
  return speaking;
};

export const collect = async (pieces: AsyncIterable<Int16Array>): Promise<Int16Array> =>
  concatenateSamples(await Array.fromAsync(pieces));

/** Spoken by Debian's espeak-ng, or null where it is not installed. */
export const sayWithEspeak = (text: string, voice = "en-us"): Int16Array | null => {
  const { status, stdout } = spawnSync("espeak-ng", ["-v", voice, "--stdout", text], {
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) return null;
  const header = parseWavHeader(stdout);
  if (header.kind !== "complete") throw new Error("espeak-ng wrote no WAV");
  const stream = createPcmStream(header.format, SAMPLE_RATE_HZ);
  return concatenateSamples([stream.push(stdout.subarray(header.dataOffset)), stream.flush()]);
};

/** Silence of that length before and after, noise of that amplitude all over, the speech louder or softer. */
export const inRoom = (
  speech: Int16Array,
  room: {
    readonly beforeMs?: number;
    readonly afterMs?: number;
    readonly noise?: number;
    readonly gain?: number;
  } = {},
): Int16Array => {
  const { beforeMs = 500, afterMs = 500, noise = 20, gain = 1 } = room;
  const [before, random] = [samplesIn(beforeMs), createRandom(7)];
  const sound = new Int16Array(before + speech.length + samplesIn(afterMs));
  for (let i = 0; i < sound.length; i++) {
    const value = (speech[i - before] ?? 0) * gain + (2 * random() - 1) * noise;
    sound[i] = Math.max(-32_768, Math.min(32_767, Math.round(value)));
  }
  return sound;
};

export const whiteNoise = (durationMs: number, amplitude: number): Int16Array =>
  inRoom(new Int16Array(0), { beforeMs: durationMs, afterMs: 0, noise: amplitude });

/** Numbers from 0 to 1 (a linear congruential generator, constants of Numerical Recipes). */
const createRandom = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
};

/** Cut into pieces of that many samples, the last one perhaps shorter. */
export const chunksOf = (samples: Int16Array, length: number): Int16Array[] =>
  Array.from({ length: Math.ceil(samples.length / length) }, (_, i) =>
    samples.slice(i * length, (i + 1) * length),
  );

/** Root mean square, in decibels below full scale. */
export const loudnessDbfs = (samples: Int16Array): number => {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return 10 * Math.log10(sum / samples.length / 32_768 ** 2);
};
