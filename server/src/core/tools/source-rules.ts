import type { JsonObject } from "../../domain/json.ts";
import type { ToolDefinition, ToolSource } from "../../ports/tool-sources.ts";
import type { ServerTool } from "../../ports/tools.ts";

/** What the operator says of a source. In patterns of names, `*` stands for any characters. */
export type SourceRules = {
  readonly label: string;
  /** Whether what it says of itself counts, and its results are the operator's own. */
  readonly isTrusted: boolean;
  /** The tools that are used; null: all. */
  readonly tools: readonly string[] | null;
  /** The tools that change nothing, besides those of which a trusted source says so. */
  readonly reads: readonly string[];
  /** The tools that ask before each call, all, or none; null: those that do not only read. */
  readonly asks: readonly string[] | boolean | null;
  readonly repeatable: readonly string[];
  readonly timeoutMs: number;
};

const MAX_NAME_CHARACTERS = 64;
/** A call may have to wait for its source to be connected to, which has its own bounds. */
const CONNECT_PATIENCE_MS = 60_000;
const FNV_OFFSET = 0x81_1c_9d_c5;
const FNV_PRIME = 0x01_00_01_93;

/** Whether a name matches one of the patterns. */
export const isAmong = (patterns: readonly string[], name: string): boolean =>
  patterns.some((pattern) => {
    const [first = "", ...rest] = pattern.split("*");
    if (rest.length === 0) return name === pattern;
    const last = rest.pop() ?? "";
    if (!name.startsWith(first) || !name.endsWith(last)) return false;
    if (name.length < first.length + last.length) return false;
    let at = first.length;
    for (const piece of rest) {
      const found = name.indexOf(piece, at);
      if (found < 0) return false;
      at = found + piece.length;
    }
    return at <= name.length - last.length;
  });

/** The name by which models ask for a tool: the same for the same tool, and for no other one of any source. */
export function offeredName(label: string, name: string): string {
  const plain = name.replace(/[^\w-]/gu, "_");
  const whole = `${label}__${plain}`;
  if (plain === name && whole.length <= MAX_NAME_CHARACTERS) return whole;
  const mark = `_${markOf(name)}`;
  return whole.slice(0, MAX_NAME_CHARACTERS - mark.length) + mark;
}

/** What tells two names apart. */
function markOf(text: string): string {
  let hash = FNV_OFFSET;
  for (let index = 0; index < text.length; index++)
    hash = Math.imul(hash ^ text.charCodeAt(index), FNV_PRIME) >>> 0;
  return hash.toString(16).padStart(8, "0");
}

/** A tool of a source as the server runs it. */
export function toolOf(
  rules: SourceRules,
  source: Pick<ToolSource, "call">,
  definition: ToolDefinition,
): ServerTool {
  const { label, isTrusted, timeoutMs } = rules;
  const { name, description, parameters } = definition;
  const onlyReads = isAmong(rules.reads, name) || (isTrusted && definition.isSaidToRead);
  const isRepeatable = isAmong(rules.repeatable, name);
  const { asks } = rules;
  return {
    name: offeredName(label, name),
    source: label,
    description,
    parameters: { ...parameters, type: "object" } satisfies JsonObject,
    isRepeatable,
    effect: onlyReads ? "reads" : "writes",
    asks: typeof asks === "boolean" ? asks : asks ? isAmong(asks, name) : !onlyReads,
    isTrusted,
    timeoutMs: timeoutMs + CONNECT_PATIENCE_MS,
    async run({ owner, arguments: given, key, within }, signal) {
      const options = { timeoutMs, signal, key, within, owner, accepted: definition };
      const answer = await source.call(name, given, options);
      // What may be made twice is not worth a doubt.
      const isDoubted = answer.outcome === "unknown" && !onlyReads && !isRepeatable;
      return answer.outcome === "unknown" && !isDoubted ? { ...answer, outcome: "failed" } : answer;
    },
  };
}
