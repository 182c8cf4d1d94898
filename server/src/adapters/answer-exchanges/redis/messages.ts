// The messages between replicas about answers, on a channel for each replica.

/** To the replica that has an answer. */
export type Request =
  | {
      readonly kind: "read";
      /** The channel of the replica that reads. */
      readonly inbox: string;
      /** Names this reading. */
      readonly id: string;
      readonly name: string;
      readonly tag: string;
      /** How many lines are there already. */
      readonly from: number;
      /** How many may be there, as its reader reads on. */
      readonly until: number;
    }
  | { readonly kind: "more"; readonly id: string; readonly until: number }
  | { readonly kind: "leave"; readonly id: string };

/** To the replica that reads: lines from a place on. `isOver`: there are no more. */
export type Answer = {
  readonly id: string;
  readonly from: number;
  readonly lines: readonly string[];
  readonly isOver: boolean;
};

export const encodeRequest = (request: Request): string => JSON.stringify({ request });
export const encodeAnswer = (answer: Answer): string => JSON.stringify({ answer });

type Message = { readonly request?: unknown; readonly answer?: unknown };

/** Null for another kind of message, and for what this version does not understand. */
export function decodeRequest(message: string): Request | null {
  const { kind, inbox, id, name, tag, from, until } = fieldsOf(messageIn(message)?.request);
  if (typeof id !== "string") return null;
  if (kind === "leave") return { kind, id };
  if (kind === "more") return typeof until === "number" ? { kind, id, until } : null;
  if (kind !== "read" || typeof inbox !== "string" || typeof from !== "number") return null;
  return typeof name === "string" && typeof tag === "string"
    ? { kind, inbox, id, name, tag, from, until: typeof until === "number" ? until : Infinity }
    : null;
}

/** Null as `decodeRequest`. */
export function decodeAnswer(message: string): Answer | null {
  const { id, from, lines, isOver } = fieldsOf(messageIn(message)?.answer);
  if (typeof id !== "string" || typeof from !== "number" || !Array.isArray(lines)) return null;
  return lines.every((line) => typeof line === "string")
    ? { id, from, lines, isOver: isOver === true }
    : null;
}

function messageIn(message: string): Message | null {
  try {
    return fieldsOf(JSON.parse(message));
  } catch {
    return null;
  }
}

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> => ({
  ...(typeof value === "object" ? value : null),
});
