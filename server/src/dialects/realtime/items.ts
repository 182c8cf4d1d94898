import { AppError } from "../../domain/errors.ts";
import type { Part } from "../../domain/parts.ts";
import { invalid } from "../openai/fields.ts";

/** A part of a message. `said` is what it says to the model where the client is told something else. */
export type Content =
  | { readonly type: "input_text" | "output_text"; readonly text: string }
  | {
      readonly type: "input_audio" | "output_audio";
      /** Null: the client is told none. */
      readonly transcript: string | null;
      readonly said: string;
    }
  | { readonly type: "input_image"; readonly url: string; readonly detail: string | null };

export type ItemStatus = "in_progress" | "completed" | "incomplete";

/** Of the conversation of a session. Ids are the client's, or `item_…`. */
export type Item = { readonly id: string; readonly status: ItemStatus } & (
  | {
      readonly type: "message";
      readonly role: "user" | "assistant" | "system";
      readonly content: readonly Content[];
    }
  | {
      readonly type: "function_call";
      readonly callId: string;
      readonly name: string;
      readonly arguments: string;
    }
  | { readonly type: "function_call_output"; readonly callId: string; readonly output: string }
);

export type NewItem = Item;

/** The items of a session, in the order of the conversation. */
export type Items = {
  readonly all: readonly Item[];
  get(id: string): Item | null;
  /** The id of the item before; null: it is the first. */
  previousOf(id: string): string | null;
  /**
   * @param afterId null: at the beginning; absent: at the end
   * @throws OpenAiError, AppError too_large
   */
  add(item: Item, afterId?: string | null): void;
  /** The item as it is now. */
  replace(item: Item): void;
  remove(id: string): void;
};

const MAX_ITEMS = 10_000;
/** Of all items together. */
const MAX_CHARACTERS = 32 * 1024 * 1024;

export function createItems(): Items {
  const all: Item[] = [];
  const byId = new Map<string, Item>();
  let characters = 0;
  return {
    all,
    get: (id) => byId.get(id) ?? null,
    previousOf: (id) => all[all.findLastIndex((item) => item.id === id) - 1]?.id ?? null,
    add(item, afterId) {
      if (byId.has(item.id))
        throw invalid(
          "item.id",
          `An item with the id '${item.id}' is in the conversation already.`,
        );
      const place =
        afterId === undefined
          ? all.length
          : afterId === null
            ? 0
            : all.findIndex(({ id }) => id === afterId) + 1;
      if (afterId && place === 0) throw noSuchItem(afterId, "previous_item_id");
      if (all.length >= MAX_ITEMS || characters + lengthOf(item) > MAX_CHARACTERS)
        throw new AppError(
          "too_large",
          "The conversation of this session is full. Delete items (conversation.item.delete), or begin another session",
        );
      characters += lengthOf(item);
      all.splice(place, 0, item);
      byId.set(item.id, item);
    },
    replace(item) {
      const at = all.findLastIndex(({ id }) => id === item.id);
      if (at < 0) return;
      characters += lengthOf(item) - lengthOf(all[at] as Item);
      all[at] = item;
      byId.set(item.id, item);
    },
    remove(id) {
      const at = all.findIndex((item) => item.id === id);
      if (at < 0) return;
      characters -= lengthOf(all[at] as Item);
      all.splice(at, 1);
      byId.delete(id);
    },
  };
}

export const noSuchItem = (id: string, field: string) =>
  invalid(field, `Item with item_id '${id.slice(0, 100)}' not found.`);

/** What a message says to a model. */
export const wordsOf = (content: readonly Content[]): string =>
  content
    .map((part) => {
      if (part.type === "input_image") return "";
      return "said" in part ? part.said : part.text;
    })
    .filter(Boolean)
    .join("\n");

function lengthOf(item: Item): number {
  if (item.type === "function_call") return item.arguments.length;
  if (item.type === "function_call_output") return item.output.length;
  return item.content.reduce(
    (sum, part) => sum + (part.type === "input_image" ? part.url.length : 0),
    wordsOf(item.content).length,
  );
}

/** What the model asks for, as a part of a message. */
export const callPart = ({
  callId,
  name,
  arguments: text,
}: Extract<Item, { type: "function_call" }>): Part => ({
  type: "tool_call",
  callId,
  source: "client",
  name,
  arguments: text,
});

/** An item as the client is told of it. */
export function itemBody(item: Item): object {
  const common = { id: item.id, object: "realtime.item", type: item.type, status: item.status };
  switch (item.type) {
    case "message":
      return { ...common, role: item.role, content: item.content.map(contentBody) };
    case "function_call":
      return { ...common, call_id: item.callId, name: item.name, arguments: item.arguments };
    case "function_call_output":
      return { ...common, call_id: item.callId, output: item.output };
  }
}

function contentBody(part: Content): object {
  switch (part.type) {
    case "input_text":
    case "output_text":
      return { type: part.type, text: part.text };
    case "input_audio":
    case "output_audio":
      return { type: part.type, transcript: part.transcript };
    case "input_image":
      return { type: part.type, image_url: part.url, ...(part.detail && { detail: part.detail }) };
  }
}
