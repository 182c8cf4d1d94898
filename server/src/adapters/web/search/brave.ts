import type { WebSearch } from "../../../ports/web.ts";
import { getJson } from "./get-json.ts";
import { hitsIn } from "./hits.ts";

/** The search engine's own API. @param baseUrl `https://api.search.brave.com/res/v1` */
export const brave = (baseUrl: string, key: string): WebSearch => ({
  async search(query, signal) {
    const url = new URL(`${baseUrl}/web/search`);
    url.searchParams.set("q", query);
    const answer = Object(await getJson(url, { "x-subscription-token": key }, signal));
    return hitsIn(Object(answer.web).results, "description");
  },
});
