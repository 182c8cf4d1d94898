import type { Synthesizer } from "../../../ports/speech.ts";

export type FallbackOptions = {
  /** How long the first engine has for its first sound, before the second takes over. */
  readonly firstSoundTimeoutMs?: number;
  /** After a failure the first engine is left alone for so long. */
  readonly pauseMs?: number;
  readonly nowMs?: () => number;
  /** Called for every failure. */
  readonly onFailure?: (error: unknown) => void;
};

/**
 * Speaks with the first engine; a sentence of which it gives no sound is spoken by the second. One
 * that breaks off later is not begun again in another voice: it rejects.
 */
export const withFallback = (
  primary: Synthesizer,
  embedded: Synthesizer,
  options: FallbackOptions = {},
): Synthesizer => {
  const { firstSoundTimeoutMs = 4_000, pauseMs = 15_000, onFailure = () => {} } = options;
  const nowMs = options.nowMs ?? (() => performance.now());
  let pausedUntilMs = Number.NEGATIVE_INFINITY;
  const failed = (error: unknown) => {
    pausedUntilMs = nowMs() + pauseMs;
    onFailure(error);
  };
  const speakPrimary: Synthesizer["speak"] = async function* (text, voice, signal) {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), firstSoundTimeoutMs);
    try {
      for await (const samples of primary.speak(
        text,
        voice,
        AbortSignal.any([signal, late.signal]),
      )) {
        clearTimeout(timer);
        yield samples;
      }
    } finally {
      clearTimeout(timer);
    }
    if (late.signal.aborted && !signal.aborted)
      throw new Error(`${primary.name} gave no sound within ${firstSoundTimeoutMs} ms`);
  };
  return {
    name: `${primary.name}, else ${embedded.name}`,
    voices: [...new Set([...primary.voices, ...embedded.voices])],
    async ready() {
      await Promise.all([embedded.ready(), primary.ready().catch(failed)]);
    },
    async *speak(text, voice, signal) {
      if (nowMs() >= pausedUntilMs) {
        let hasSpoken = false;
        try {
          for await (const samples of speakPrimary(text, voice, signal)) {
            hasSpoken = true;
            yield samples;
          }
          return;
        } catch (error) {
          failed(error);
          if (hasSpoken) throw error;
        }
      }
      yield* embedded.speak(text, voice, signal);
    },
    async close() {
      await Promise.all([primary.close(), embedded.close()]);
    },
  };
};
