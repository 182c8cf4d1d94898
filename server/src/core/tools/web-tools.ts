import { AppError } from "../../domain/errors.ts";
import type { ServerTool } from "../../ports/tools.ts";
import type { WebReader, WebSearch } from "../../ports/web.ts";

const MAX_QUERY_CHARACTERS = 400;
/** What strangers wrote may sound like instructions. */
const BY_STRANGERS = {
  source: "builtin",
  isRepeatable: true,
  effect: "reads",
  asks: false,
  isTrusted: false,
} as const;

/** Reads a page of the public web. */
export const fetchPage = (reader: WebReader): ServerTool => ({
  ...BY_STRANGERS,
  name: "fetch_page",
  description: "Fetches a page of the web by its address and gives its words.",
  parameters: {
    type: "object",
    properties: { url: { type: "string", description: "Begins with https:// or http://." } },
    required: ["url"],
    additionalProperties: false,
  },
  async run({ arguments: given }, signal) {
    const { url, title, text } = await reader.read(textOf(given.url).trim(), signal);
    return {
      text: `${url}\n${title}\n\n${text}`,
      sources: [{ url, title: title || url }],
    };
  },
});

/** Searches the web by the engine of the operator's. */
export const webSearch = (engine: WebSearch): ServerTool => ({
  ...BY_STRANGERS,
  name: "web_search",
  description:
    "Searches the web and gives titles, addresses and a few words of the pages that were found. Name the pages that an answer rests on.",
  parameters: {
    type: "object",
    properties: { query: { type: "string", description: "As one would type it." } },
    required: ["query"],
    additionalProperties: false,
  },
  async run({ arguments: given }, signal) {
    const query = textOf(given.query).trim().slice(0, MAX_QUERY_CHARACTERS).toWellFormed();
    if (query === "")
      throw new AppError("invalid_request", "query must have the words to search for", {
        field: "query",
      });
    const hits = await engine.search(query, signal);
    return {
      text: JSON.stringify(hits),
      sources: hits.map(({ title, url }) => ({ title, url })),
    };
  },
});

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");
