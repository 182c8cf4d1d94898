// Messages and replies as the items of this wire: a message of several parts is several items.
import type { JsonObject } from "../../domain/json.ts";
import { type Message, partsOf } from "../../domain/message.ts";
import { CUSTOM_TOOLS, type Part } from "../../domain/parts.ts";
import { type IdPrefix, idOf, uuidIn } from "../openai/ids.ts";
import type { ItemBody, ItemStatus } from "./item-body.ts";
import {
  askedAs,
  callsById,
  isOfServer,
  mcpCallItem,
  type StageView,
  sourcesIn,
  stageView,
} from "./mcp-items.ts";
import { toolNameOf } from "./namespaces.ts";

/** The prefixes of the ids of items. */
const ITEM_PREFIXES = ["msg_", "fc_", "fco_", "rs_", "cmp_", "mcp_"] as const satisfies IdPrefix[];
type ItemPrefix = (typeof ITEM_PREFIXES)[number];

/** Gives the items of one message their ids: the first of each kind has the message's own. */
export function itemIds(messageId: string): (prefix: ItemPrefix) => string {
  const counts = new Map<ItemPrefix, number>();
  return (prefix) => {
    const count = counts.get(prefix) ?? 0;
    counts.set(prefix, count + 1);
    return count === 0 ? idOf(prefix, messageId) : `${idOf(prefix, messageId)}_${count}`;
  };
}

const ORDINAL = /_\d{1,4}$/;

/** The id of the message that the item is of; null for what cannot be an item's id. */
export function messageOfItem(itemId: string): string | null {
  const prefix = ITEM_PREFIXES.find((one) => itemId.startsWith(one));
  if (!prefix) return null;
  return uuidIn(prefix, itemId) ?? uuidIn(prefix, itemId.replace(ORDINAL, ""));
}

/** What a message item says, as it is in the item and in the events that build it. */
export type ContentPart = JsonObject & { readonly type: "output_text" | "refusal" };

export const contentPart = (type: "text" | "refusal", text: string): ContentPart =>
  type === "refusal"
    ? { type, refusal: text }
    : { type: "output_text", text, annotations: [], logprobs: [] };

export const messageItem = (
  id: string,
  status: ItemStatus,
  content: readonly ContentPart[],
): ItemBody => ({ id, type: "message", status, role: "assistant", content });

/** What a model thought, as a request wants it told: as it is, or as the summary that it asks for. */
export type ThoughtsAs = "reasoning_text" | "summary_text";

/** @param echo what a response says of its request */
export const thoughtsAs = (echo: JsonObject): ThoughtsAs => {
  const reasoning = echo.reasoning as { readonly summary?: string | null } | null | undefined;
  return reasoning?.summary ? "summary_text" : "reasoning_text";
};

export const reasoningItem = (
  id: string,
  text: string | null,
  seal: ((text: string) => string) | null,
  told: ThoughtsAs,
): ItemBody => ({
  id,
  type: "reasoning",
  summary: text !== null && told === "summary_text" ? [{ type: told, text }] : [],
  content: text !== null && told === "reasoning_text" ? [{ type: told, text }] : [],
  ...(seal && { encrypted_content: text === null ? null : seal(text) }),
});

type ToolCall = Extract<Part, { type: "tool_call" }>;

export const callItem = (
  id: string,
  status: ItemStatus,
  { callId, source, name, arguments: given }: ToolCall,
): ItemBody =>
  source === CUSTOM_TOOLS
    ? { id, type: "custom_tool_call", status, call_id: callId, ...toolNameOf(name), input: given }
    : { id, type: "function_call", status, call_id: callId, ...toolNameOf(name), arguments: given };

/**
 * The items of a reply that is over.
 * @param seal what gives reasoning its `encrypted_content`; null: it has none
 * @param view what of the reply is shown, where the server's tools were asked for; null: all of it, whose calls are items
 */
export function outputItems(
  reply: Pick<Message, "id" | "content" | "reasoning" | "parts" | "status" | "finishReason">,
  seal: ((text: string) => string) | null = null,
  told: ThoughtsAs = "reasoning_text",
  view: StageView | null = null,
): ItemBody[] {
  const all = partsOf(reply);
  const calls = callsById(all);
  const idFor = itemIds(reply.id);
  const items: ((status: ItemStatus) => ItemBody)[] = [];
  let said: ContentPart[] | null = null;
  for (const [place, part] of all.entries()) {
    const isShown = !view || (place >= view.from && place < (view.to ?? all.length));
    if (part.type === "text" || part.type === "refusal") {
      if (said) said.push(contentPart(part.type, part.text));
      else {
        const content = [contentPart(part.type, part.text)];
        const id = idFor("msg_");
        if (isShown) items.push((status) => messageItem(id, status, content));
        said = content;
      }
      continue;
    }
    // Sources belong to the words before them.
    if (part.type === "citation" || part.type === "file") continue;
    said = null;
    const call = "callId" in part ? calls.get(part.callId) : undefined;
    const isHere = view !== null && call !== undefined && isOfServer(call);
    if (isHere && part.type === "tool_call") continue;
    let item: (status: ItemStatus) => ItemBody;
    if (isHere && part.type === "tool_result") {
      const id = idFor("mcp_");
      const approval = askedAs(view, reply.id, all, part.callId);
      item = () => mcpCallItem(id, call, part, approval);
    } else item = itemOf(part, idFor, seal, told);
    if (isShown) items.push(item);
  }
  return items.map((item, index) =>
    item(index === items.length - 1 ? lastStatus(reply) : "completed"),
  );
}

function itemOf(
  part: Extract<Part, { type: "reasoning" | "tool_call" | "tool_result" }>,
  idFor: (prefix: ItemPrefix) => string,
  seal: ((text: string) => string) | null,
  told: ThoughtsAs,
): (status: ItemStatus) => ItemBody {
  if (part.type === "reasoning") {
    const id = idFor("rs_");
    return () => reasoningItem(id, part.text, seal, told);
  }
  if (part.type === "tool_call") {
    const id = idFor("fc_");
    return (status) => callItem(id, status, part);
  }
  const id = idFor("fco_");
  return () => resultItem(id, part);
}

const resultItem = (
  id: string,
  { callId, text }: Extract<Part, { type: "tool_result" }>,
): ItemBody => ({
  id,
  type: "function_call_output",
  status: "completed",
  call_id: callId,
  output: text,
});

/** Of the last item of a reply: the others were whole before it began. */
export function lastStatus({
  status,
  finishReason,
}: Pick<Message, "status" | "finishReason">): ItemStatus {
  if (status === "streaming") return "in_progress";
  const isCut = finishReason === "length" || finishReason === "filter";
  return status === "complete" && !isCut ? "completed" : "incomplete";
}

/** What the response of that reply says of its request; nothing where another wire began it. */
function echoIn({ turn }: Pick<Message, "turn">): JsonObject {
  const kept = turn?.record?.response as { readonly echo?: JsonObject } | undefined;
  return kept?.echo ?? {};
}

/** All of a reply for which the server's tools were asked; null: of another one. */
function wholeView({ turn }: Pick<Message, "turn">): StageView | null {
  const sources = sourcesIn((turn?.record?.response ?? {}) as JsonObject);
  return sources && { ...stageView(sources, 0), to: null };
}

/** What is told of a stored message. */
export function inputItems(message: Message): ItemBody[] {
  if (message.role === "assistant")
    return outputItems(message, null, thoughtsAs(echoIn(message)), wholeView(message));
  const idFor = itemIds(message.id);
  const content: JsonObject[] = [];
  const results: ItemBody[] = [];
  for (const part of partsOf(message)) {
    if (part.type === "tool_result") results.push(resultItem(idFor("fco_"), part));
    else if (part.type === "text") content.push({ type: "input_text", text: part.text });
    else if (part.type === "citation" && part.url !== null)
      content.push(linkBody(part.title, part.url));
  }
  for (const { id, name, mediaType } of message.attachments ?? [])
    content.push(
      mediaType.startsWith("image/")
        ? { type: "input_image", detail: "auto", image_url: null, file_id: id }
        : { type: "input_file", filename: name, file_id: id },
    );
  if (results.length > 0 && content.length === 0) return results;
  const { role } = message;
  return [{ id: idFor("msg_"), type: "message", status: "completed", role, content }, ...results];
}

/** The title of what stands for an image of the web in a stored message. */
export const IMAGE_LINK = "input_image";

/** An address of the web that a user's message came with: of an image, or of a file of that name. */
const linkBody = (title: string, url: string): JsonObject =>
  title === IMAGE_LINK
    ? { type: "input_image", detail: "auto", image_url: url, file_id: null }
    : { type: "input_file", filename: title, file_url: url };
