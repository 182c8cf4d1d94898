import { type Dispatcher, request } from "undici";
import { AppError } from "../../../domain/errors.ts";
import { checkJsonBounds } from "../../../domain/json-bounds.ts";

const TIMEOUT_MS = 15_000;
const MAX_BYTES = 2 * 1024 * 1024;
const BOUNDS = { maxDepth: 32, maxValues: 100_000 };

/**
 * What a search engine of the operator's answers.
 * @throws AppError unavailable; what only the operator can mend is said for the operator alone
 */
export async function getJson(
  url: URL,
  headers: Readonly<Record<string, string>>,
  outer: AbortSignal,
): Promise<unknown> {
  const signal = AbortSignal.any([outer, AbortSignal.timeout(TIMEOUT_MS)]);
  try {
    const response = await request(url, {
      headers: { accept: "application/json", ...headers },
      signal,
    });
    if (response.statusCode !== 200) {
      await response.body.dump();
      throw failed(`it answers with the status ${response.statusCode}`);
    }
    const text = await textOf(response.body);
    checkJsonBounds(text, BOUNDS);
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof AppError && error.code === "unavailable") throw error;
    throw failed(signal.aborted ? "it does not answer in time" : "its answer is not understood");
  }
}

async function textOf(body: Dispatcher.ResponseData["body"]): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BYTES) throw failed("its answer is too long");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

const failed = (words: string): AppError =>
  new AppError("unavailable", `The search engine cannot be used: ${words}.`);
