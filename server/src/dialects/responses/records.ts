// What this wire keeps with a turn.
import type { JsonObject, JsonValue } from "../../domain/json.ts";
import { DELETED, isDeletedRecord } from "../openai/deleted.ts";
import { type SourceRecord, sourcesIn } from "./mcp-items.ts";
import type { Echo } from "./request.ts";
import { PLAIN_ECHO } from "./response.ts";

export type ResponseRecord = {
  readonly echo: Echo;
  /** The model that was asked. */
  readonly model: string;
  /** Whether its conversation is one that no client is told of. */
  readonly isHidden: boolean;
  readonly isBackground: boolean;
  readonly sealsReasoning: boolean;
  /** Of the server's tools, where it asked for some. */
  readonly sources?: SourceRecord;
  /** It was deleted, and is there only for those that go on from it. */
  readonly isDeleted?: boolean;
};

/** What is kept with a turn that another wire began. */
const PLAIN_RECORD: ResponseRecord = {
  echo: PLAIN_ECHO,
  model: "",
  isHidden: false,
  isBackground: false,
  sealsReasoning: false,
};

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export function recordOf(record: JsonObject | null): ResponseRecord {
  const kept = record?.response;
  const isDeleted = isDeletedRecord(record) || (isObject(kept) && kept.isDeleted === true);
  if (!isObject(kept) || !isObject(kept.echo))
    return {
      ...PLAIN_RECORD,
      isHidden: record?.isHidden === true,
      ...(isDeleted && { isDeleted }),
    };
  const sources = sourcesIn(kept);
  return {
    ...(sources && { sources }),
    echo: kept.echo,
    model: typeof kept.model === "string" ? kept.model : "",
    isHidden: kept.isHidden === true,
    isBackground: kept.isBackground === true,
    sealsReasoning: kept.sealsReasoning === true,
    ...(isDeleted && { isDeleted }),
  };
}

export const storedRecord = ({ isDeleted, ...response }: ResponseRecord): JsonObject => ({
  response,
  ...(isDeleted && DELETED),
});

/** Of what a response says again of its request, as JSON; less than MAX_RECORD_BYTES of the core. */
const MAX_ECHO_BYTES = 60 * 1024;
/** The same where tools of the server's are listed as well. */
const MAX_ECHO_BESIDE_BYTES = 24 * 1024;

/** What of the request is said again: all of it, unless tools and instructions are too long to be kept with each response. */
export function keptEcho(echo: Echo, listsTools: boolean): Echo {
  const maxBytes = listsTools ? MAX_ECHO_BESIDE_BYTES : MAX_ECHO_BYTES;
  const isShort = (one: Echo) => Buffer.byteLength(JSON.stringify(one)) <= maxBytes;
  if (isShort(echo)) return echo;
  const withoutTools = { ...echo, tools: [] };
  return isShort(withoutTools) ? withoutTools : { ...withoutTools, instructions: null };
}
