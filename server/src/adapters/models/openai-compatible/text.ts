import { MAX_NAME_CHARACTERS } from "../../../domain/text.ts";

const REPLACEMENT = "\uFFFD";

/** Makes a model's text storable: no NUL, no half of a surrogate pair. Keeps what it cannot judge yet. */
export type TextCleaner = {
  /** The new text that is final; "" if there is none. */
  push(text: string): string;
  /** The text that is still withheld. */
  end(): string;
};

/**
 * Providers cut their text where they like, also between the two halves of a character outside the
 * basic plane (each in a JSON escape of its own): such a half is held back until the other comes.
 */
export function textCleaner(): TextCleaner {
  let held = "";
  return {
    push(text) {
      let joined = text;
      if (held !== "") {
        joined = held + text;
        held = "";
      }
      const last = joined.charCodeAt(joined.length - 1);
      if (last >= 0xd800 && last <= 0xdbff) {
        held = joined.slice(-1);
        joined = joined.slice(0, -1);
      }
      return storable(joined);
    },
    end() {
      const rest = held;
      held = "";
      return storable(rest);
    },
  };
}

function storable(text: string): string {
  const wellFormed = text.isWellFormed() ? text : text.toWellFormed();
  return wellFormed.includes("\0") ? wellFormed.replaceAll("\0", REPLACEMENT) : wellFormed;
}

/** A name that a provider gives: it comes whole, and what is longer than any name, or cannot be seen, is left out of it. */
export const storableName = (name: string): string =>
  name
    .slice(0, MAX_NAME_CHARACTERS)
    .toWellFormed()
    .replace(/\p{Cc}/gu, REPLACEMENT);

const OPEN = "<think>";
const CLOSE = "</think>";

export type PieceType = "text" | "reasoning" | "refusal";

/** Receives pieces of a reply, told apart. */
export type PieceSink = (type: PieceType, text: string) => void;

/**
 * Tells apart the thoughts that some local models write as `<think>…</think>` at the very start of
 * the content, and drops the blanks around the tags. Later tags are plain text.
 */
export type ThinkSplitter = {
  push(text: string, sink: PieceSink): void;
  /** Gives what was held back to see whether a tag would come of it. */
  end(sink: PieceSink): void;
};

export function thinkSplitter(): ThinkSplitter {
  let state: "start" | "thinking" | "blank" | "text" = "start";
  let held = "";
  return {
    push(text, sink) {
      if (state === "text") {
        sink("text", text);
        return;
      }
      let rest = held + text;
      held = "";
      if (state === "start") {
        const trimmed = rest.trimStart();
        if (trimmed.length < OPEN.length && OPEN.startsWith(trimmed)) {
          held = rest;
          return;
        }
        if (!trimmed.startsWith(OPEN)) {
          state = "text";
          sink("text", rest);
          return;
        }
        state = "thinking";
        rest = trimmed.slice(OPEN.length);
      }
      if (state === "thinking") {
        const close = rest.indexOf(CLOSE);
        if (close < 0) {
          const keep = lengthOfTagStart(rest);
          held = rest.slice(rest.length - keep);
          const thought = rest.slice(0, rest.length - keep);
          if (thought !== "") sink("reasoning", thought);
          return;
        }
        if (close > 0) sink("reasoning", rest.slice(0, close));
        state = "blank";
        rest = rest.slice(close + CLOSE.length);
      }
      const answer = rest.trimStart();
      if (answer === "") return;
      state = "text";
      sink("text", answer);
    },
    end(sink) {
      if (held !== "") sink(state === "thinking" ? "reasoning" : "text", held);
      held = "";
    },
  };
}

/** How many characters at the end of the text may be the start of a closing tag. */
function lengthOfTagStart(text: string): number {
  for (let length = Math.min(CLOSE.length - 1, text.length); length > 0; length--)
    if (text.endsWith(CLOSE.slice(0, length))) return length;
  return 0;
}
