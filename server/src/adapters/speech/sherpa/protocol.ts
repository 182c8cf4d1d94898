/** One way to load a folder, as sherpa-onnx takes its settings (its Node API's `types.js`). */
export type ModelCandidate = {
  readonly kind: "online" | "offline" | "speech";
  /** In words: `streaming transducer`, `Whisper`, … */
  readonly description: string;
  readonly settings: object;
};

/** The messages of the parent to the process with the model. Each job has a number of its own. */
export type ToChild =
  | { readonly type: "load"; readonly candidate: ModelCandidate }
  | { readonly type: "hear"; readonly job: number }
  | { readonly type: "audio"; readonly job: number; readonly samples: Int16Array }
  | { readonly type: "end"; readonly job: number }
  | {
      readonly type: "speak";
      readonly job: number;
      readonly text: string;
      readonly speaker: number;
    }
  | { readonly type: "abort"; readonly job: number };

export type FromChild =
  | { readonly type: "loaded"; readonly speakers: number }
  | { readonly type: "unable"; readonly reason: string }
  | JobMessage;

export type JobMessage =
  | { readonly type: "partial"; readonly job: number; readonly text: string }
  | { readonly type: "final"; readonly job: number; readonly text: string }
  | {
      readonly type: "sound";
      readonly job: number;
      readonly samples: Float32Array;
      readonly sampleRateHz: number;
    }
  | { readonly type: "failed"; readonly job: number; readonly reason: string };
