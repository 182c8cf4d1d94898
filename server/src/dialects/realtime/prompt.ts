import type { InputMessage, PromptMessage, PromptPiece } from "../../core/turns/turn.ts";
import { AppError } from "../../domain/errors.ts";
import type { Attachment } from "../../domain/file.ts";
import type { Part } from "../../domain/parts.ts";
import type { SentFile } from "../openai/kept-files.ts";
import { type Content, callPart, type Item, wordsOf } from "./items.ts";

/** What a model is told: the instructions, and the items in their order. Calls without an output are left out. */
export function promptOf(instructions: string, items: readonly Item[]): PromptMessage[] {
  const answered = new Set(
    items.flatMap((item) => (item.type === "function_call_output" ? [item.callId] : [])),
  );
  const messages: PromptMessage[] = instructions ? [{ role: "system", content: instructions }] : [];
  for (const item of items) {
    const before = messages.at(-1);
    switch (item.type) {
      case "message": {
        const content = wordsOf(item.content);
        const pieces = item.role === "user" ? piecesOf(item.content) : null;
        if (content || pieces)
          messages.push({ role: item.role, content, ...(pieces && { pieces }) });
        break;
      }
      case "function_call": {
        if (!answered.has(item.callId)) break;
        // A model asks for its tools at the end of what it says.
        const says = before?.role === "assistant" ? messages.pop() : undefined;
        const content = says?.content ?? "";
        const parts = says?.parts ?? (content ? [{ type: "text", text: content } as const] : []);
        messages.push({ role: "assistant", content, parts: [...parts, callPart(item)] });
        break;
      }
      case "function_call_output": {
        const others = before?.role === "tool" ? messages.pop() : undefined;
        messages.push({
          role: "tool",
          content: [others?.content, item.output].filter(Boolean).join("\n"),
          parts: [...(others?.parts ?? []), resultPart(item)],
        });
      }
    }
  }
  return messages;
}

export type KeepFiles = (sent: readonly SentFile[]) => Promise<readonly Attachment[]>;

/** Makes items the messages that are stored. */
export type Inputs = {
  /** What the system says is a setting of the turn, and no message. */
  of(items: readonly Item[]): Promise<InputMessage[]>;
  /** Does what stores the items. @throws what it throws */
  storing<Result>(itemIds: readonly string[], store: () => Promise<Result>): Promise<Result>;
  /** The item is not to be stored. */
  forget(itemId: string): void;
};

/** The pictures of an item are kept once, however often its turn fails before it is stored. */
export function createInputs(keepFiles: KeepFiles): Inputs {
  const kept = new Map<string, readonly Attachment[]>();
  const keepOnce = async (itemId: string, sent: readonly SentFile[]) => {
    const attachments = kept.get(itemId) ?? (await keepFiles(sent));
    kept.set(itemId, attachments);
    return attachments;
  };
  return {
    async of(items) {
      const input: InputMessage[] = [];
      for (const item of items) {
        const message = await messageOf(item, (sent) => keepOnce(item.id, sent));
        if (message) input.push(message);
      }
      return input;
    },
    async storing(itemIds, store) {
      const forgetAll = () => {
        for (const id of itemIds) kept.delete(id);
      };
      try {
        const stored = await store();
        forgetAll();
        return stored;
      } catch (error) {
        // A picture that its owner has deleted meanwhile is kept anew.
        if (error instanceof AppError && error.code === "not_found") forgetAll();
        throw error;
      }
    },
    forget: (itemId) => void kept.delete(itemId),
  };
}

async function messageOf(item: Item, keepFiles: KeepFiles): Promise<InputMessage | null> {
  if (item.type === "function_call")
    return { role: "assistant", content: "", parts: [callPart(item)] };
  if (item.type === "function_call_output")
    return { role: "tool", content: item.output, parts: [resultPart(item)] };
  if (item.role === "system") return null;
  const content = wordsOf(item.content);
  const sent = item.content.flatMap((part): SentFile[] =>
    part.type === "input_image" ? [{ kind: "image", name: null, url: part.url }] : [],
  );
  const attachments = sent.length > 0 ? await keepFiles(sent) : [];
  if (attachments.length > 0) return { role: item.role, content, attachments };
  return /\S/u.test(content) ? { role: item.role, content } : null;
}

const resultPart = ({ callId, output }: Extract<Item, { type: "function_call_output" }>): Part => ({
  type: "tool_result",
  callId,
  outcome: "ok",
  text: output,
});

/** Null for words alone. */
function piecesOf(content: readonly Content[]): PromptPiece[] | null {
  if (!content.some(({ type }) => type === "input_image")) return null;
  return content.map((part) =>
    part.type === "input_image"
      ? { type: "image", url: part.url, detail: part.detail }
      : { type: "text", text: wordsOf([part]) },
  );
}
