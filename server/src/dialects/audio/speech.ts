import { Readable } from "node:stream";
import type { FastifyInstance } from "fastify";
import type { FairTurns } from "../../core/voice/fair-turns.ts";
import { readAloud } from "../../core/voice/read-aloud.ts";
import { wavHeader } from "../../domain/audio/wav.ts";
import { toAppError } from "../../domain/errors.ts";
import { openEventStream, unnumberedFrame } from "../../http/sse.ts";
import { whenClosed } from "../../http/when-closed.ts";
import { errorOf, notHere } from "../openai/errors.ts";
import { fieldsOf, invalid, required } from "../openai/fields.ts";
import { sendHeaders } from "../openai/headers.ts";
import type { AudioParts } from "./parts.ts";

const MAX_INPUT_CHARACTERS = 4_096;
const MIN_SPEED = 0.25;
const MAX_SPEED = 4;
/** What this wire's bare PCM has always had. */
const SAMPLE_RATE_HZ = 24_000;
/** The size in the header of a WAV whose end is not known yet: "to the end of the file". */
const SIZE_UNKNOWN_BYTES = 0xffff_ffff - 36;

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  wav: "audio/wav",
  pcm: `audio/pcm;rate=${SAMPLE_RATE_HZ};channels=1`,
};
const MADE = Object.keys(MEDIA_TYPES).join(" and ");

export function speechRoutes(
  app: FastifyInstance,
  { speech }: Pick<AudioParts, "speech">,
  turns: FairTurns,
): void {
  app.post(
    "/v1/audio/speech",
    {
      schema: {
        tags: ["audio"],
        summary: "Read a text aloud",
        description: `\`input\` (at most ${MAX_INPUT_CHARACTERS.toLocaleString("en")} characters), \`voice\`, \`response_format\` (${MADE}), \`speed\` (${MIN_SPEED} to ${MAX_SPEED}), \`stream_format\` (audio or sse). Sound is sent as it is made. Nothing is stored.`,
        produces: ["audio/wav", "audio/pcm", "text/event-stream"],
      },
    },
    async (request, reply) => {
      const { text, voice, speed, format, isSse } = wantedIn(request.body);
      const gone = new AbortController();
      whenClosed(reply.raw, () => gone.abort());
      const sound = readAloud(
        speech.synthesizer,
        turns,
        request.principal,
        { text, voice, speed, sampleRateHz: SAMPLE_RATE_HZ },
        gone.signal,
      );
      // What fails before the first sound is answered with a status.
      const first = await sound.next();
      const pieces = bytesOf(format, first, sound);
      if (!isSse)
        return reply
          .type(MEDIA_TYPES[format] ?? "")
          .send(Readable.from(pieces, { objectMode: false }));
      sendHeaders(reply);
      const stream = openEventStream(reply);
      const send = (event: object) => stream.send(unnumberedFrame(JSON.stringify(event)));
      try {
        for await (const bytes of pieces) {
          if (stream.gone.aborted) return;
          send({ type: "speech.audio.delta", audio: Buffer.from(bytes).toString("base64") });
          await stream.caughtUp();
        }
        const usage = { input_tokens: 0, output_tokens: 0, total_tokens: 0 };
        send({ type: "speech.audio.done", usage });
      } catch (error) {
        send({ type: "error", error: errorOf(toAppError(error)) });
      }
      stream.end("");
    },
  );
}

/** @throws AppError invalid_request */
function wantedIn(body: unknown) {
  const fields = fieldsOf(body);
  const text = required(fields.string("input", { max: MAX_INPUT_CHARACTERS }), "input");
  if (text.trim() === "") throw invalid("input", "input is empty: send the text to be read aloud");
  const format = fields.string("response_format") || "wav";
  if (!Object.hasOwn(MEDIA_TYPES, format))
    throw notHere(
      "response_format",
      `response_format '${format.slice(0, 20)}' is not made here: ask for ${MADE}`,
    );
  const voice = fields.any("voice");
  const named =
    typeof voice === "object" ? fields.object("voice")?.string("id") : fields.string("voice");
  return {
    text,
    voice: named || null,
    speed: fields.number("speed", { min: MIN_SPEED, max: MAX_SPEED }) ?? 1,
    format,
    isSse: fields.oneOf("stream_format", ["audio", "sse"]) === "sse",
  };
}

async function* bytesOf(
  format: string,
  first: IteratorResult<Int16Array, void>,
  rest: AsyncGenerator<Int16Array>,
): AsyncGenerator<Uint8Array> {
  if (format === "wav") yield wavHeader(SIZE_UNKNOWN_BYTES, SAMPLE_RATE_HZ);
  if (first.done) return;
  yield littleEndian(first.value);
  for await (const samples of rest) yield littleEndian(samples);
}

function littleEndian(samples: Int16Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(2 * samples.length));
  for (const [index, sample] of samples.entries()) view.setInt16(2 * index, sample, true);
  return new Uint8Array(view.buffer);
}
