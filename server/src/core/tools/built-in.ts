import { AppError } from "../../domain/errors.ts";
import { checkStorable } from "../../domain/text.ts";
import type { Clock } from "../../ports/clock.ts";
import type { SearchStore } from "../../ports/search.ts";
import type { ServerTool } from "../../ports/tools.ts";

/** The tools that the server brings along; TOOLS names those that are used. */
export const BUILT_IN_TOOLS = ["now", "search_conversations", "fetch_page", "web_search"] as const;
export type BuiltInTool = (typeof BUILT_IN_TOOLS)[number];

/** Where the server's own tools come from. */
export const BUILT_IN_SOURCE = "builtin";
const READS = { effect: "reads", asks: false } as const;
const MAX_QUERY_CHARACTERS = 500;
const MAX_HITS = 10;
/** More are asked for, because those of the conversation itself are left out. */
const MAX_FOUND = 30;
const INDEXING_NOTE =
  "Not all of the user's messages are searchable yet, so there may be more than what was found. A search in some seconds finds more.";
/** Around each match of a search. */
const MARKS = /[\u{E000}\u{E001}]/gu;

/** Those that need nothing but the store and the time; the web's are in web-tools.ts. */
export function builtInTools(
  names: readonly BuiltInTool[],
  { store, clock }: { readonly store: SearchStore; readonly clock: Pick<Clock, "now"> },
): ServerTool[] {
  const tools: Readonly<Partial<Record<BuiltInTool, ServerTool>>> = {
    now: {
      name: "now",
      source: BUILT_IN_SOURCE,
      description: "The present date and time, in UTC and in a time zone.",
      parameters: {
        type: "object",
        properties: {
          time_zone: {
            type: "string",
            description: "As IANA names it, for example Europe/Vienna.",
          },
        },
        additionalProperties: false,
      },
      isRepeatable: true,
      ...READS,
      isTrusted: true,
      run: async ({ arguments: given }) => timeIn(clock.now(), textOf(given.time_zone)),
    },
    search_conversations: {
      name: "search_conversations",
      source: BUILT_IN_SOURCE,
      description:
        "Searches the user's earlier conversations for messages and titles that have all of the given words. Use few and rare words.",
      parameters: {
        type: "object",
        properties: { query: { type: "string", description: "The words." } },
        required: ["query"],
        additionalProperties: false,
      },
      isRepeatable: true,
      ...READS,
      // A conversation also holds what models said after they had read what strangers wrote.
      isTrusted: false,
      async run({ owner, conversationId, arguments: given }) {
        const query = textOf(given.query).slice(0, MAX_QUERY_CHARACTERS);
        checkStorable(query, "query");
        if (!/\S/u.test(query)) throw refused("query must have the words to search for", "query");
        const page = await store.search(owner, query, { limit: MAX_FOUND, offset: 0 });
        const { hits, isIndexing } = page;
        const said = new Set(hits.flatMap((hit) => (hit.message ? hit.conversation.id : [])));
        // A title is mostly the first words of what is found anyway.
        const others = hits.filter(
          ({ conversation: { id }, message }) =>
            id !== conversationId && (message || !said.has(id)),
        );
        const found = others.slice(0, MAX_HITS).map(({ conversation, message, snippet }) => ({
          conversation: conversation.title,
          said_by: message?.role ?? null,
          at: (message?.createdAt ?? conversation.updatedAt).toISOString(),
          text: snippet.replace(MARKS, ""),
        }));
        return JSON.stringify(isIndexing ? { note: INDEXING_NOTE, found } : found);
      },
    },
  };
  return names.flatMap((name) => tools[name] ?? []);
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

/** @throws AppError invalid_request */
function timeIn(now: Date, timeZone: string): string {
  const format = (zone: string) =>
    new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "long", timeZone: zone });
  const utc = { utc: now.toISOString() };
  if (timeZone === "") return JSON.stringify({ ...utc, words: format("UTC").format(now) });
  try {
    return JSON.stringify({ ...utc, time_zone: timeZone, words: format(timeZone).format(now) });
  } catch {
    throw refused(
      "time_zone is not known. Name one as IANA does, for example Asia/Tokyo",
      "time_zone",
    );
  }
}

const refused = (message: string, field: string): AppError =>
  new AppError("invalid_request", message, { field });
