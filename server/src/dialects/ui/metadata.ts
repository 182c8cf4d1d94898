import type { Message } from "../../domain/message.ts";

/** What a page is told of a reply besides what it says. */
export function metadataOf({ model, usage, conversationId, status, finishReason }: Message) {
  const isWhole = status === "complete";
  return {
    conversationId,
    model,
    ...(usage && {
      usage: {
        inputTokens: usage.promptTokens,
        outputTokens: usage.completionTokens,
        totalTokens: usage.totalTokens,
      },
    }),
    ...(!isWhole && { status }),
    ...(finishReason && finishReason !== "stop" && { finishReason }),
  };
}
