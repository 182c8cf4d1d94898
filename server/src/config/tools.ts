import { BUILT_IN_TOOLS, type BuiltInTool } from "../core/tools/built-in.ts";
import { isAddressRange } from "./address-range.ts";
import type { Environment, Reader } from "./reader.ts";
import { readToolSources, type SourceConfig } from "./tool-sources.ts";

/** The tools that models may use, and what these need. */
export type ToolsConfig = {
  /** By which secrets in the store are encrypted: the first encrypts; empty: the key is in the data directory. */
  readonly secretsKeys: readonly string[];
  /** Of the server's own. */
  readonly builtIn: readonly BuiltInTool[];
  /** Addresses that do not count as inside for `fetch_page`. */
  readonly fetchRanges: readonly string[];
  /** Where `web_search` asks; null: it is not used. */
  readonly search:
    | { readonly engine: "searxng"; readonly baseUrl: string }
    | { readonly engine: "brave"; readonly baseUrl: string; readonly key: string }
    | null;
  /** The sources of the operator's file. */
  readonly sources: readonly SourceConfig[];
};

const SECRETS_KEY = /^[\w+/=-]{32,}$/;
const BRAVE_URL = "https://api.search.brave.com/res/v1";

/** @param mistakes gets what is wrong */
export function readTools(read: Reader, environment: Environment, mistakes: string[]): ToolsConfig {
  const builtIn = [...new Set(read.list("TOOLS", ""))].flatMap((name) => {
    const tool = BUILT_IN_TOOLS.find((known) => known === name);
    if (!tool)
      mistakes.push(`TOOLS: there is no tool '${name}'. Name ${BUILT_IN_TOOLS.join(", ")}`);
    return tool ?? [];
  });
  const fetchRanges = read.list("FETCH_RANGES", "");
  for (const range of fetchRanges)
    if (!isAddressRange(range))
      mistakes.push(`FETCH_RANGES: '${range}' is no IP address or CIDR range, as in 10.1.0.0/16`);
  const searxng = read.url("SEARXNG_URL", ["http:", "https:"]);
  const key = read.secret("BRAVE_API_KEY");
  const braveUrl = read.url("BRAVE_BASE_URL", ["http:", "https:"]);
  const withoutSlash = (url: string) => url.replace(/\/+$/, "");
  const search = searxng
    ? ({ engine: "searxng", baseUrl: withoutSlash(searxng.href) } as const)
    : key
      ? ({ engine: "brave", baseUrl: withoutSlash(braveUrl?.href ?? BRAVE_URL), key } as const)
      : null;
  if (builtIn.includes("web_search") && !search)
    mistakes.push(
      "TOOLS: web_search needs a search engine. Set SEARXNG_URL or BRAVE_API_KEY, or leave it out",
    );
  const file = read.text("TOOL_SOURCES", "");
  const sources = file === "" ? [] : readToolSources(file, environment, mistakes);
  const secretsKeys = read.list("SECRETS_KEY", "");
  if (secretsKeys.some((secret) => !SECRETS_KEY.test(secret)))
    mistakes.push(
      "SECRETS_KEY must be 32 or more letters, digits and characters of +/=-_ (several keys are separated by commas). Make one with `openssl rand -base64 32`",
    );
  const hasSignIns = sources.some(({ place }) => "url" in place && place.signIn !== null);
  if (hasSignIns && secretsKeys.length === 0 && read.text("REDIS_URL", "") !== "")
    mistakes.push(
      "SECRETS_KEY is needed where people sign in to sources (sign_in in TOOL_SOURCES) and servers share REDIS_URL: every server must have the same key. Make one with `openssl rand -base64 32`",
    );
  return { builtIn, fetchRanges, search, sources, secretsKeys };
}
