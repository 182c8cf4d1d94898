/** What messages consist of, and what a message may ask of its answer, as they travel on wire 004. */

/** A part of a message. `content` is the text of those of type `text` and `refusal`, joined. */
export type Part =
  | { readonly type: "text" | "reasoning"; readonly text: string }
  /** What the model said instead of an answer. */
  | { readonly type: "refusal"; readonly text: string }
  | {
      readonly type: "tool_call";
      readonly call_id: string;
      /** Whose tool it is; `client`: of whoever sent the message. */
      readonly source: string;
      readonly name: string;
      /** As the model wrote them: JSON if they are whole. */
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
  /** `from` and `to` are places in `content`. */
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

/** A function that the model may ask the client to call, in OpenAI's shape. */
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

/** What a message may ask of its answer besides. */
export type AnswerInput = {
  /** What the model may ask for; its calls are parts of the reply, whose `finish_reason` is then `tool_calls`. */
  readonly tools?: readonly Tool[] | undefined;
  readonly tool_choice?:
    | "auto"
    | "none"
    | "required"
    | { readonly type: "function"; readonly function: { readonly name: string } }
    | undefined;
  /** The form of the answer, in OpenAI's shape. */
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
  /** For models that think before they answer. */
  readonly reasoning_effort?: "none" | "minimal" | "low" | "medium" | "high" | "xhigh" | undefined;
  /** The longest answer, what the model thinks included. */
  readonly max_tokens?: number | undefined;
};
