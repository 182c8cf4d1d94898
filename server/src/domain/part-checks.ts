import { AppError } from "./errors.ts";
import {
  append,
  type FileRef,
  hasWords,
  lengthOfAll,
  type Part,
  TOOL_OUTCOMES,
  textIn,
} from "./parts.ts";
import { checkName, checkStorable, MAX_REPLY_CHARACTERS } from "./text.ts";

/** Of one message. */
export const MAX_PARTS = 1_000;
const PART_TYPES = [
  "text",
  "reasoning",
  "tool_call",
  "tool_result",
  "file",
  "citation",
  "refusal",
] as const satisfies readonly Part["type"][];

type Fields = Readonly<Record<string, unknown>>;

const refused = (field: string, problem: string): AppError =>
  new AppError("invalid_request", `${field} ${problem}`, { field });

/**
 * Checks the parts of a message that come from outside the server.
 * @param field the name of the list in the request
 * @param options.resultsAlone whether results may stand without the calls that they answer; default: no
 * @throws AppError invalid_request, naming the field and its expected content
 */
export function checkParts(
  value: unknown,
  field: string,
  { resultsAlone = false }: { readonly resultsAlone?: boolean } = {},
): Part[] {
  if (!Array.isArray(value)) throw refused(field, "must be a list of parts");
  if (value.length > MAX_PARTS)
    throw refused(
      field,
      `has ${value.length.toLocaleString("en")} parts: at most ${MAX_PARTS.toLocaleString("en")} are taken`,
    );
  let parts: Part[] = [];
  let words = 0;
  const calls = new Map<string, "open" | "answered">();
  for (const [place, item] of value.entries()) {
    const name = `${field}[${place}]`;
    const part = checkPart(item, name, words);
    if (part.type === "tool_call") {
      if (calls.has(part.callId)) throw refused(name, "is a call whose callId was used before");
      calls.set(part.callId, "open");
    }
    if (part.type === "tool_result") {
      const state = calls.get(part.callId);
      if (!state && !resultsAlone)
        throw refused(name, "is the result of a call that no part before it makes");
      if (state === "answered") throw refused(name, "is a second result of the same call");
      calls.set(part.callId, "answered");
    }
    if (hasWords(part.type)) words += textIn(part).length;
    parts = append(parts, part);
  }
  if (lengthOfAll(parts) > MAX_REPLY_CHARACTERS)
    throw refused(
      field,
      `is too long: at most ${MAX_REPLY_CHARACTERS.toLocaleString("en")} characters`,
    );
  return parts;
}

/** @param words the number of characters of the message's words before the part */
function checkPart(value: unknown, name: string, words: number): Part {
  const fields = fieldsOf(value, name);
  const type = PART_TYPES.find((known) => known === fields.type);
  switch (type) {
    case "text":
    case "reasoning":
    case "refusal": {
      const part = { type, text: text(fields, "text", name) };
      if (textIn(part) === "") throw refused(`${name}.text`, "must not be empty");
      return part;
    }
    case "tool_call":
      return {
        type,
        callId: label(fields, "callId", name),
        source: label(fields, "source", name),
        name: label(fields, "name", name),
        arguments: text(fields, "arguments", name),
      };
    case "tool_result": {
      const outcome = TOOL_OUTCOMES.find((known) => known === fields.outcome);
      if (!outcome) throw refused(`${name}.outcome`, `must be one of: ${TOOL_OUTCOMES.join(", ")}`);
      const callId = label(fields, "callId", name);
      return { type, callId, outcome, text: text(fields, "text", name) };
    }
    case "file":
      return { type, file: checkFile(fields.file, `${name}.file`) };
    case "citation": {
      const from = count(fields, "from", name);
      const to = count(fields, "to", name);
      if (from > to || to > words)
        throw refused(name, "must cite from and to places in the text before it, in that order");
      const url = fields.url == null ? null : text(fields, "url", name);
      const fileId = fields.fileId == null ? null : label(fields, "fileId", name);
      if ((url === null) === (fileId === null))
        throw refused(name, "must have either a url or a fileId");
      const title = text(fields, "title", name);
      return { type, title, url, fileId, quote: text(fields, "quote", name), from, to };
    }
    default:
      throw refused(`${name}.type`, `must be one of: ${PART_TYPES.join(", ")}`);
  }
}

function checkFile(value: unknown, name: string): FileRef {
  const fields = fieldsOf(value, name);
  return {
    id: label(fields, "id", name),
    name: label(fields, "name", name),
    mediaType: label(fields, "mediaType", name),
    bytes: count(fields, "bytes", name),
  };
}

function fieldsOf(value: unknown, name: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw refused(name, "must be an object");
  return { ...value };
}

function text(fields: Fields, field: string, name: string): string {
  const value = fields[field];
  if (typeof value !== "string") throw refused(`${name}.${field}`, "must be a string");
  checkStorable(value, `${name}.${field}`);
  return value;
}

/** An id or a name. */
function label(fields: Fields, field: string, name: string): string {
  const value = text(fields, field, name);
  checkName(value, `${name}.${field}`);
  return value;
}

function count(fields: Fields, field: string, name: string): number {
  const value = fields[field];
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0)
    throw refused(`${name}.${field}`, "must be a whole number from 0 on");
  return value;
}
