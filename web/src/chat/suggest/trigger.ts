/** What is being typed that a list may complete: `/` at the beginning leads to prompts, `@` to agents. */
export type Trigger = {
  readonly kind: "prompt" | "agent";
  /** What was typed behind the sign. */
  readonly words: string;
  /** Where the sign stands, and where the words end. */
  readonly from: number;
  readonly to: number;
};

const PROMPT = /^\/([^\n/]{0,60})$/;
/** A sign within a word, as in an address of mail, is none. */
const AGENT = /(?:^|[\s(])@([^\s@][^\n@]{0,40}|)$/;

/** Whether a list may be wanted at all, so that the caret matters. */
export const mayTrigger = (text: string): boolean => text.startsWith("/") || text.includes("@");

/** What stands before the caret, if it asks for a list. */
export function triggerAt(text: string, caret: number): Trigger | null {
  const before = text.slice(0, caret);
  const prompt = PROMPT.exec(before);
  if (prompt) return { kind: "prompt", words: prompt[1] ?? "", from: 0, to: caret };
  const agent = AGENT.exec(before);
  if (!agent) return null;
  const words = agent[1] ?? "";
  return { kind: "agent", words, from: caret - words.length - 1, to: caret };
}
