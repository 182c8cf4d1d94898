import { CUSTOM_TOOLS, type Part } from "../../../domain/parts.ts";
import type { PromptImage, PromptMessage, PromptPiece } from "../../../ports/model.ts";

type ToolCall = Extract<Part, { type: "tool_call" }>;
type ToolResult = Extract<Part, { type: "tool_result" }>;

/** Puts what is long, or is opened only when it is sent, elsewhere. Gives what stands for it. */
export type SetAside = {
  image(image: PromptImage): string;
  text(text: string): string;
};

/** How a provider wants it. */
export type MessageForm = {
  readonly aside: SetAside;
  /** Whether the provider accepts the role `developer`. */
  readonly developerRole: boolean;
};

/** A message in OpenAI's format. It becomes several messages if results of tools lie between the words of the model. */
export function wireMessages(
  message: PromptMessage,
  { aside, developerRole }: MessageForm,
): object[] {
  const { content, parts, pieces, images = [] } = message;
  const role = message.role === "developer" && !developerRole ? "system" : message.role;
  const named = message.name === undefined ? { role } : { role, name: message.name };
  if (images.length > 0)
    return [
      {
        ...named,
        content: [
          { type: "text", text: content },
          ...images.map((image) => ({
            type: "image_url",
            image_url: { url: `data:${image.mediaType};base64,${aside.image(image)}` },
          })),
        ],
      },
    ];
  if (!parts)
    return [
      { ...named, content: pieces ? pieces.map((piece) => wirePiece(piece, aside)) : content },
    ];
  const messages: object[] = [];
  let words = "";
  let calls: ToolCall[] = [];
  const say = () => {
    if (words !== "" || calls.length > 0) messages.push(said(named, words, calls));
    words = "";
    calls = [];
  };
  for (const part of parts)
    if (part.type === "text" || part.type === "refusal") {
      // The results of calls come right after the calls.
      if (calls.length > 0) say();
      words += part.text;
    } else if (part.type === "tool_call") calls.push(part);
    else if (part.type === "tool_result") {
      say();
      messages.push(answered(part));
    }
  say();
  return messages;
}

function wirePiece(piece: PromptPiece, aside: SetAside): object {
  switch (piece.type) {
    case "text":
      return { type: piece.type, text: piece.text };
    case "refusal":
      return { type: piece.type, refusal: piece.text };
    case "image": {
      const { url, detail } = piece;
      const image_url = { url: aside.text(url), detail: detail ?? undefined };
      return { type: "image_url", image_url };
    }
    case "file": {
      const { name, data } = piece;
      return { type: "file", file: { filename: name ?? undefined, file_data: aside.text(data) } };
    }
    case "audio": {
      const { data, format } = piece;
      return { type: "input_audio", input_audio: { data: aside.text(data), format } };
    }
  }
}

const said = (named: object, words: string, calls: readonly ToolCall[]) => ({
  ...named,
  content: words === "" && calls.length > 0 ? null : words,
  ...(calls.length > 0 && { tool_calls: calls.map(wireCall) }),
});

const wireCall = ({ callId, source, name, arguments: given }: ToolCall) =>
  source === CUSTOM_TOOLS
    ? { id: callId, type: "custom", custom: { name, input: given } }
    : { id: callId, type: "function", function: { name, arguments: given } };

const answered = ({ callId, outcome, text }: ToolResult) => ({
  role: "tool",
  tool_call_id: callId,
  content: outcome === "ok" ? text : `The call ${ENDINGS[outcome]}. ${text}`.trim(),
});

const ENDINGS = {
  failed: "failed",
  declined: "was declined",
  unknown: "may or may not have been made",
} as const;
