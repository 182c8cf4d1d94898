import { unzipped } from "./unzip.ts";

type Loose = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Loose =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Of ChatGPT (`mapping`), or of any other that keeps its messages in a list. */
const isConversation = (value: unknown): value is Loose =>
  isObject(value) && (isObject(value.mapping) || Array.isArray(value.messages));

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/**
 * The conversations in a file, as they stand there: a ChatGPT export (the .zip, or the
 * conversations.json in it), a browser's localStorage as JSON, a conversation or a list of them as this
 * page and its server export them, or Colloquy's own JSON Lines.
 * @returns none where the file has none
 */
export async function readConversations(file: File): Promise<readonly object[]> {
  const isZip = /\.zip$/i.test(file.name) || file.type === "application/zip";
  if (!isZip) return conversationsIn(await file.text());
  const texts = await unzipped(file, (name) => /(?:^|\/)conversations[^/]*\.json$/.test(name));
  return texts.flatMap(conversationsIn);
}

function conversationsIn(text: string): readonly object[] {
  const whole = parsed(text);
  return whole === undefined ? inLines(text) : inValue(whole);
}

/** Lists and objects may hold each other; localStorage holds its values as JSON in strings. */
function inValue(value: unknown, depth = 0): readonly object[] {
  if (isConversation(value)) return [value];
  if (depth > 4) return [];
  if (Array.isArray(value)) return value.flatMap((item) => inValue(item, depth + 1));
  if (isObject(value))
    return Object.values(value).flatMap((item) =>
      inValue(typeof item === "string" && /^\s*[[{]/.test(item) ? parsed(item) : item, depth + 1),
    );
  return [];
}

/** An archive of `colloquy export`: a conversation's messages are lines of their own, after it. */
function inLines(text: string): readonly object[] {
  const conversations = new Map<unknown, { conversation: Loose; messages: unknown[] }>();
  const others: object[] = [];
  for (const line of text.split("\n")) {
    const record = parsed(line);
    if (!isObject(record)) continue;
    const { type, conversation, message } = record;
    if (type === "conversation" && isObject(conversation))
      conversations.set(conversation.id, { conversation, messages: [] });
    else if (type === "message" && isObject(message))
      conversations.get(message.conversationId)?.messages.push(message);
    else others.push(...inValue(record));
  }
  const whole = [...conversations.values()].filter(({ messages }) => messages.length > 0);
  return [...whole, ...others];
}
