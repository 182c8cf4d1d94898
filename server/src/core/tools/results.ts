import { CLIENT_TOOLS, type Part } from "../../domain/parts.ts";
import { cleaned } from "../../domain/text.ts";
import type { ToolSourceLink } from "../../ports/tools.ts";
import type { CallState } from "./step-state.ts";

export type ToolCall = Extract<Part, { type: "tool_call" }>;
export type ToolResult = Extract<Part, { type: "tool_result" }>;

type Citation = Extract<Part, { type: "citation" }>;
/** A result with what it cites. */
export type Ended = { readonly result: ToolResult; readonly sources: readonly ToolSourceLink[] };
/** What is added to the reply of that. */
export type Told = ToolResult | Citation;

const MAX_RESULT_CHARACTERS = 32 * 1024;
/** Of one result. */
const MAX_SOURCES = 20;
const MAX_TITLE_CHARACTERS = 300;
const MAX_URL_CHARACTERS = 2_000;

export const failed = ({ callId }: ToolCall, text: string): ToolResult => ({
  type: "tool_result",
  callId,
  outcome: "failed",
  text,
});

export const declined = ({ callId }: ToolCall, text: string): ToolResult => ({
  type: "tool_result",
  callId,
  outcome: "declined",
  text,
});

export const NO_TOOL = "There is no tool of that name.";
export const NOBODY_TO_ASK =
  "Not made: the user would have to be asked, which is not possible here.";
export const DECLINED = "Not made: the user declined this call.";
export const NOT_SIGNED_IN = "Not made: the user did not sign in to the tool's source.";
export const SIGN_IN_IN_VAIN =
  "Not made: the tool's source asks for a sign-in again, although the user has signed in to it.";
export const NOBODY_ALLOWED = "Not made: nobody allowed this call in time.";
const CLIENT_WAS_LATE =
  "The client gave no result in time: the call may or may not have been made.";

export const clientWasLate = ({ callId }: ToolCall): ToolResult => ({
  ...{ type: "tool_result", callId, outcome: "unknown", text: CLIENT_WAS_LATE },
});

export const citationsOf = (sources: readonly ToolSourceLink[], wordCount: number): Citation[] =>
  sources.flatMap((source) => citationOf(source, wordCount)).slice(0, MAX_SOURCES);

/** Nothing where it is no address of the web. */
function citationOf({ title, url }: ToolSourceLink, wordCount: number): Citation | [] {
  const address = URL.parse(url);
  if (!address || !/^https?:$/u.test(address.protocol) || address.href.length > MAX_URL_CHARACTERS)
    return [];
  return {
    type: "citation",
    title: storable(title).slice(0, MAX_TITLE_CHARACTERS).toWellFormed(),
    url: address.href,
    fileId: null,
    quote: "",
    from: wordCount,
    to: wordCount,
  };
}

/** What a store cannot return exactly is not stored. */
const storable = (text: string): string => text.replaceAll("\0", "\u{FFFD}").toWellFormed();

/** A result within what one may have, and within what the model can still be told. */
export function fitting(result: ToolResult, room: { characters: number }): ToolResult {
  const text = storable(result.text);
  const most = Math.min(MAX_RESULT_CHARACTERS, Math.max(0, room.characters));
  room.characters -= Math.min(text.length, most);
  if (text.length <= most) return { ...result, text };
  const left = `${text.length.toLocaleString("en")} characters, of which ${most.toLocaleString("en")} have room`;
  return { ...result, text: `${text.slice(0, most).toWellFormed()}\n[Cut off: ${left}]` };
}

/** The text of a result as it is kept, whole or with the beginning of it and a word about that. */
export function keptText(text: string): string {
  const kept = cleaned(text);
  if (kept.length <= MAX_RESULT_CHARACTERS) return kept;
  const note = `\n[Cut off: ${kept.length.toLocaleString("en")} characters]`;
  return kept.slice(0, MAX_RESULT_CHARACTERS - note.length).toWellFormed() + note;
}

/** The results of calls that the reply has ended without: what was begun may have been made. */
export const unanswered = (
  parts: readonly Part[],
  states: ReadonlyMap<string, CallState>,
): ToolResult[] => {
  const answered = new Set(parts.map((part) => part.type === "tool_result" && part.callId));
  return parts.flatMap((part): ToolResult[] => {
    if (part.type !== "tool_call" || answered.has(part.callId)) return [];
    const { callId, source } = part;
    const state = states.get(callId)?.state;
    // A client that was told of a call may have made it.
    const isBegun = state === "running" || (state === "waiting" && source === CLIENT_TOOLS);
    return [
      isBegun
        ? { type: "tool_result", callId, outcome: "unknown", text: MAYBE_MADE }
        : { type: "tool_result", callId, outcome: "declined", text: NOT_MADE },
    ];
  });
};

const MAYBE_MADE =
  "The reply ended before the tool answered: the call may or may not have been made.";
const NOT_MADE = "Not made: the reply ended before.";
