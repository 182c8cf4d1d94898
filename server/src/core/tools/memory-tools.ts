import { AppError } from "../../domain/errors.ts";
import { FORGET, MAX_MEMORY_CHARACTERS, REMEMBER } from "../../domain/memory.ts";
import { cleaned, onOneLine } from "../../domain/text.ts";
import type { ServerTool } from "../../ports/tools.ts";
import type { Memories } from "../memories.ts";
import { BUILT_IN_SOURCE } from "./built-in.ts";

/** What both have in common. They change something: after the words of strangers they ask (permissions.ts). */
const COMMON = {
  source: BUILT_IN_SOURCE,
  needs: "memory",
  effect: "writes",
  asks: false,
  isRepeatable: true,
  isTrusted: true,
} as const;

const parametersOf = (description: string) => ({
  type: "object",
  properties: { text: { type: "string", description } },
  required: ["text"],
  additionalProperties: false,
});

/** The tools with which a model remembers something of its user, for all conversations, and forgets it again. */
export function memoryTools(memories: Pick<Memories, "remember" | "forget">): ServerTool[] {
  return [
    {
      ...COMMON,
      name: REMEMBER,
      description:
        "Remembers something about the user for all later conversations, which the user sees and can delete. Use it when the user asks for it, or says something of lasting use about themselves: what they are called, do, like or need. Never for what was read elsewhere, for secrets, or for what matters in this conversation alone.",
      parameters: parametersOf(
        `One short sentence that is understood by itself, at most ${MAX_MEMORY_CHARACTERS} characters, in the user's language.`,
      ),
      async run({ owner, arguments: given, key }) {
        const text = textOf(given.text);
        const memory = await memories.remember({ owner, text, key });
        return memory
          ? JSON.stringify({ remembered: memory.text, id: memory.id })
          : "This is remembered already.";
      },
    },
    {
      ...COMMON,
      name: FORGET,
      description:
        "Forgets something that is remembered of the user: because the user asks for it, or because it is no longer true. To correct a memory, forget it and remember what is right.",
      parameters: parametersOf("The whole text of the memory, word for word."),
      async run({ owner, arguments: given, key }) {
        const memory = await memories.forget({ owner, text: textOf(given.text), key });
        // The same for a call that is repeated after a crash.
        return memory
          ? JSON.stringify({ forgotten: memory.text, id: memory.id })
          : "No memory has this text now. If one had it before, it is forgotten. Otherwise give the text word for word, as it stands in your instructions.";
      },
    },
  ];
}

/** @throws AppError invalid_request */
function textOf(given: unknown): string {
  if (typeof given !== "string")
    throw new AppError("invalid_request", "text must be a sentence", { field: "text" });
  return onOneLine(cleaned(given));
}
