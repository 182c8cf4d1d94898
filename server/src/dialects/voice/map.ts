import type { VoiceOutput } from "../../core/voice/outputs.ts";
import { encodeWav } from "../../domain/audio/wav.ts";
import { SAMPLE_RATE_HZ } from "../../domain/audio.ts";
import type { AppError } from "../../domain/errors.ts";
import type { UnusualEnding } from "../../domain/finish-reason.ts";
import { codeOf } from "./errors.ts";

/** An output of the core as a message of wire 003. */
export function messageOf(output: VoiceOutput): object {
  switch (output.type) {
    case "transcript":
      return {
        type: "transcript",
        text: output.text,
        is_final: output.isFinal,
        turn_detected: output.isFinal,
      };
    case "reply":
      return {
        type: "ai_response",
        text: output.text,
        audio_data: wavBase64(output.sound),
        ...endingOf(output.ending),
      };
    case "segment":
      return {
        type: "ai_response",
        text: output.text,
        audio_data: wavBase64(output.sound),
        response_id: output.replyId,
        seq: output.sequence,
        final: output.isLast,
        ...(output.isNotice && { waiting: true }),
        ...endingOf(output.ending),
      };
    case "speech_started":
    case "speech_stopped":
      return { type: output.type };
    case "interrupted":
      return {
        type: "interrupted",
        response_id: output.replyId,
        spoken_text: output.spokenText,
        played_ms: output.playedMs,
      };
    case "metrics": {
      const { replyId, ...stages } = output.metrics;
      return {
        type: "metrics",
        response_id: replyId,
        transcript_ms: stages.transcriptMs,
        endpoint_ms: stages.endpointMs,
        first_token_ms: stages.firstTokenMs,
        first_sentence_ms: stages.firstSentenceMs,
        first_audio_ms: stages.firstAudioMs,
        total_ms: stages.totalMs,
      };
    }
    case "error":
      return output.stage === "answering"
        ? errorMessage(output.error)
        : { ...processingError(output.error.message), ...waitOf(output.error) };
  }
}

const endingOf = ({ finishReason, status }: UnusualEnding): object => ({
  ...(finishReason && { finish_reason: finishReason }),
  ...(status && { status }),
});

/** Empty where there is no sound. */
function wavBase64(sound: Int16Array): string {
  if (sound.length === 0) return "";
  const file = encodeWav(sound, SAMPLE_RATE_HZ);
  return Buffer.from(file.buffer, file.byteOffset, file.byteLength).toString("base64");
}

/** An error that the document does not name. */
export const errorMessage = (error: AppError): object => ({
  type: "error",
  message: error.message,
  code: codeOf(error),
  ...waitOf(error),
});

/** In seconds: when trying again can succeed, where that is known. */
const waitOf = ({ retryAfterMs }: AppError): object =>
  retryAfterMs === undefined ? {} : { retry_after: Math.ceil(retryAfterMs / 1000) };

export const invalidJson = (): object => ({
  type: "error",
  message: "Invalid JSON format",
  code: "INVALID_JSON",
});

export const unknownType = (named: string): object => ({
  type: "error",
  message: `Unknown message type: ${named}`,
  code: "UNKNOWN_TYPE",
});

export const noSession = (): object => ({
  type: "error",
  message: "No active conversation session",
  code: "NO_SESSION",
});

export const processingError = (reason: string): object => ({
  type: "error",
  message: `Audio processing error: ${reason}`,
  code: "PROCESSING_ERROR",
});
