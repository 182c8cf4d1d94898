import { fetch, type Response } from "undici";
import { AppError } from "../../../domain/errors.ts";
import type { WebPage, WebReader } from "../../../ports/web.ts";
import { listOf } from "./addresses.ts";
import { egressAgent, InsideAddress, type ResolveName } from "./egress.ts";
import { textOfHtml } from "./html-text.ts";

const TIMEOUT_MS = 20_000;
const MAX_REDIRECTS = 5;
const MAX_PAGE_BYTES = 3 * 1024 * 1024;
/** The room that a result has (core/tools/calls.ts), less what is said around it. */
const MAX_TEXT_CHARACTERS = 30_000;
const MAX_TITLE_CHARACTERS = 300;
const MAX_URL_CHARACTERS = 2_000;
const HTML = /^(?:text\/html|application\/xhtml\+xml)$/u;
const TEXT = /^(?:text\/.+|application\/(?:json|xml|.+\+(?:json|xml)))$/u;
const CHARSET_IN_PAGE = /<meta[^>]{0,200}charset=["']?([\w-]{1,40})/iu;
const HEAD_BYTES = 1024;
const HEADERS = {
  accept: "text/html,application/xhtml+xml,text/plain;q=0.9,*/*;q=0.1",
  "accept-language": "*",
  "user-agent": "Mozilla/5.0 (compatible; Colloquy)",
};

/** A reader of public pages that holds connections until it is closed. */
export type PublicReader = WebReader & { close(): Promise<void> };

export type PublicReaderOptions = {
  /** Addresses inside that may be read all the same. */
  readonly ranges: readonly string[];
  /** Default: by name servers. */
  readonly resolve?: ResolveName | undefined;
  /** For a page with all its redirects. Default: 20 s. */
  readonly timeoutMs?: number;
};

export function publicReader({
  ranges,
  resolve,
  timeoutMs = TIMEOUT_MS,
}: PublicReaderOptions): PublicReader {
  const agent = egressAgent({ allowed: listOf(ranges), resolve });

  /** @throws AppError, and what fetch throws */
  async function open(address: URL, signal: AbortSignal): Promise<[Response, URL]> {
    let url = address;
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      const response = await fetch(url, {
        dispatcher: agent,
        headers: HEADERS,
        redirect: "manual",
        signal,
      });
      const { status } = response;
      const target = status >= 300 && status < 400 ? response.headers.get("location") : null;
      if (target === null) return [response, url];
      await response.body?.cancel();
      url = addressOf(URL.parse(target, url));
    }
    throw failed(`The page redirects more than ${MAX_REDIRECTS} times.`);
  }

  return {
    async read(given, outer) {
      const address = addressOf(given.length > MAX_URL_CHARACTERS ? null : URL.parse(given));
      const late = AbortSignal.timeout(timeoutMs);
      try {
        const [response, url] = await open(address, AbortSignal.any([outer, late]));
        return await pageOf(response, url);
      } catch (error) {
        if (error instanceof AppError) throw error;
        if (late.aborted) throw failed(`The page did not answer within ${timeoutMs / 1000} s.`);
        if (causesOf(error).some((cause) => cause instanceof InsideAddress)) throw inside();
        throw failed("The page cannot be reached.", error);
      }
    },
    close: () => agent.destroy(),
  };
}

/** @throws AppError invalid_request */
function addressOf(url: URL | null): URL {
  if (!url || !/^https?:$/u.test(url.protocol))
    throw new AppError("invalid_request", "url must be an address that begins with https://", {
      field: "url",
    });
  if (url.username !== "" || url.password !== "")
    throw new AppError("invalid_request", "url must have no user and no password in it", {
      field: "url",
    });
  return url;
}

async function pageOf(response: Response, url: URL): Promise<WebPage> {
  const [type = "", ...parameters] = (response.headers.get("content-type") ?? "text/html").split(
    ";",
  );
  const mediaType = type.trim().toLowerCase();
  const isHtml = HTML.test(mediaType);
  if (!response.ok || !(isHtml || TEXT.test(mediaType))) {
    await response.body?.cancel();
    throw failed(
      response.ok
        ? `The address has no text, but ${/^[\w.+-]+\/[\w.+-]+$/u.test(mediaType) ? mediaType : "something else"}.`
        : `The page answers with the status ${response.status}.`,
    );
  }
  const { bytes, isWhole } = await bytesOf(response);
  const source = decoded(bytes, parameters);
  const found = isHtml
    ? await textOfHtml(source, MAX_TEXT_CHARACTERS)
    : {
        title: "",
        text: source.slice(0, MAX_TEXT_CHARACTERS).toWellFormed(),
        isCut: source.length > MAX_TEXT_CHARACTERS,
      };
  return {
    url: url.href,
    title: found.title.slice(0, MAX_TITLE_CHARACTERS).toWellFormed(),
    text: found.isCut || !isWhole ? `${found.text}\n[The page goes on.]` : found.text,
  };
}

/** The beginning of the body, unpacked, up to the bound. */
async function bytesOf(response: Response): Promise<{ bytes: Buffer; isWhole: boolean }> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > MAX_PAGE_BYTES) break;
  }
  const bytes = Buffer.concat(chunks).subarray(0, MAX_PAGE_BYTES);
  return { bytes, isWhole: length <= MAX_PAGE_BYTES };
}

function decoded(bytes: Buffer, parameters: readonly string[]): string {
  const named = parameters.flatMap(
    (parameter) => /^\s*charset\s*=\s*"?([\w-]{1,40})/iu.exec(parameter)?.[1] ?? [],
  )[0];
  const head = bytes.subarray(0, HEAD_BYTES).toString("latin1");
  const label = named ?? CHARSET_IN_PAGE.exec(head)?.[1] ?? "utf-8";
  try {
    return new TextDecoder(label).decode(bytes);
  } catch {
    return new TextDecoder().decode(bytes);
  }
}

const failed = (message: string, cause?: unknown): AppError =>
  new AppError("unavailable", message, { cause });

const inside = (): AppError =>
  new AppError(
    "invalid_request",
    "url leads to an address that is not on the public web, and is not fetched",
    { field: "url" },
  );

/** The error, and what caused it. */
function causesOf(error: unknown): unknown[] {
  const causes: unknown[] = [];
  for (let cause = error; cause && causes.length < 5; ) {
    causes.push(cause);
    if (cause instanceof AggregateError) causes.push(...cause.errors);
    cause = cause instanceof Error ? cause.cause : null;
  }
  return causes;
}
