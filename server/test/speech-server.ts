// An OpenAI-compatible speech server that does as it is told, faults included.
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { concatenateSamples } from "../src/domain/audio/edges.ts";
import { toFloat32, toInt16 } from "../src/domain/audio/pcm.ts";
import { createResampler } from "../src/domain/audio/resampler.ts";
import { encodeWav, parseWavHeader } from "../src/domain/audio/wav.ts";
import { sine } from "./speech/wave-file.ts";

/** What one request gets instead of an answer. A number is an HTTP status. */
export type Fault = number | "stall" | "cut" | "garbage" | "wrong type" | "reset" | "empty";

export type SpeechRequest = {
  readonly path: string;
  readonly authorization: string | undefined;
  /** Of the form, or of the JSON body. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Samples that were sent to be recognised. */
  readonly sampleCount: number;
};

type Answer = { request: SpeechRequest; response: ServerResponse };

const SPEECH_RATE_HZ = 24_000;

/** Closed by `await using`. */
export const startSpeechServer = async () => {
  const requests: SpeechRequest[] = [];
  /** For the requests to come, one each. */
  const faults: Fault[] = [];
  /** What was said, by the number of samples that are sent. */
  const transcripts = new Map<number, string>();
  const behaviour = {
    /** Answers `stream=true` with events of this dialect; "refuse" with 400. */
    streaming: "no" as "no" | "openai" | "vllm" | "refuse",
    /** How sound is sent: as asked, or stubbornly so. */
    speech: "as asked" as "as asked" | "pcm" | "mp3",
    retryAfter: null as string | null,
    /** Speaks at 16 kHz; a sine as long as the text when absent. */
    speak: null as ((text: string) => Promise<Int16Array>) | null,
  };

  const sendFault = async (fault: Fault, { response }: Answer): Promise<unknown> => {
    if (fault === "stall") return undefined;
    if (fault === "reset") return response.socket?.destroy();
    if (typeof fault === "number") {
      const headers = behaviour.retryAfter ? { "retry-after": behaviour.retryAfter } : {};
      return response.writeHead(fault, headers).end('{"error":{"message":"sk-secret is wrong"}}');
    }
    if (fault === "wrong type")
      return response.writeHead(200, { "content-type": "text/html" }).end("<html>Welcome</html>");
    response.writeHead(200, { "content-type": "application/octet-stream" });
    if (fault === "garbage") return response.end("RIFF but no more of it, and surely no JSON");
    if (fault === "empty") return response.end();
    const wav = encodeWav(
      Int16Array.from(sine(300, 24_000, 400), (s) => s * 20_000),
      24_000,
    );
    response.write(wav.subarray(0, 12_000));
    await delay(30);
    return response.socket?.destroy();
  };

  const sendTranscript = ({ request, response }: Answer): unknown => {
    const text = transcripts.get(request.sampleCount) ?? `${request.sampleCount} samples`;
    const isStreamed = request.fields.stream === "true" && behaviour.streaming !== "no";
    if (isStreamed && behaviour.streaming === "refuse")
      return response.writeHead(400).end('{"error":"stream is not supported"}');
    if (!isStreamed) {
      response.writeHead(200, { "content-type": "application/json" });
      return response.end(JSON.stringify({ text: ` ${text} ` }));
    }
    response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
    for (const delta of text.match(/\S+\s*/g) ?? []) {
      const event =
        behaviour.streaming === "openai"
          ? { type: "transcript.text.delta", delta }
          : { object: "transcription.chunk", choices: [{ delta: { content: delta } }] };
      response.write(`data: ${JSON.stringify(event)}\n\n`);
    }
    const done = { type: "transcript.text.done", text };
    return response.end(
      behaviour.streaming === "openai" ? `data: ${JSON.stringify(done)}\n\n` : "data: [DONE]\n\n",
    );
  };

  const sendSpeech = async ({ request, response }: Answer): Promise<unknown> => {
    if (behaviour.speech === "mp3") {
      response.writeHead(200, { "content-type": "audio/mpeg" });
      return response.end(Buffer.concat([Buffer.from("ID3\x04"), Buffer.alloc(500)]));
    }
    const samples = await soundFor(String(request.fields.input), behaviour.speak);
    const isBare = behaviour.speech === "pcm" || request.fields.response_format === "pcm";
    const file = encodeWav(samples, SPEECH_RATE_HZ);
    // A server that streams does not know the length when it writes the header.
    new DataView(file.buffer).setUint32(40, 0xffffffff, true);
    response.writeHead(200, { "content-type": isBare ? "audio/pcm" : "audio/wav" });
    const bytes = isBare ? file.subarray(44) : file;
    for (let from = 0; from < bytes.length; from += 4_801)
      response.write(bytes.subarray(from, from + 4_801));
    return response.end();
  };

  const server = createServer(async (message, response): Promise<unknown> => {
    const request = await readRequest(message);
    const answer = { request, response };
    if (request.path === "/v1/models") {
      const isRefused = request.authorization === "Bearer wrong";
      return response.writeHead(isRefused ? 401 : 404).end("{}");
    }
    requests.push(request);
    const fault = faults.shift();
    if (fault !== undefined) return sendFault(fault, answer);
    if (request.path === "/v1/audio/transcriptions") return sendTranscript(answer);
    if (request.path === "/v1/audio/speech") return sendSpeech(answer);
    return response.writeHead(404).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;

  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    requests,
    faults,
    transcripts,
    behaviour,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
};

export type SpeechServer = Awaited<ReturnType<typeof startSpeechServer>>;

const soundFor = async (
  text: string,
  speak: ((text: string) => Promise<Int16Array>) | null,
): Promise<Int16Array> => {
  if (!speak) {
    const tone = sine(300, SPEECH_RATE_HZ, 300 + 50 * text.length);
    return Int16Array.from(tone, (sample) => sample * 20_000);
  }
  const resampler = createResampler(16_000, SPEECH_RATE_HZ);
  const samples = [resampler.push(toFloat32(await speak(text))), resampler.flush()];
  return concatenateSamples(samples.map(toInt16));
};

const readRequest = async (message: IncomingMessage): Promise<SpeechRequest> => {
  const body = Buffer.concat(await Array.fromAsync(message as AsyncIterable<Buffer>));
  const { fields, sampleCount } = fieldsOf(message.headers["content-type"] ?? "", body);
  const { authorization } = message.headers;
  return { path: message.url ?? "", authorization, fields, sampleCount };
};

const fieldsOf = (contentType: string, body: Buffer) => {
  const boundary = /boundary=(.+)$/.exec(contentType)?.[1];
  if (!boundary) {
    const isJson = contentType === "application/json";
    return { fields: isJson ? JSON.parse(body.toString()) : {}, sampleCount: 0 };
  }
  const fields: Record<string, string> = {};
  let sampleCount = 0;
  for (const part of body.toString("latin1").split(`--${boundary}`).slice(1, -1)) {
    const [head = "", ...rest] = part.split("\r\n\r\n");
    const content = rest.join("\r\n\r\n").slice(0, -2);
    const name = /name="([^"]+)"/.exec(head)?.[1] ?? "";
    if (!/filename=/.test(head)) fields[name] = content;
    else {
      const header = parseWavHeader(Buffer.from(content, "latin1"));
      if (header.kind !== "complete") throw new Error("no WAV was sent");
      sampleCount = header.dataBytes / 2;
    }
  }
  return { fields, sampleCount };
};
