import type { Part } from "../../../domain/parts.ts";
import type { PromptMessage } from "../../../ports/model.ts";

type ToolCall = Extract<Part, { type: "tool_call" }>;
type ToolResult = Extract<Part, { type: "tool_result" }>;

/**
 * A message as OpenAI's wire has it: several, where results of tools stand between what the model said.
 * @param mark stands for each image's bytes in base64
 */
export function wireMessages(
  { role, content, parts, images = [] }: PromptMessage,
  mark: string,
): object[] {
  if (images.length > 0)
    return [
      {
        role,
        content: [
          { type: "text", text: content },
          ...images.map(({ mediaType }) => ({
            type: "image_url",
            image_url: { url: `data:${mediaType};base64,${mark}` },
          })),
        ],
      },
    ];
  if (!parts) return [{ role, content }];
  const messages: object[] = [];
  let words = "";
  let calls: ToolCall[] = [];
  const say = () => {
    if (words !== "" || calls.length > 0) messages.push(said(role, words, calls));
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

const said = (role: PromptMessage["role"], words: string, calls: readonly ToolCall[]) => ({
  role,
  content: words === "" && calls.length > 0 ? null : words,
  ...(calls.length > 0 && {
    tool_calls: calls.map(({ callId, name, arguments: given }) => ({
      id: callId,
      type: "function",
      function: { name, arguments: given },
    })),
  }),
});

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
