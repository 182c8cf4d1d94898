import { createResampler } from "./resampler.ts";

/*
 * Runs on the browser's audio thread: microphone in, mono PCM of the wanted rate out, in chunks.
 */

declare const sampleRate: number;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(
  name: string,
  processor: new (options: { processorOptions: CaptureOptions }) => AudioWorkletProcessor,
): void;

export type CaptureOptions = { readonly sampleRateHz: number; readonly chunkSamples: number };

class Capture extends AudioWorkletProcessor {
  readonly #resampler;
  readonly #chunkSamples: number;
  #chunk: Int16Array<ArrayBuffer>;
  #filled = 0;

  constructor({ processorOptions }: { processorOptions: CaptureOptions }) {
    super();
    this.#resampler = createResampler(sampleRate, processorOptions.sampleRateHz);
    this.#chunkSamples = processorOptions.chunkSamples;
    this.#chunk = new Int16Array(this.#chunkSamples);
  }

  /** Called for every 128 samples; true: go on calling. */
  process([channels]: Float32Array[][]): boolean {
    const [first, ...others] = channels ?? [];
    if (!first) return true;
    const mono = first.map((sample, at) => {
      const sum = others.reduce((total, channel) => total + (channel[at] ?? 0), sample);
      return sum / (1 + others.length);
    });
    for (const sample of this.#resampler.push(mono)) {
      this.#chunk[this.#filled++] = Math.max(-1, Math.min(1, sample)) * 32_767;
      if (this.#filled < this.#chunkSamples) continue;
      this.port.postMessage(this.#chunk, [this.#chunk.buffer]);
      this.#chunk = new Int16Array(this.#chunkSamples);
      this.#filled = 0;
    }
    return true;
  }
}

registerProcessor("capture", Capture);
