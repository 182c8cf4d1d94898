// The process in which pocketsphinx runs: a model that breaks it ends this process, not the server.
import { createDecoder, type Decoder } from "./decoder.ts";
import type { FromChild, ToChild } from "./protocol.ts";

/** Sound is decoded in pieces of 100 ms, so that what is said meanwhile is heard in between. */
const PIECE_SAMPLES = 1_600;
/** Partial transcripts at most every so much sound. */
const PARTIAL_SAMPLES = 3_200;

let decoder: Decoder | undefined;
/** The utterance that is being heard. */
let utterance: number | null = null;
let waiting: Int16Array[] = [];
let hasEnded = false;
let isWorking = false;
let lastText = "";
let sinceLastText = 0;

const send = (message: FromChild) => process.send?.(message);

const tellWords = (heard: number, samples: number) => {
  sinceLastText += samples;
  if (sinceLastText < PARTIAL_SAMPLES) return;
  sinceLastText = 0;
  if (hasEnded) {
    send({ type: "busy", utterance: heard });
    return;
  }
  const text = decoder?.words() ?? "";
  if (text !== "" && text !== lastText) send({ type: "partial", utterance: heard, text });
  lastText = text;
};

const work = () => {
  isWorking = false;
  if (utterance === null || !decoder) return;
  const [piece] = waiting;
  if (piece) {
    decoder.push(piece.subarray(0, PIECE_SAMPLES));
    if (piece.length > PIECE_SAMPLES) waiting[0] = piece.subarray(PIECE_SAMPLES);
    else waiting.shift();
    tellWords(utterance, Math.min(piece.length, PIECE_SAMPLES));
    schedule();
  } else if (hasEnded) {
    const ended = utterance;
    utterance = null;
    send({ type: "final", utterance: ended, text: decoder.finish() });
  }
};

const schedule = () => {
  if (isWorking) return;
  isWorking = true;
  setImmediate(work);
};

const reset = (next: number | null) => {
  utterance = next;
  waiting = [];
  hasEnded = false;
  lastText = "";
  sinceLastText = 0;
  decoder?.start();
};

process.on("message", (message: ToChild) => {
  switch (message.type) {
    case "load":
      try {
        decoder = createDecoder(message.paths);
        send({ type: "loaded" });
      } catch (error) {
        send({ type: "unable", reason: error instanceof Error ? error.message : String(error) });
      }
      return;
    case "open":
      return reset(message.utterance);
    case "audio":
      waiting.push(message.samples);
      return schedule();
    case "end":
      hasEnded = true;
      return schedule();
    case "abort":
      if (message.utterance !== utterance) return;
      reset(null);
      send({ type: "aborted", utterance: message.utterance });
      return;
  }
});
// Without the server there is nobody to hear for.
process.on("disconnect", () => process.exit(0));
