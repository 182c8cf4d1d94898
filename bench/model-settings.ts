/** What a request's directive asks of the model: `[[mock n=20 gap=50 ttft=0 ts=1 bytes=4]]` in the user's text. */
export type ModelSettings = {
  /** Tokens of the reply. */
  readonly tokens: number;
  /** Bytes of one token's text, its trailing blank included; a timestamp comes on top. */
  readonly bytesPerToken: number;
  readonly firstTokenMs: number;
  /** Time between tokens; 0 sends the whole reply at once. */
  readonly gapMs: number;
  /** Each token begins with `@<16 digits: monotonic clock in microseconds>@`. */
  readonly isTimestamped: boolean;
  /** Calls of the tool `now` that the model asks for, one after the other, before it gives that reply. */
  readonly calls: number;
};

export const DEFAULT_SETTINGS: ModelSettings = {
  tokens: 20,
  bytesPerToken: 4,
  firstTokenMs: 0,
  gapMs: 0,
  isTimestamped: false,
  calls: 0,
};

const OPENING = "[[mock ";
const CLOSING = "]]";

export function writeDirective(settings: ModelSettings): string {
  const { tokens, gapMs, firstTokenMs, isTimestamped, bytesPerToken, calls } = settings;
  const fields = `n=${tokens} gap=${gapMs} ttft=${firstTokenMs} ts=${isTimestamped ? 1 : 0} bytes=${bytesPerToken}`;
  return `${OPENING}${fields}${calls > 0 ? ` calls=${calls}` : ""}${CLOSING}`;
}

const RESULT = '"role":"tool"';

/** How many results of calls a request's body has after the last directive. */
export function countResults(body: Buffer): number {
  let count = 0;
  for (let at = body.lastIndexOf(OPENING); at >= 0; count++) {
    at = body.indexOf(RESULT, at + 1);
    if (at < 0) break;
  }
  return count;
}

const parsedDirectives = new Map<string, ModelSettings>();

/** The settings of the last directive in a request's body: a history may hold those of earlier turns. */
export function findSettings(body: Buffer): ModelSettings {
  const start = body.lastIndexOf(OPENING);
  const end = start < 0 ? -1 : body.indexOf(CLOSING, start);
  if (end < 0) return DEFAULT_SETTINGS;
  const text = body.toString("latin1", start + OPENING.length, end);
  const known = parsedDirectives.get(text);
  if (known) return known;
  const settings = parseDirective(text);
  if (parsedDirectives.size < 1000) parsedDirectives.set(text, settings);
  return settings;
}

function parseDirective(text: string): ModelSettings {
  const fields = new Map<string, number>();
  for (const field of text.trim().split(/\s+/u)) {
    const [name = "", value = ""] = field.split("=");
    fields.set(name, Number(value));
  }
  const read = (name: string, fallback: number) => {
    const value = fields.get(name);
    return value !== undefined && value >= 0 ? value : fallback;
  };
  return {
    tokens: read("n", DEFAULT_SETTINGS.tokens),
    bytesPerToken: read("bytes", DEFAULT_SETTINGS.bytesPerToken),
    firstTokenMs: read("ttft", DEFAULT_SETTINGS.firstTokenMs),
    gapMs: read("gap", DEFAULT_SETTINGS.gapMs),
    isTimestamped: read("ts", 0) > 0,
    calls: read("calls", 0),
  };
}
