// How the list of messages that a page sent lies over the stored conversation.
import type { Attachment } from "../../domain/file.ts";
import { textOf } from "../../domain/parts.ts";
import type { SentCall, SentFile, SentMessage } from "./body.ts";
import { type Entry, partsIn } from "./entries.ts";
import { storedFileIn } from "./file-urls.ts";

/** What is to be done with a list. */
export type Laid = {
  /** The entry after which something is new; null: before all entries. */
  readonly after: Entry | null;
  /** Whether that is the end of the stored path, so that what is new goes on there. */
  readonly isAtEnd: boolean;
  /** What is new, oldest first. */
  readonly rest: readonly SentMessage[];
  /** What the page's tools gave, of calls of the entry `after` that have no result in the store. */
  readonly results: readonly SentCall[];
};

/** The longest beginning of the list that is stored stays, or its end where the list has lost its beginning. */
export function lay(path: readonly Entry[], sent: readonly SentMessage[]): Laid {
  const [first] = sent;
  const found = first ? path.findIndex((entry) => isSame(entry, first)) : -1;
  const from = Math.max(0, found);
  let count = 0;
  while (count < sent.length) {
    const [entry, message] = [path[from + count], sent[count]];
    if (!entry || !message || !isSame(entry, message)) break;
    count++;
  }
  const after = path[from + count - 1] ?? null;
  const last = count > 0 ? after : null;
  const message = sent[count - 1];
  return {
    after: last,
    isAtEnd: last === null ? path.length === 0 : from + count === path.length,
    rest: sent.slice(count),
    results: last && message && count === sent.length ? newResults(last, message) : [],
  };
}

/** A reply is known by its id; what was said by the user is compared as well, since an edited message keeps its id. */
function isSame(entry: Entry, sent: SentMessage): boolean {
  if (entry.role !== sent.role) return false;
  const isNamed = sent.id === entry.id || sent.id === entry.storedId;
  if (sent.role === "assistant")
    return isNamed || (isUnnamed(entry, sent) && hasWords(entry, sent));
  return (isNamed || isUnnamed(entry, sent)) && hasWords(entry, sent) && hasFiles(entry, sent);
}

/** One of them has no name of a client's, so that only what they say can tell. */
const isUnnamed = (entry: Entry, sent: SentMessage): boolean =>
  sent.id === null || entry.id === entry.storedId;

function hasWords(entry: Entry, { text }: SentMessage): boolean {
  const stored = textOf(partsIn(entry));
  return stored === text || plain(stored) === plain(text);
}

const plain = (text: string): string => text.replace(/\r\n?/g, "\n").trim();

function hasFiles({ messages }: Entry, { files }: SentMessage): boolean {
  const stored = messages.flatMap(({ attachments }) => attachments ?? []);
  return (
    stored.length === files.length &&
    stored.every((attachment, index) => {
      const file = files[index];
      return file !== undefined && isFile(attachment, file);
    })
  );
}

function isFile({ id, bytes }: Attachment, { url }: SentFile): boolean {
  const storedId = storedFileIn(url);
  return storedId === null ? bytesInDataUrl(url) === bytes : storedId === id;
}

/** By the length of its base64; null for any other address. */
function bytesInDataUrl(url: string): number | null {
  const match = /^data:[^,]{0,200};base64,/i.exec(url);
  if (!match) return null;
  const padding = url.endsWith("==") ? 2 : url.endsWith("=") ? 1 : 0;
  return Math.floor(((url.length - match[0].length - padding) * 3) / 4);
}

function newResults(entry: Entry, { calls }: SentMessage): readonly SentCall[] {
  const parts = partsIn(entry);
  const asked = new Set(parts.flatMap((part) => (part.type === "tool_call" ? part.callId : [])));
  const ended = new Set(parts.flatMap((part) => (part.type === "tool_result" ? part.callId : [])));
  return calls.filter(({ callId, result }) => result && asked.has(callId) && !ended.has(callId));
}

/** What is to be done where the page sent the newest message alone. */
export function layOne(path: readonly Entry[], sent: SentMessage): Laid {
  const index = path.findIndex(({ id, storedId }) => sent.id === id || sent.id === storedId);
  const found = path[index];
  if (!found) return { after: path.at(-1) ?? null, isAtEnd: true, rest: [sent], results: [] };
  if (!isSame(found, sent))
    return { after: path[index - 1] ?? null, isAtEnd: false, rest: [sent], results: [] };
  const isAtEnd = index === path.length - 1;
  return { after: found, isAtEnd, rest: [], results: newResults(found, sent) };
}
