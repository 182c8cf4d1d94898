/** The directives in a message to the echo. */
export type Directives = {
  /** The rest of the message. */
  readonly text: string;
  readonly thoughts: string;
  readonly calls: readonly { readonly name: string; readonly text: string }[];
  readonly refusal: string;
  /** The number of pieces before the length limit ends the reply; null means all. */
  readonly pieces: number | null;
};

const LINE = /^#(think|call|refuse|cut)(?:[ \t]+(.*))?$/u;
const CALL = /^(\S+)\s*(.*)$/u;

/**
 * Reads the lines that tell the echo what to do, each of its own:
 * `#think I count them`, `#call weather {"city":"Ulm"}`, `#refuse I would rather not`, `#cut 3`.
 */
export function directivesIn(message: string): Directives {
  const kept: string[] = [];
  const thoughts: string[] = [];
  const calls: { name: string; text: string }[] = [];
  const refusals: string[] = [];
  let pieces: number | null = null;
  for (const line of message.split("\n")) {
    const [, directive, given = ""] = LINE.exec(line) ?? [];
    const [, name = "", text = ""] = CALL.exec(given) ?? [];
    if (directive === "think") thoughts.push(given);
    else if (directive === "refuse") refusals.push(given);
    else if (directive === "call" && name !== "") calls.push({ name, text: text || "{}" });
    else if (directive === "cut") pieces = Math.max(0, Math.floor(Number(given)) || 0);
    else kept.push(line);
  }
  return {
    text: kept.join("\n"),
    thoughts: thoughts.join("\n"),
    calls,
    refusal: refusals.join("\n"),
    pieces,
  };
}
