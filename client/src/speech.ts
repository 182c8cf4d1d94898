import type { CallOptions, Timeouts } from "./options.ts";
import { within } from "./retry.ts";
import type { Transport } from "./transport.ts";

export type SpeechCalls = ReturnType<typeof speechCalls>;

/** The server's voice, by the path and in the form of OpenAI's API. */
export function speechCalls(transport: Transport, { requestMs, uploadMs }: Timeouts) {
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
  };
}
