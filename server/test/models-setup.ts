import assert from "node:assert/strict";
import {
  type OpenAiCompatibleOptions,
  openAiCompatible,
} from "../src/adapters/models/openai-compatible/provider.ts";
import { AppError } from "../src/domain/errors.ts";
import { type ReplyScript, startModelServer } from "./model-server.ts";
import { asking, collect, neverAborted, replyOf, textOf } from "./models.contract.ts";

export type Settings = Partial<Omit<OpenAiCompatibleOptions, "name" | "baseUrl">>;

/** A provider on a server that answers everything like this; both go at the end of the scope. */
export async function startPair(script: ReplyScript = {}, settings: Settings = {}) {
  const server = await startModelServer({ script });
  const provider = openAiCompatible({
    name: "test",
    baseUrl: server.url,
    retryDelayMs: 1,
    ...settings,
  });
  return {
    server,
    ask: (signal = neverAborted) => replyOf(provider, asking("one two three"), signal),
    async [Symbol.asyncDispose]() {
      await provider[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** How a reply to this script ends. */
export async function outcome(script: ReplyScript, settings: Settings = {}) {
  await using pair = await startPair(script, settings);
  const { parts, error } = await collect(pair.ask());
  const finishes = parts.filter(({ type }) => type === "finish").length;
  if (error !== null) {
    assert.ok(error instanceof AppError, `not an AppError: ${error}`);
    assert.equal(finishes, 0, "it both failed and finished");
  } else assert.equal(finishes, 1);
  return {
    text: textOf(parts),
    code: error === null ? "finished" : error.code,
    message: error === null ? "" : error.message,
    retryAfterMs: error === null ? undefined : error.retryAfterMs,
    requests: pair.server.requests.length,
  };
}
