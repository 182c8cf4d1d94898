import type { Part, Question } from "@colloquy/client";

export type CallsProps = {
  readonly parts: readonly Part[] | undefined;
  /** What stays the same while the reply runs and after it. */
  readonly place: string | null;
  /** The id of a reply that is stored; null: it runs. */
  readonly messageId: string | null;
  /** The calls that wait for a decision. */
  readonly questions: readonly Question[];
};

export type Call = {
  readonly id: string;
  /** Whose tool it is: `client`, `custom`, or where a tool of the server's comes from. */
  readonly source: string;
  readonly name: string;
  /** The arguments as the model wrote them; "" where they were left out of a list of messages. */
  readonly given: string;
  /** Null: there is none yet. */
  readonly result: Pick<Extract<Part, { type: "tool_result" }>, "outcome" | "text"> | null;
};

/** The calls of a reply in order, each with its result. */
export function callsIn(parts: readonly Part[]): readonly Call[] {
  const calls: Call[] = [];
  for (const part of parts)
    if (part.type === "tool_call") {
      const { call_id: id, source, name, arguments: given } = part;
      calls.push({ id, source, name, given, result: null });
    } else if (part.type === "tool_result") {
      const at = calls.findIndex(({ id }) => id === part.call_id);
      const call = calls[at];
      if (call) calls[at] = { ...call, result: part };
    }
  return calls;
}

export type Source = { readonly title: string; readonly url: string; readonly host: string };

/** What controls terminals or the direction of text. Joiners stay, which several scripts are written with. */
const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]+/gu;

/** The pages that a reply cites, each once, in order. What is no address of the web is left out. */
export function sourcesIn(parts: readonly Part[]): readonly Source[] {
  const sources = new Map<string, Source>();
  for (const part of parts) {
    const address = part.type === "citation" ? addressOf(part.url) : null;
    if (part.type !== "citation" || !address || sources.has(address.href)) continue;
    const { href: url, host } = address;
    sources.set(url, { title: part.title.replace(CONTROLS, " ").trim() || host, url, host });
  }
  return [...sources.values()];
}

function addressOf(url = ""): URL | null {
  try {
    const address = new URL(url);
    return /^https?:$/.test(address.protocol) ? address : null;
  } catch {
    return null;
  }
}
