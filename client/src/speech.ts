import { isRecord, unexpectedResponse } from "./errors.ts";
import type { CallOptions, Timeouts } from "./options.ts";
import { within } from "./retry.ts";
import type { Transport } from "./transport.ts";

export type SpeechCalls = ReturnType<typeof speechCalls>;

/** The server's voice and its ears, by the paths and in the form of OpenAI's API. */
export function speechCalls(transport: Transport, { requestMs, replyMs, uploadMs }: Timeouts) {
  return {
    /** A text of at most 4,096 characters, read aloud: a WAV file. Tried once. */
    async say(text: string, { signal }: CallOptions = {}): Promise<Blob> {
      const body = { model: "tts-1", voice: "alloy", input: text, response_format: "wav" };
      const request = { method: "POST", isAtRoot: true, path: "/v1/audio/speech", body } as const;
      const { response, close } = await transport.open({ ...request, signal }, requestMs);
      try {
        return await within(response.blob(), uploadMs, signal);
      } finally {
        close();
      }
    },

    /** The words of a recording, which is a WAV file of at most 25 MiB; "" where none was understood. Tried once. */
    async transcribe(recording: Blob, { signal }: CallOptions = {}): Promise<string> {
      const form = new FormData();
      form.set("file", recording, "recording.wav");
      form.set("model", "whisper-1");
      const path = "/v1/audio/transcriptions";
      const request = { method: "POST", isAtRoot: true, path, form } as const;
      const { response, close } = await transport.open({ ...request, signal }, replyMs);
      try {
        const body: unknown = await within(response.json(), replyMs, signal);
        if (isRecord(body) && typeof body.text === "string") return body.text;
        throw unexpectedResponse("The answer is not the words of a recording", response);
      } finally {
        close();
      }
    },
  };
}
