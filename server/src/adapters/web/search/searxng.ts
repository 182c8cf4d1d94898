import type { WebSearch } from "../../../ports/web.ts";
import { getJson } from "./get-json.ts";
import { hitsIn } from "./hits.ts";

/** A SearXNG, which must have `json` among its `search.formats`. */
export const searxng = (baseUrl: string): WebSearch => ({
  async search(query, signal) {
    const url = new URL(`${baseUrl}/search`);
    url.searchParams.set("q", query);
    url.searchParams.set("format", "json");
    const answer = Object(await getJson(url, {}, signal));
    return hitsIn(answer.results, "content");
  },
});
