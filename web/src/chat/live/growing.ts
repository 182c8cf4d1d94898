import { growParts, type Part, type ReplyEvent } from "@colloquy/client";
import type { LiveReply } from "./live-reply.ts";

type Growth = Extract<ReplyEvent, { type: "ai_chunk" | "ai_part" }>;

/** What changes of a reply with the next piece of it. */
export function grown(reply: LiveReply, event: Growth): Partial<LiveReply> {
  const parts = growParts(reply.parts, event);
  if (event.type === "ai_chunk")
    return { parts, text: reply.text + event.data, isReconnecting: false };
  const { data } = event;
  if (data.type === "grow" && data.of === "reasoning")
    return { parts, reasoning: reply.reasoning + data.text };
  return { parts, steps: parts.filter(isStep), isReconnecting: false };
}

const isStep = ({ type }: Part): boolean =>
  type === "tool_call" || type === "tool_result" || type === "citation";
