import { type Message, partsOf } from "../../domain/message.ts";
import type { Part } from "../../domain/parts.ts";
import type { PromptMessage } from "../../ports/model.ts";

/** What is compared of a message, sent or stored. */
export type Compared = {
  /** `question`: whatever a user or a tool says; `answer`: an assistant's. */
  readonly side: "question" | "answer";
  /** Equal for two messages that are the same to their reader. */
  readonly key: string;
};

/**
 * Where the new of a history goes: after that many of the stored messages. `isFirst`: on a branch of its own from the
 * beginning. `sent`: how many of the sent messages are stored already.
 */
export type Overlay = { readonly stored: number; readonly sent: number };

/** A history may be shortened to so few messages and still be known for an answer that is asked for again. */
const MIN_KNOWN_MESSAGES = 2;

/**
 * Lays a history that a client sent over the stored one. The longest equal beginning stays. A history that was shortened
 * at its beginning goes on from the end of the stored one, if it equals that end; so does one without the last answer,
 * which is asked for again. Takes time in proportion to the two histories.
 * @param stored the path that is shown, oldest first
 */
export function overlayOf(stored: readonly Compared[], sent: readonly Compared[]): Overlay {
  let same = 0;
  while (same < stored.length && same < sent.length && isSame(stored[same], sent[same])) same++;
  const atEnd = longestEnd(stored, sent);
  if (atEnd > same) return { stored: stored.length, sent: atEnd };
  const isAskedAgain =
    sent.length > Math.max(same, MIN_KNOWN_MESSAGES - 1) &&
    sent.at(-1)?.side === "question" &&
    stored.at(-1)?.side === "answer" &&
    longestEnd(stored.slice(0, -1), sent) === sent.length;
  return isAskedAgain
    ? { stored: stored.length - 1, sent: sent.length }
    : { stored: same, sent: same };
}

const isSame = (one: Compared | undefined, other: Compared | undefined): boolean =>
  one?.side === other?.side && one?.key === other?.key;

/** How many messages of the sent history's beginning are the end of the stored one (Knuth, Morris and Pratt). */
function longestEnd(stored: readonly Compared[], sent: readonly Compared[]): number {
  /** Of each beginning of the sent history: how much of it is its own end as well. */
  const shorter: number[] = [0];
  const goOn = (matched: number, next: Compared | undefined): number => {
    let count = matched;
    while (count > 0 && (count === sent.length || !isSame(sent[count], next)))
      count = shorter[count - 1] ?? 0;
    return isSame(sent[count], next) ? count + 1 : count;
  };
  if (sent.length === 0) return 0;
  for (let index = 1; index < sent.length; index++)
    shorter.push(goOn(shorter[index - 1] ?? 0, sent[index]));
  let matched = 0;
  for (const message of stored) matched = goOn(matched, message);
  return matched;
}

/** Which messages a conversation has: system messages are settings of a turn. */
export const isOfConversation = ({ role }: Pick<Message | PromptMessage, "role">): boolean =>
  role !== "system" && role !== "developer";

export const comparedMessage = (message: Message): Compared =>
  compared(message.role, message.content, partsOf(message));

export const comparedPrompt = ({ role, content, parts = [] }: PromptMessage): Compared =>
  compared(role, content, parts);

function compared(role: Message["role"], content: string, parts: readonly Part[]): Compared {
  const calls = parts.flatMap((part) =>
    part.type === "tool_call" || part.type === "tool_result" ? [part.callId] : [],
  );
  const said = role === "tool" ? "" : plain(content);
  return {
    side: role === "assistant" ? "answer" : "question",
    key: JSON.stringify([role, said, calls]),
  };
}

/** Thoughts that some clients put before an answer, and the kinds of line ends and outer space are no difference. */
const plain = (text: string): string =>
  text
    .replace(/^\s*<think>[\s\S]*?<\/think>/u, "")
    .replaceAll("\r\n", "\n")
    .trim();
