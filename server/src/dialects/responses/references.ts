// Items that say little by themselves: those that name a stored one, and those that were sealed.
import type { Conversations } from "../../core/conversations.ts";
import { AppError } from "../../domain/errors.ts";
import type { Message } from "../../domain/message.ts";
import type { Part } from "../../domain/parts.ts";
import type { Owner } from "../../domain/principal.ts";
import { fieldsOf, invalid } from "../openai/fields.ts";
import type { PlainItem } from "./drafts.ts";
import { type InputItem, readItems } from "./input-items.ts";
import type { ItemBody } from "./item-body.ts";
import { inputItems, messageOfItem } from "./items.ts";
import type { ResponsesParts } from "./parts.ts";
import { sealerOf } from "./seal.ts";

/** The words before the summary that stands for what was left out. */
const SUMMARY = "This is a summary of the conversation before this message:\n\n";

/** The items with what they name or hold. @throws AppError invalid_request, not_found */
export function plainItems(
  parts: Pick<ResponsesParts, "conversations" | "sealingSecret">,
  owner: Owner,
  items: readonly InputItem[],
): Promise<PlainItem[]> {
  const { conversations } = parts;
  const plain = async (item: InputItem): Promise<PlainItem> => {
    if (item.type === "compaction") {
      const { open } = await sealerOf(parts, owner);
      const text = SUMMARY + open("compaction", item.sealed, item.field);
      return { type: "message", role: "developer", pieces: [{ type: "text", text }] };
    }
    if (item.type === "reasoning" && item.sealed) {
      const { open } = await sealerOf(parts, owner);
      return { type: "reasoning", text: open("reasoning", item.sealed.text, item.sealed.field) };
    }
    if (item.type === "approval")
      throw invalid(
        item.field,
        "An answer to an mcp_approval_request is sent in a request of its own, without other items",
      );
    if (item.type !== "reference") return item;
    const { body } = await storedItem(conversations, owner, item.id);
    const [found] = await readItems(fieldsOf({ item: [body] }), "item", 1);
    if (
      !found ||
      found.type === "reference" ||
      found.type === "compaction" ||
      found.type === "approval"
    )
      throw invalid(item.field, `${item.field} names an item that cannot be sent again`);
    return found;
  };
  return Promise.all(items.map((item) => (item.type === "message" ? item : plain(item))));
}

/** The stored item of that id, with the message that it is of. @throws AppError not_found */
export async function storedItem(
  conversations: Pick<Conversations, "message">,
  owner: Owner,
  itemId: string,
): Promise<{ readonly message: Message; readonly body: ItemBody }> {
  const messageId = messageOfItem(itemId);
  const message = messageId === null ? null : await messageOr404(conversations, owner, messageId);
  const body = message && inputItems(message).find(({ id }) => id === itemId);
  if (!message || !body) throw noSuchItem(itemId);
  return { message, body };
}

export const noSuchItem = (itemId: string): AppError =>
  new AppError("not_found", `Item with id '${itemId.slice(0, 100)}' not found.`, {
    resource: "message",
  });

async function messageOr404(
  conversations: Pick<Conversations, "message">,
  owner: Owner,
  id: string,
): Promise<Message | null> {
  try {
    return await conversations.message(owner, id);
  } catch (error) {
    if (error instanceof AppError && error.code === "not_found") return null;
    throw error;
  }
}

/** The ids of the calls that were made in those messages. */
export const callsIn = (
  history: readonly { readonly parts?: readonly Part[] | null }[],
): ReadonlySet<string> =>
  new Set(
    history.flatMap((message) =>
      (message.parts ?? []).flatMap((part) => (part.type === "tool_call" ? part.callId : [])),
    ),
  );
