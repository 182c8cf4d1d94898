// Conversations as a ChatGPT export has them.

export type ExportedMessage = {
  readonly id?: string;
  readonly author?: unknown;
  readonly content?: unknown;
  readonly create_time?: unknown;
  readonly metadata?: unknown;
  readonly recipient?: string;
  readonly status?: string;
};

export type Node = {
  readonly id: string;
  readonly parent: string | null;
  readonly children: string[];
  readonly message: ExportedMessage | null;
};

export const uuid = (number: number): string =>
  `0a1b2c3d-0000-4000-8000-${String(number).padStart(12, "0")}`;

/** @param number names it, and says when it was written */
export const said = (
  role: string,
  number: number,
  text: unknown,
  fields: Partial<ExportedMessage> = {},
): ExportedMessage => ({
  id: uuid(number),
  author: { role },
  create_time: 1_700_000_000.25 + number,
  content: { content_type: "text", parts: Array.isArray(text) ? text : [text] },
  metadata: role === "assistant" ? { model_slug: "gpt-4o" } : {},
  ...fields,
});

/** Nodes one below the other, under a root without a message, or under the node that is given. */
export function chain(
  messages: readonly ExportedMessage[],
  parent: Node = node("client-created-root", null, null),
): Record<string, Node> {
  const nodes: Record<string, Node> = { [parent.id]: parent };
  let above = parent;
  for (const [place, message] of messages.entries()) {
    const below = node(message.id ?? `unnamed-${place}`, above.id, message);
    above.children.push(below.id);
    nodes[below.id] = below;
    above = below;
  }
  return nodes;
}

export const node = (id: string, parent: string | null, message: ExportedMessage | null): Node => ({
  id,
  parent,
  children: [],
  message,
});

/** A whole conversation, shown to the end of its nodes. */
export function chat(
  number: number,
  mapping: Record<string, unknown>,
  fields: Record<string, unknown> = {},
): Record<string, unknown> {
  return {
    title: `Chat ${number}`,
    create_time: 1_700_000_000.5,
    update_time: 1_700_000_900,
    mapping,
    current_node: Object.keys(mapping).at(-1),
    conversation_id: uuid(number),
    id: uuid(number),
    moderation_results: [],
    is_archived: false,
    ...fields,
  };
}
