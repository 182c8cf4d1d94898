import { idOf } from "../openai/ids.ts";
import type { Tell } from "./events.ts";
import { type Content, type Item, type ItemStatus, type Items, itemBody } from "./items.ts";
import type { Modality } from "./settings.ts";

/** What a response says and asks for, as items of the conversation and events to the client. */
export type Output = {
  /** The items so far, as the client is told of them. */
  readonly items: readonly Item[];
  /** Words of a message. Gives the item's id. */
  text(text: string): string;
  /** Sound of the message that is open, in the output format. */
  sound(bytes: Uint8Array): void;
  call(callId: string, name: string): void;
  moreArguments(text: string): void;
  /** Ends the item that is open. */
  end(status: "completed" | "incomplete"): void;
};

type Message = Extract<Item, { type: "message" }>;
type Call = Extract<Item, { type: "function_call" }>;

export function createOutput(parts: {
  readonly tell: Tell;
  /** Where items are added; null: nowhere, since the response is outside the conversation. */
  readonly conversation: Items | null;
  readonly newId: () => string;
  readonly responseId: string;
  readonly modality: Modality;
}): Output {
  const { tell, conversation, responseId, modality } = parts;
  const items: Item[] = [];
  let open: Message | Call | null = null;

  const place = () => ({ response_id: responseId, output_index: items.length - 1 });
  const ofItem = (item: Item) => ({ ...place(), item_id: item.id });
  const ofPart = (item: Item) => ({ ...ofItem(item), content_index: 0 });
  const put = (item: Message | Call) => {
    open = item;
    items[items.length - 1] = item;
    conversation?.replace(item);
  };
  const begin = (item: Message | Call) => {
    end("completed");
    open = item;
    items.push(item);
    tell("response.output_item.added", { ...place(), item: itemBody(item) });
    if (!conversation) return;
    conversation.add(item);
    const previous = conversation.previousOf(item.id);
    tell("conversation.item.added", { previous_item_id: previous, item: itemBody(item) });
  };
  const end = (status: ItemStatus) => {
    if (!open) return;
    const item = { ...open, status };
    put(item);
    open = null;
    if (item.type === "function_call")
      tell("response.function_call_arguments.done", {
        ...ofItem(item),
        call_id: item.callId,
        name: item.name,
        arguments: item.arguments,
      });
    else endContent(item);
    tell("response.output_item.done", { ...place(), item: itemBody(item) });
    if (conversation)
      tell("conversation.item.done", {
        previous_item_id: conversation.previousOf(item.id),
        item: itemBody(item),
      });
  };
  const endContent = (item: Message) => {
    const text = saidIn(item);
    const at = ofPart(item);
    if (modality === "audio") {
      tell("response.output_audio.done", at);
      tell("response.output_audio_transcript.done", { ...at, transcript: text });
      tell("response.content_part.done", { ...at, part: { type: "audio", transcript: text } });
    } else {
      tell("response.output_text.done", { ...at, text });
      tell("response.content_part.done", { ...at, part: { type: "text", text } });
    }
  };
  const openMessage = (): Message => {
    if (open?.type === "message") return open;
    const item: Message = {
      id: idOf("item_", parts.newId()),
      type: "message",
      role: "assistant",
      status: "in_progress",
      content: [],
    };
    begin(item);
    const part =
      modality === "audio" ? { type: "audio", transcript: "" } : { type: "text", text: "" };
    tell("response.content_part.added", { ...ofPart(item), part });
    return item;
  };

  return {
    items,
    text(text) {
      const item = openMessage();
      put({ ...item, content: [contentOf(modality, saidIn(item) + text)] });
      const type = modality === "audio" ? "output_audio_transcript" : "output_text";
      tell(`response.${type}.delta`, { ...ofPart(item), delta: text });
      return item.id;
    },
    sound(bytes) {
      const delta = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(
        "base64",
      );
      tell("response.output_audio.delta", { ...ofPart(openMessage()), delta });
    },
    call(callId, name) {
      begin({
        id: idOf("item_", parts.newId()),
        type: "function_call",
        status: "in_progress",
        callId,
        name,
        arguments: "",
      });
    },
    moreArguments(text) {
      if (open?.type !== "function_call") return;
      const { callId } = open;
      put({ ...open, arguments: open.arguments + text });
      tell("response.function_call_arguments.delta", {
        ...ofItem(open),
        call_id: callId,
        delta: text,
      });
    },
    end,
  };
}

const contentOf = (modality: Modality, text: string): Content =>
  modality === "audio"
    ? { type: "output_audio", transcript: text, said: text }
    : { type: "output_text", text };

function saidIn({ content: [part] }: Message): string {
  if (part?.type === "output_audio") return part.said;
  return part?.type === "output_text" ? part.text : "";
}
