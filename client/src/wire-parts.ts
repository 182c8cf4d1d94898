/** The parts of messages and the settings of answers on wire 004. */

/** A part of a message. The `content` of a message joins its parts of type `text` and `refusal`. */
export type Part =
  | { readonly type: "text" | "reasoning"; readonly text: string }
  /** The words with which the model refused to answer. */
  | { readonly type: "refusal"; readonly text: string }
  | {
      readonly type: "tool_call";
      readonly call_id: string;
      /** The source of the tool. `client` means that the sender of the message runs it. */
      readonly source: string;
      readonly name: string;
      /** The arguments as the model wrote them, which are JSON if they are complete. */
      readonly arguments: string;
    }
  | {
      readonly type: "tool_result";
      readonly call_id: string;
      readonly outcome: "ok" | "failed" | "declined" | "unknown";
      readonly text: string;
    }
  | {
      readonly type: "file";
      readonly file: {
        readonly id: string;
        readonly name: string;
        readonly media_type: string;
        readonly bytes: number;
      };
    }
  /** `from` and `to` are offsets in `content`. */
  | {
      readonly type: "citation";
      readonly title: string;
      readonly url?: string;
      readonly file_id?: string;
      readonly quote: string;
      readonly from: number;
      readonly to: number;
    };
export type PartType = Part["type"];

/** A function that the model may ask the client to call, in the format of OpenAI. */
export type Tool = {
  readonly type: "function";
  readonly function: {
    readonly name: string;
    readonly description?: string | undefined;
    /** A JSON schema. */
    readonly parameters?: Readonly<Record<string, unknown>> | undefined;
    readonly strict?: boolean | undefined;
  };
};

/** Further settings of an answer. */
export type AnswerInput = {
  /** The tools that the model may call. Calls are parts of the reply, whose `finish_reason` is then `tool_calls`. With `steps` the reply waits for their results instead. */
  readonly tools?: readonly Tool[] | undefined;
  readonly tool_choice?:
    | "auto"
    | "none"
    | "required"
    | { readonly type: "function"; readonly function: { readonly name: string } }
    | undefined;
  /** The format of the answer, as in the API of OpenAI. */
  readonly response_format?:
    | { readonly type: "text" | "json_object" }
    | {
        readonly type: "json_schema";
        readonly json_schema: {
          readonly name: string;
          readonly schema?: Readonly<Record<string, unknown>> | undefined;
          readonly strict?: boolean | undefined;
        };
      }
    | undefined;
  /** The effort of models that reason before they answer. */
  readonly reasoning_effort?: "none" | "minimal" | "low" | "medium" | "high" | "xhigh" | undefined;
  /** The maximum length of the answer, including its reasoning. */
  readonly max_tokens?: number | undefined;
};
