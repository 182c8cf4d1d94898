import { bytesPerFrame } from "../../domain/audio/pcm.ts";
import { createPcmStream } from "../../domain/audio/pcm-stream.ts";
import { nameForeignBytes } from "../../domain/audio/sniff.ts";
import { beginsWav, parseWavHeader } from "../../domain/audio/wav.ts";
import { millisecondsOf, SAMPLE_RATE_HZ, samplesIn } from "../../domain/audio.ts";
import { AppError } from "../../domain/errors.ts";
import type { Owner } from "../../domain/principal.ts";
import { createPace } from "../../domain/turns-of-the-loop.ts";
import type { Transcriber } from "../../ports/speech.ts";
import { soundOfWav } from "./audio-in.ts";
import type { FairTurns } from "./fair-turns.ts";
import { levelDbfs } from "./level.ts";

/** What was said between two times of a recording, in milliseconds. */
export type SpokenPart = { readonly fromMs: number; readonly toMs: number; readonly text: string };

/** What to do where speech cannot be understood, for the operator. */
export const HOW_TO_HEAR =
  "To install a speech recogniser: 'apt-get install libpocketsphinx3 pocketsphinx-en-us' (basic), or set STT_BASE_URL to an OpenAI-compatible server, or STT_MODEL_DIR to a sherpa-onnx model; then start the server again";

/** A recording is recognised in parts of about this length: recognisers are made for sentences. */
const MIN_PART_MS = 8_000;
const MAX_PART_MS = 25_000;
/** A part ends where this is quietest. */
const PAUSE_MS = 200;
/** Decoded between two turns of the event loop, at most. */
const MAX_DECODED_FRAMES = 4_096;

/**
 * What is said in a recording, part by part as it is recognised. Users take turns after each part. Aborting ends it.
 * @param transcriber null: there is none
 * @param file a whole WAV file
 * @throws AppError invalid_request for what is no such file; unavailable, model_failed
 */
export async function* transcribeRecording(
  transcriber: Transcriber | null,
  turns: FairTurns,
  owner: Owner,
  file: Uint8Array,
  signal: AbortSignal,
): AsyncGenerator<SpokenPart> {
  if (!transcriber)
    throw new AppError(
      "unavailable",
      `This server does not understand speech yet. ${HOW_TO_HEAR}`,
      { isLasting: true },
    );
  await transcriber.ready();
  let fromMs = 0;
  for await (const samples of partsOf(decode(file))) {
    const toMs = fromMs + millisecondsOf(samples.length);
    const endTurn = await turns.take(owner, signal);
    const text = await transcribePart(transcriber, samples, signal).finally(endTurn);
    yield { fromMs, toMs, text };
    fromMs = toMs;
  }
}

async function transcribePart(
  transcriber: Transcriber,
  samples: Int16Array,
  signal: AbortSignal,
): Promise<string> {
  const utterance = transcriber.open(signal);
  utterance.push(samples);
  utterance.end();
  let said = "";
  for await (const { text } of utterance.transcripts) said = text;
  signal.throwIfAborted();
  return said.trim();
}

/** The sound of the file, a little at a time. */
async function* decode(file: Uint8Array): AsyncGenerator<Int16Array> {
  const header = headerOf(file);
  const sound = soundOfWav(file, header.dataOffset, header.dataBytes);
  const stream = createPcmStream(header.format, SAMPLE_RATE_HZ);
  const pieceBytes = MAX_DECODED_FRAMES * bytesPerFrame(header.format);
  const pace = createPace();
  for (let from = 0; from < sound.length; from += pieceBytes) {
    yield stream.push(sound.subarray(from, from + pieceBytes));
    if (pace.isDue()) await pace.pause();
  }
  yield stream.flush();
}

/** @throws AppError invalid_request */
function headerOf(file: Uint8Array) {
  const isWav = file.length > 0 && beginsWav(file);
  const header = isWav ? parseWavHeader(file) : null;
  if (header?.kind === "complete") return header;
  if (header?.kind === "unusable") throw notTaken(`This WAV ${header.reason}`);
  if (header) throw notTaken("This WAV ends before its sound begins: send the whole file");
  const foreign = nameForeignBytes(file, true);
  throw notTaken(
    foreign
      ? `This is ${foreign}, which this server cannot decode: send WAV`
      : "This is not a WAV file: send WAV",
  );
}

const notTaken = (message: string): AppError =>
  new AppError("invalid_request", message, { field: "file" });

/** Cuts sound where somebody pauses. */
async function* partsOf(sound: AsyncIterable<Int16Array>): AsyncGenerator<Int16Array> {
  const held = new Int16Array(samplesIn(MAX_PART_MS));
  let length = 0;
  for await (const samples of sound)
    for (let from = 0; from < samples.length; ) {
      const taken = samples.subarray(from, from + held.length - length);
      held.set(taken, length);
      length += taken.length;
      from += taken.length;
      if (length < held.length) continue;
      const cut = pauseIn(held);
      yield held.slice(0, cut);
      held.copyWithin(0, cut);
      length -= cut;
    }
  if (length > 0) yield held.slice(0, length);
}

/** The middle of the quietest moment of a long piece of sound, in samples. */
function pauseIn(samples: Int16Array): number {
  const width = samplesIn(PAUSE_MS);
  let best = samples.length;
  let quietest = Number.POSITIVE_INFINITY;
  for (let from = samplesIn(MIN_PART_MS); from + width <= samples.length; from += width / 2) {
    const level = levelDbfs(samples.subarray(from, from + width));
    if (level >= quietest) continue;
    quietest = level;
    best = from + width / 2;
  }
  return best;
}
