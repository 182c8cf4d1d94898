import { concatenateSamples, createEdgeTrimmer } from "../../../domain/audio/edges.ts";
import { evenLoudness } from "../../../domain/audio/loudness.ts";
import { createPcmStream } from "../../../domain/audio/pcm-stream.ts";
import { parseWavHeader } from "../../../domain/audio/wav.ts";
import { SAMPLE_RATE_HZ } from "../../../domain/audio.ts";
import { createWasi, ProgramExit, type Wasi } from "./wasi.ts";

/** Reads a piece of text aloud: 16 kHz, even loudness, no silence at the edges. */
export type FliteEngine = {
  speak(text: string, voice: string): Int16Array<ArrayBuffer>;
  /** Does ahead of time what the next call would have to do first. */
  prepare(): void;
};

type Program = { readonly wasi: Wasi; readonly start: () => void };

/** Synchronous, so for a thread of its own. flite is a program: each call is a run of a new instance. */
export const createFliteEngine = (module: WebAssembly.Module): FliteEngine => {
  let next: Program | undefined;
  const engine: FliteEngine = {
    speak(text, voice) {
      const program = next ?? instantiate(module);
      next = undefined;
      program.wasi.setArguments(["flite", "-voice", voice, "-t", text, "-o", "out.wav"]);
      run(program);
      return finish(program.wasi.output);
    },
    prepare() {
      next ??= instantiate(module);
    },
  };
  return engine;
};

/** Copies 20 MB of voices, which is most of what a short sentence costs. */
const instantiate = (module: WebAssembly.Module): Program => {
  const wasi = createWasi();
  const { exports } = new WebAssembly.Instance(module, wasi.imports);
  wasi.attach(exports.memory as WebAssembly.Memory);
  return { wasi, start: exports._start as () => void };
};

const run = (program: Program): void => {
  try {
    program.start();
  } catch (error) {
    if (!(error instanceof ProgramExit) || error.exitCode !== 0) throw error;
  }
};

const finish = (file: Uint8Array): Int16Array<ArrayBuffer> => {
  const header = parseWavHeader(file);
  if (header.kind !== "complete") throw new Error("flite wrote no sound");
  const stream = createPcmStream(header.format, SAMPLE_RATE_HZ);
  const samples = [stream.push(file.subarray(header.dataOffset)), stream.flush()];
  const even = evenLoudness(concatenateSamples(samples));
  const trimmer = createEdgeTrimmer();
  return concatenateSamples([trimmer.push(even), trimmer.flush()]);
};
