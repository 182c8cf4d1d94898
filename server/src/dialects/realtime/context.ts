import { type Message, partsOf } from "../../domain/message.ts";
import { idOf } from "../openai/ids.ts";
import type { Item } from "./items.ts";

/** The messages of a conversation that a session goes on with: the latest of them, as far as a model can take them. */
const MAX_MESSAGES = 200;

/** Stored messages as items. */
export const contextOf = (messages: readonly Message[]): Item[] =>
  messages
    .filter(({ status }) => status !== "streaming")
    .slice(-MAX_MESSAGES)
    .flatMap(itemsOf);

function itemsOf(message: Message): Item[] {
  const { role, content, status } = message;
  const id = idOf("item_", message.id);
  if (role === "system") return [];
  const said: Item[] = content
    ? [
        {
          id,
          type: "message",
          role: role === "assistant" ? "assistant" : "user",
          status: status === "complete" ? "completed" : "incomplete",
          content: [{ type: role === "assistant" ? "output_text" : "input_text", text: content }],
        },
      ]
    : [];
  const calls = partsOf(message).flatMap((part, index): Item[] => {
    if (part.type === "tool_call")
      return [
        {
          id: `${id}_${index}`,
          type: "function_call",
          status: "completed",
          callId: part.callId,
          name: part.name,
          arguments: part.arguments,
        },
      ];
    if (part.type === "tool_result")
      return [
        {
          id: `${id}_${index}`,
          type: "function_call_output",
          status: "completed",
          callId: part.callId,
          output: part.text,
        },
      ];
    return [];
  });
  return [...said, ...calls];
}
