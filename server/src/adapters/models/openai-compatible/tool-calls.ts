import { randomUUID } from "node:crypto";
import { isCallId } from "../../../domain/call-id.ts";
import type { ModelPart } from "../../../ports/model.ts";
import { isObject, type Loose } from "./loose-json.ts";
import { storableName, type TextCleaner, textCleaner } from "./text.ts";

/** The fields of one call in one chunk; "" for absent fields. */
export type CallPiece = {
  /** Its place among the calls, where the provider counts them. */
  readonly index: number | null;
  readonly id: string;
  readonly name: string;
  readonly text: string;
  /** Whether the chunk marks the tool as one that takes any text. */
  readonly isCustom: boolean;
};

/**
 * @param value the field `tool_calls` of a delta or of a whole message
 * @param isWhole whether it is that of a whole message, whose calls are counted by their places
 */
export function callsIn(value: unknown, isWhole: boolean): readonly CallPiece[] {
  if (!Array.isArray(value)) return [];
  return value.filter(isObject).map((call, place) => callIn(call, isWhole ? place : null));
}

function callIn(call: Loose, place: number | null): CallPiece {
  const isCustom = isObject(call.custom);
  const asked = isObject(call.custom) ? call.custom : isObject(call.function) ? call.function : {};
  const { name, arguments: given = asked.input } = asked;
  return {
    index: typeof call.index === "number" ? call.index : place,
    id: typeof call.id === "string" ? call.id : "",
    name: typeof name === "string" ? name : "",
    // Some give the arguments as what they mean.
    text: typeof given === "string" ? given : isObject(given) ? JSON.stringify(given) : "",
    isCustom,
  };
}

type CallPart = Extract<ModelPart, { type: "tool_call" | "arguments" }>;

type Call = {
  readonly index: number | null;
  id: string;
  name: string;
  isCustom: boolean;
  /** The calls that were not passed on yet. */
  text: string;
  readonly cleaner: TextCleaner;
};

/**
 * Puts calls in order that a provider may interleave: the first one is given as it comes, those after it once it is sure
 * that nothing more comes of those before them, which is at the end.
 */
export type CallOrder = {
  /** How many calls there are, those that are held back included. */
  readonly count: number;
  /** Whether a call was passed on. Further words of the model are placed after all calls. */
  readonly isBegun: boolean;
  push(piece: CallPiece, give: (part: CallPart) => void): void;
  /** Gives what was held back. A call without a name is none. */
  end(give: (part: CallPart) => void): void;
};

export function callOrder(): CallOrder {
  const calls: Call[] = [];
  /** The ids that were passed on. */
  const ids = new Set<string>();
  /** The call that was opened last. */
  let opened: Call | null = null;

  const find = ({ index, id, name }: CallPiece): Call | undefined => {
    const byIndex = calls.findLast((call) => index !== null && call.index === index);
    const known = byIndex ?? (index === null && id === "" ? calls.at(-1) : undefined);
    // Some count every call as the first.
    if (known && (id === "" || known.id === "" || known.id === id)) return known;
    // Some give several calls the same id: one with a place and a name of its own is a call of its own.
    const isOwn = index !== null && byIndex === undefined && name !== "";
    return id === "" || isOwn ? undefined : calls.find((call) => call.id === id);
  };
  const give = (call: Call, sink: (part: CallPart) => void) => {
    const text = call.cleaner.push(call.text);
    call.text = "";
    if (opened === call) {
      if (text !== "") sink({ type: "arguments", text });
      return;
    }
    opened = call;
    const callId = isCallId(call.id) && !ids.has(call.id) ? call.id : `call_${randomUUID()}`;
    ids.add(callId);
    const custom = call.isCustom && { isCustom: true as const };
    sink({ type: "tool_call", callId, name: storableName(call.name), text, ...custom });
  };

  return {
    get count() {
      return calls.length;
    },
    get isBegun() {
      return opened !== null;
    },
    push(piece, sink) {
      let call = find(piece);
      if (!call) {
        const { index, isCustom } = piece;
        call = { index, id: "", name: "", isCustom, text: "", cleaner: textCleaner() };
        calls.push(call);
      }
      call.id ||= piece.id;
      call.name ||= piece.name;
      call.isCustom ||= piece.isCustom;
      call.text += piece.text;
      if (call === calls[0] && call.name !== "") give(call, sink);
    },
    end(sink) {
      for (const call of calls) {
        if (call.name === "") continue;
        if (call !== opened || call.text !== "") give(call, sink);
        const rest = call.cleaner.end();
        if (rest !== "") sink({ type: "arguments", text: rest });
      }
    },
  };
}
