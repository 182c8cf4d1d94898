import type { CaptureOptions } from "./capture.worklet.ts";
import captureUrl from "./capture.worklet.ts?worker&url";
import type { Sound } from "./sound.ts";

/** Why nothing can be recorded. */
export type MicrophoneProblem =
  /** The person, or a rule of the browser, said no. */
  | "refused"
  | "missing"
  /** Another program has it, or the system keeps it. */
  | "busy"
  /** Browsers lend it only to pages that came over https or from the same machine. */
  | "insecure"
  /** The browser lent it, and what records could not be started. */
  | "failed";

export type Microphone = {
  /** While muted, nothing is recorded. */
  mute(isMuted: boolean): void;
  close(): void;
};

const CHUNK_MS = 32;

/**
 * Asks for the microphone and records.
 * @param onEnd told when it is taken away: unplugged, or the permission withdrawn
 */
export async function openMicrophone(
  context: AudioContext,
  sampleRateHz: number,
  onSound: (sound: Sound) => void,
  onEnd: () => void,
): Promise<Microphone | MicrophoneProblem> {
  if (!navigator.mediaDevices?.getUserMedia || !context.audioWorklet) return "insecure";
  let stream: MediaStream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({
      audio: {
        echoCancellation: true,
        noiseSuppression: true,
        autoGainControl: true,
        channelCount: 1,
      },
    });
  } catch (error) {
    return problemOf(error);
  }
  try {
    return await record(context, stream, sampleRateHz, onSound, onEnd);
  } catch {
    release(stream);
    return "failed";
  }
}

/** @throws where it cannot, as when the context was closed while the person was being asked */
async function record(
  context: AudioContext,
  stream: MediaStream,
  sampleRateHz: number,
  onSound: (sound: Sound) => void,
  onEnd: () => void,
): Promise<Microphone> {
  if (context.state === "closed") throw new Error("The context is closed");
  await context.audioWorklet.addModule(captureUrl);
  const source = context.createMediaStreamSource(stream);
  const processorOptions: CaptureOptions = {
    sampleRateHz,
    chunkSamples: Math.round((sampleRateHz * CHUNK_MS) / 1000),
  };
  const capture = new AudioWorkletNode(context, "capture", {
    numberOfOutputs: 0,
    processorOptions,
  });
  let isMuted = false;
  capture.port.onmessage = ({ data }: MessageEvent<Sound["samples"]>) => {
    if (!isMuted) onSound({ samples: data, sampleRateHz });
  };
  source.connect(capture);
  const [track] = stream.getAudioTracks();
  track?.addEventListener("ended", onEnd);
  return {
    mute(muted) {
      isMuted = muted;
      if (track) track.enabled = !muted;
    },
    close() {
      track?.removeEventListener("ended", onEnd);
      capture.port.onmessage = null;
      source.disconnect();
      release(stream);
    },
  };
}

/** The browser's sign that the microphone is on goes out. */
function release(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

function problemOf(error: unknown): MicrophoneProblem {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "missing";
  if (name === "NotReadableError" || name === "AbortError") return "busy";
  return "refused";
}
