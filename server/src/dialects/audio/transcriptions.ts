import type { FastifyInstance, FastifyReply } from "fastify";
import type { FairTurns } from "../../core/voice/fair-turns.ts";
import { type SpokenPart, transcribeRecording } from "../../core/voice/recordings.ts";
import { AppError, toAppError } from "../../domain/errors.ts";
import { openEventStream, unnumberedFrame } from "../../http/sse.ts";
import { whenClosed } from "../../http/when-closed.ts";
import { errorOf } from "../openai/errors.ts";
import { sendHeaders } from "../openai/headers.ts";
import type { AudioParts } from "./parts.ts";
import {
  type AskedTranscription,
  MAX_FIELDS_BYTES,
  MAX_FILE_BYTES,
  RESPONSE_FORMATS,
  readForm,
  tooLarge,
} from "./transcription-form.ts";

export function transcriptionRoutes(
  app: FastifyInstance,
  { speech }: Pick<AudioParts, "speech">,
  turns: FairTurns,
): void {
  app.post(
    "/v1/audio/transcriptions",
    {
      schema: {
        tags: ["audio"],
        summary: "Write down what is said in a recording",
        description: `A form with the recording in the field \`file\`: WAV, at most ${MAX_FILE_BYTES / 1024 / 1024} MB. Further fields: \`response_format\` (${RESPONSE_FORMATS.join(", ")}), \`stream\`, and as hints \`model\`, \`language\`, \`prompt\`, \`temperature\`. Nothing is stored.`,
        consumes: ["multipart/form-data"],
        produces: ["application/json", "text/plain", "text/event-stream"],
      },
      onRequest: async ({ headers }) => {
        if (Number(headers["content-length"] ?? 0) > MAX_FILE_BYTES + MAX_FIELDS_BYTES)
          throw tooLarge();
        if ((headers["content-encoding"] ?? "identity") !== "identity")
          throw new AppError(
            "unsupported_media_type",
            "Recordings are read as they are sent: leave out Content-Encoding",
          );
      },
    },
    async (request, reply) => {
      const asked = await readForm(request);
      const gone = new AbortController();
      whenClosed(reply.raw, () => gone.abort());
      const parts = transcribeRecording(
        speech.transcriber,
        turns,
        request.principal,
        asked.file,
        gone.signal,
      );
      if (asked.isStreamed) return streamParts(reply, parts);
      return reply.type(typeOf(asked)).send(answerOf(asked, await Array.fromAsync(parts)));
    },
  );
}

async function streamParts(reply: FastifyReply, parts: AsyncGenerator<SpokenPart>): Promise<void> {
  // What fails before the first words is answered with a status.
  const first = await parts.next();
  sendHeaders(reply);
  const stream = openEventStream(reply);
  const send = (event: object) => stream.send(unnumberedFrame(JSON.stringify(event)));
  const said: SpokenPart[] = [];
  const tell = (part: SpokenPart) => {
    const before = textOf(said);
    said.push(part);
    const delta = textOf(said).slice(before.length);
    if (delta) send({ type: "transcript.text.delta", delta });
  };
  try {
    if (!first.done) tell(first.value);
    for await (const part of parts) tell(part);
    send({ type: "transcript.text.done", text: textOf(said), usage: usageOf(said) });
  } catch (error) {
    if (stream.gone.aborted) return;
    send({ type: "error", error: errorOf(toAppError(error)) });
  }
  stream.end("");
}

const textOf = (parts: readonly SpokenPart[]): string =>
  parts
    .map(({ text }) => text)
    .filter(Boolean)
    .join(" ");

const secondsOf = (milliseconds: number): number => Math.round(milliseconds) / 1000;

const durationOf = (parts: readonly SpokenPart[]): number => secondsOf(parts.at(-1)?.toMs ?? 0);

/** Seconds are charged in whole ones. */
const usageOf = (parts: readonly SpokenPart[]) => ({
  type: "duration",
  seconds: Math.ceil(durationOf(parts)),
});

const typeOf = ({ format }: AskedTranscription): string =>
  `${format === "text" ? "text/plain" : "application/json"}; charset=utf-8`;

function answerOf({ format, language }: AskedTranscription, parts: readonly SpokenPart[]): string {
  const text = textOf(parts);
  const usage = usageOf(parts);
  if (format === "text") return `${text}\n`;
  if (format === "json") return JSON.stringify({ text, usage });
  return JSON.stringify({
    task: "transcribe",
    // Undetermined (ISO 639-2): the recogniser does not say.
    language: language ?? "und",
    duration: durationOf(parts),
    text,
    segments: parts.filter((part) => part.text).map((part, id) => ({ id, ...segmentOf(part) })),
    usage,
  });
}

/** With what the reference asks of a segment and no recogniser here tells. */
const segmentOf = ({ fromMs, toMs, text }: SpokenPart) => ({
  seek: Math.round(fromMs / 10),
  start: secondsOf(fromMs),
  end: secondsOf(toMs),
  text,
  tokens: [],
  temperature: 0,
  avg_logprob: 0,
  compression_ratio: 1,
  no_speech_prob: 0,
});
