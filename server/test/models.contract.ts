// What every model provider promises (ports/model.ts), tried on one of them.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { pulled } from "../src/domain/sink.ts";
import type { ModelPart, ModelProvider, ModelRequest } from "../src/ports/model.ts";

export type ModelSubject = AsyncDisposable & {
  readonly provider: ModelProvider;
  /** A model that it has. */
  readonly model: string;
  /** What it says to this user message. */
  expected(message: string): string;
  /** A message whose reply comes in several parts, and not all at once. */
  readonly slowMessage: string;
  /** How many requests have left for elsewhere so far. */
  sent(): number;
  /** Resolves once a reply that was not read to its end has let go of what it held. */
  letGo(): Promise<void>;
};

export const neverAborted = new AbortController().signal;

export const asking = (content: string, more: Partial<ModelRequest> = {}): ModelRequest => ({
  model: "test-model",
  messages: [{ role: "user", content }],
  temperature: null,
  maxTokens: null,
  settings: {},
  fallbacks: [],
  ...more,
});

/** A reply for a reader that asks for its parts. An abort ends it with the signal's reason. */
export async function* replyOf(
  provider: ModelProvider,
  request: ModelRequest,
  signal: AbortSignal,
): AsyncGenerator<ModelPart, void> {
  signal.throwIfAborted();
  yield* pulled<ModelPart>((sink) => provider.reply(request, sink), signal);
  signal.throwIfAborted();
}

/** All parts of a reply, and what it rejected with, if it did. */
export async function collect(
  parts: AsyncIterable<ModelPart>,
): Promise<{ parts: ModelPart[]; error: unknown }> {
  const collected: ModelPart[] = [];
  try {
    for await (const part of parts) collected.push(part);
    return { parts: collected, error: null };
  } catch (error) {
    return { parts: collected, error };
  }
}

export const textOf = (
  parts: readonly ModelPart[],
  type: "text" | "reasoning" | "refusal" = "text",
): string => parts.map((part) => (part.type === type ? part.text : "")).join("");

export function modelContract(name: string, start: () => Promise<ModelSubject>): void {
  const ask = ({ provider, model }: ModelSubject, message: string, signal = neverAborted) =>
    replyOf(provider, asking(message, { model }), signal);

  describe(`${name}: the promises of a model provider`, () => {
    test("a reply is parts of text and, last, exactly one finish", async () => {
      await using subject = await start();
      const { parts, error } = await collect(ask(subject, "How are you?"));
      assert.equal(error, null);
      assert.equal(textOf(parts), subject.expected("How are you?"));
      assert.deepEqual(
        parts.map(({ type }) => type === "finish"),
        parts.map((_, index) => index === parts.length - 1),
      );
      const finish = parts.at(-1);
      assert.ok(finish?.type === "finish" && finish.reason === "stop");
      if (finish.usage !== null) {
        const { promptTokens, completionTokens, totalTokens } = finish.usage;
        assert.equal(promptTokens + completionTokens, totalTokens);
      }
    });

    test("no part is empty, and the text is exact", async () => {
      await using subject = await start();
      for (const message of [
        "two\n\nlines ",
        "  blanks\tall  around\r\n",
        "日本語 🌍👩‍👩‍👧 é",
        "a",
      ]) {
        const { parts } = await collect(ask(subject, message));
        assert.equal(textOf(parts), subject.expected(message));
        assert.ok(parts.every((part) => part.type === "finish" || part.text !== ""));
      }
    });

    test("a signal that was aborted before: it throws only when asked, and sends nothing", async () => {
      await using subject = await start();
      const reason = new Error("stopped by the user");
      const { parts, error } = await collect(ask(subject, "hello", AbortSignal.abort(reason)));
      assert.deepEqual(parts, []);
      assert.equal(error, reason);
      assert.equal(subject.sent(), 0);
    });

    test("an abort in the middle ends the reply with the signal's reason", async () => {
      await using subject = await start();
      const controller = new AbortController();
      const reason = new Error("stopped by the user");
      const iterator = ask(subject, subject.slowMessage, controller.signal)[Symbol.asyncIterator]();
      assert.equal((await iterator.next()).done, false);
      const next = iterator.next();
      controller.abort(reason);
      await assert.rejects(
        next.then(() => iterator.next()),
        reason,
      );
      assert.deepEqual(await iterator.next(), { value: undefined, done: true });
      await subject.letGo();
    });

    test("a reader that goes away in the middle lets go of everything", async () => {
      await using subject = await start();
      for await (const part of ask(subject, subject.slowMessage)) {
        assert.equal(part.type, "text");
        break;
      }
      await subject.letGo();
    });

    test("many replies at once are kept apart", async () => {
      await using subject = await start();
      const messages = Array.from({ length: 50 }, (_, index) => `number ${index}`);
      const replies = await Promise.all(messages.map((message) => collect(ask(subject, message))));
      assert.deepEqual(
        replies.map(({ parts }) => textOf(parts)),
        messages.map(subject.expected),
      );
    });

    test("it lists its models, the one asked among them", async () => {
      await using subject = await start();
      const models = await subject.provider.models(neverAborted);
      assert.ok(models.some(({ id }) => id === subject.model));
      assert.deepEqual(await subject.provider.models(neverAborted), models);
    });
  });
}
