// The process in which sherpa-onnx runs: a model file that is broken ends it, not the server.
import { createOfflineEars, createOnlineEars, type Ear, type Ears } from "./ears.ts";
import { loadSherpa, type OfflineTts } from "./library.ts";
import type { FromChild, ModelCandidate, ToChild } from "./protocol.ts";

let ears: Ears | undefined;
let voice: OfflineTts | undefined;
const hearing = new Map<number, { readonly ear: Ear; text: string }>();

const send = (message: FromChild) => process.send?.(message);

const load = ({ kind, settings }: ModelCandidate): number => {
  const sherpa = loadSherpa();
  if (kind === "speech") {
    voice = new sherpa.OfflineTts(settings);
    return voice.numSpeakers;
  }
  ears =
    kind === "online"
      ? createOnlineEars(new sherpa.OnlineRecognizer(settings))
      : createOfflineEars(new sherpa.OfflineRecognizer(settings));
  return 0;
};

const speak = (job: number, text: string, speaker: number) => {
  const request = { text, sid: speaker, speed: 1, enableExternalBuffer: false };
  const sound = voice?.generate(request);
  const samples = sound?.samples ?? new Float32Array(0);
  send({ type: "sound", job, samples, sampleRateHz: sound?.sampleRate ?? 0 });
};

const hear = (job: number, samples: Int16Array) => {
  const heard = hearing.get(job);
  if (!heard) return;
  const text = heard.ear.push(samples).trim();
  if (text !== "" && text !== heard.text) send({ type: "partial", job, text });
  heard.text = text;
};

const finish = (job: number) => {
  const heard = hearing.get(job);
  if (!heard) return;
  hearing.delete(job);
  send({ type: "final", job, text: heard.ear.finish().trim() });
};

const perform = (message: Exclude<ToChild, { type: "load" }>) => {
  switch (message.type) {
    case "hear":
      if (ears) hearing.set(message.job, { ear: ears.open(), text: "" });
      return;
    case "audio":
      return hear(message.job, message.samples);
    case "end":
      return finish(message.job);
    case "speak":
      return speak(message.job, message.text, message.speaker);
    case "abort":
      hearing.delete(message.job);
      return;
  }
};

process.on("message", (message: ToChild) => {
  try {
    if (message.type === "load") send({ type: "loaded", speakers: load(message.candidate) });
    else perform(message);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (message.type === "load") send({ type: "unable", reason });
    else send({ type: "failed", job: message.job, reason });
  }
});
process.on("disconnect", () => process.exit(0));
