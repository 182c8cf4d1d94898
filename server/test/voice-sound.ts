// Sound for tests of the voice wire: spoken by flite, silence, noise, and a client that sends it in real time.
import { setTimeout as sleep } from "node:timers/promises";
import { createFliteSynthesizer } from "../src/adapters/speech/flite/index.ts";
import { encodeWav } from "../src/domain/audio/wav.ts";
import { SAMPLE_RATE_HZ, samplesIn } from "../src/domain/audio.ts";
import { openSocket } from "./socket-client.ts";

export const synthesizer = createFliteSynthesizer();

const known = new Map<string, Promise<Int16Array>>();

/** Those words, spoken; no silence at the edges. */
export function speech(text: string, voice = "rms"): Promise<Int16Array> {
  const key = `${voice}: ${text}`;
  const sound = known.get(key) ?? spoken(text, voice);
  known.set(key, sound);
  return sound;
}

async function spoken(text: string, voice: string): Promise<Int16Array> {
  const pieces: Int16Array[] = [];
  const { signal } = new AbortController();
  for await (const piece of synthesizer.speak(text, { voice }, signal)) pieces.push(piece);
  return join(...pieces);
}

export const silence = (milliseconds: number): Int16Array =>
  new Int16Array(samplesIn(milliseconds));

/** Pink noise (Paul Kellet's filter) from a fixed seed, at about that level. */
export function pinkNoise(milliseconds: number, dbfs: number): Int16Array {
  let seed = 1;
  const white = () => {
    seed = (seed * 16_807) % 2_147_483_647;
    return (seed / 2_147_483_647) * 2 - 1;
  };
  const memory = [0, 0, 0];
  const values = Float64Array.from({ length: samplesIn(milliseconds) }, () => {
    const value = white();
    memory[0] = 0.99765 * memory[0]! + value * 0.099046;
    memory[1] = 0.963 * memory[1]! + value * 0.2965164;
    memory[2] = 0.57 * memory[2]! + value * 1.0526913;
    return memory[0] + memory[1] + memory[2] + value * 0.1848;
  });
  const power = values.reduce((sum, value) => sum + value * value, 0) / values.length;
  const gain = (10 ** (dbfs / 20) * 32_767) / Math.sqrt(power);
  return Int16Array.from(values, (value) => Math.max(-32_768, Math.min(32_767, value * gain)));
}

export function join(...pieces: readonly Int16Array[]): Int16Array {
  const joined = new Int16Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let offset = 0;
  for (const piece of pieces) {
    joined.set(piece, offset);
    offset += piece.length;
  }
  return joined;
}

/** The one over the other, as a microphone hears both. */
export const mix = (first: Int16Array, second: Int16Array): Int16Array =>
  first.map((sample, at) => Math.max(-32_768, Math.min(32_767, sample + (second[at] ?? 0))));

export const wavBase64 = (samples: Int16Array): string =>
  Buffer.from(encodeWav(samples, SAMPLE_RATE_HZ)).toString("base64");

export type Received = {
  readonly atMs: number;
  // biome-ignore lint/suspicious/noExplicitAny: a test says by its assertions what it expects
  readonly message: any;
};

export type Voice = Awaited<ReturnType<typeof openVoice>>;

/** A client of wire 003 that has begun a conversation and has a microphone that never stops. */
export async function openVoice(server: { readonly port: number }, start: object = {}) {
  const talk = await openSocket(server, "/ws");
  const received: Received[] = [];
  let changed = Promise.withResolvers<void>();
  void (async () => {
    for (;;) {
      const message = await talk.next();
      received.push({ atMs: performance.now(), message });
      changed.resolve();
      changed = Promise.withResolvers();
    }
  })();
  /** The first message of which that is true, now or later, from the given place on. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  async function until(is: (message: any) => boolean, from = 0): Promise<Received> {
    for (;;) {
      const found = received.slice(from).find(({ message }) => is(message));
      if (found) return found;
      await changed.promise;
    }
  }
  talk.say({ type: "start_conversation", ...start });
  const started = await until(({ type }) => type !== "connection_established");
  const toSay: { sound: Int16Array; said: (atMs: number) => void }[] = [];
  const closing = new AbortController();

  /** Sends a chunk when it is time, of what is to be said or of silence. */
  async function microphone(chunkMs: number) {
    let due = performance.now();
    let current: { sound: Int16Array; said: (atMs: number) => void } | undefined;
    let used = 0;
    while (!closing.signal.aborted) {
      const chunk = new Int16Array(samplesIn(chunkMs));
      let filled = 0;
      const ended: (() => void)[] = [];
      while (filled < chunk.length) {
        if (!current) {
          current = toSay.shift();
          used = 0;
        }
        if (!current) break;
        const part = current.sound.subarray(used, used + chunk.length - filled);
        chunk.set(part, filled);
        filled += part.length;
        used += part.length;
        if (used < current.sound.length) continue;
        const { said } = current;
        const beforeEndMs = ((chunk.length - filled) * 1000) / SAMPLE_RATE_HZ;
        ended.push(() => said(performance.now() - beforeEndMs));
        current = undefined;
      }
      due += chunkMs;
      await sleep(Math.max(0, due - performance.now()), undefined, { signal: closing.signal });
      talk.say({ type: "audio_chunk", audio_data: wavBase64(chunk) });
      for (const tell of ended) tell();
    }
  }
  const listening = microphone(32).catch(() => {});

  return {
    talk,
    received,
    until,
    started: started.message,
    /** Says that into the microphone; gives when its last sample was sent. */
    speak: (sound: Int16Array) =>
      new Promise<number>((said) => {
        toSay.push({ sound, said });
      }),
    transcripts: () =>
      received.flatMap(({ message }) => (message.type === "transcript" ? [message] : [])),
    async [Symbol.asyncDispose]() {
      closing.abort();
      await listening;
      await talk[Symbol.asyncDispose]();
    },
  };
}

/** The sound of an ai_response. */
export function soundOf(audioData: string): Int16Array {
  const bytes = Buffer.from(audioData, "base64");
  return Int16Array.from({ length: (bytes.length - 44) / 2 }, (_, at) =>
    bytes.readInt16LE(44 + 2 * at),
  );
}
