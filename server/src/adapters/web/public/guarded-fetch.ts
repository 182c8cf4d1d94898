import { fetch as fetchByAgent } from "undici";
import { AppError } from "../../../domain/errors.ts";
import { checkJsonBounds } from "../../../domain/json-bounds.ts";
import type { GuardedFetch } from "../../../ports/tool-authorization.ts";
import { listOf } from "./addresses.ts";
import { egressAgent, InsideAddress, type ResolveName } from "./egress.ts";

const TIMEOUT_MS = 10_000;
const MAX_ANSWER_BYTES = 256 * 1024;
const MAX_URL_CHARACTERS = 2_000;
const BOUNDS = { maxDepth: 32, maxValues: 5_000 };
const REDIRECTS = { from: 300, to: 400 };
const NO_BODY = new Set([101, 204, 205, 304]);

export type GuardedFetchOptions = {
  /** Addresses inside that may be reached all the same. */
  readonly ranges: readonly string[];
  /** Default: by name servers. */
  readonly resolve?: ResolveName | undefined;
  /** Default: 10 s. */
  readonly timeoutMs?: number;
};

/**
 * Requests for addresses that others have named. Those of an origin that the operator has named lead wherever they lead;
 * every other address must be a public one.
 */
export function guardedFetches({ ranges, resolve, timeoutMs = TIMEOUT_MS }: GuardedFetchOptions): {
  /** @param origins those that the operator has named */
  for(origins: readonly string[]): GuardedFetch;
  close(): Promise<void>;
} {
  const agent = egressAgent({ allowed: listOf(ranges), resolve });
  return {
    for: (origins) => async (given, init) => {
      const url = URL.parse(given);
      if (!url || !/^https?:$/u.test(url.protocol) || url.href.length > MAX_URL_CHARACTERS)
        throw failed("one of its addresses is no address of the web");
      const signal = AbortSignal.timeout(timeoutMs);
      const headers = [...new Headers(init?.headers)];
      const body = textOf(init?.body);
      const request = {
        ...({ headers, redirect: "manual", signal } as const),
        ...(init?.method !== undefined && { method: init.method }),
        ...(body !== undefined && { body }),
      };
      try {
        const response = origins.includes(url.origin)
          ? await fetch(url, request)
          : await fetchByAgent(url, { ...request, dispatcher: agent });
        const { status } = response;
        if (status >= REDIRECTS.from && status < REDIRECTS.to) {
          await response.body?.cancel();
          throw failed(`${url.origin} redirects elsewhere, which is not followed`);
        }
        const text = await boundedText(response.body, url);
        return new Response(NO_BODY.has(status) ? null : text, {
          status,
          headers: [...response.headers].filter(([name]) => !BODY_HEADERS.has(name)),
        });
      } catch (error) {
        if (error instanceof AppError) throw error;
        if (signal.aborted)
          throw failed(`${url.origin} did not answer within ${timeoutMs / 1000} s`);
        if (causesOf(error).some((cause) => cause instanceof InsideAddress))
          throw failed(
            `${url.origin} is inside the server's network, where only addresses that the operator allows can be reached (FETCH_RANGES)`,
          );
        throw failed(`${url.origin} cannot be reached`);
      }
    },
    close: () => agent.destroy(),
  };
}

/** The answer is unpacked, and has a length of its own. */
const BODY_HEADERS = new Set(["content-encoding", "content-length", "transfer-encoding"]);

function textOf(body: RequestInit["body"]): string | undefined {
  if (body === undefined || body === null) return undefined;
  if (typeof body === "string" || body instanceof URLSearchParams) return String(body);
  throw new TypeError("Only texts are sent");
}

async function boundedText(
  body: AsyncIterable<Uint8Array> | null,
  { origin }: URL,
): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES) throw failed(`${origin} gives more than is read`);
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString("utf8");
  try {
    checkJsonBounds(text, BOUNDS);
  } catch {
    throw failed(`${origin} gives an answer with too many levels or values`);
  }
  return text;
}

function causesOf(error: unknown): unknown[] {
  const causes: unknown[] = [];
  for (let cause = error; cause instanceof Error && causes.length < 5; cause = cause.cause)
    causes.push(cause);
  return causes;
}

const failed = (why: string): AppError =>
  new AppError("unavailable", `Signing in does not work now: ${why}`);
