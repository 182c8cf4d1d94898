// A reply's text comes out as the model wrote it, however the wire cuts and dresses it.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { openAiCompatible } from "../src/adapters/models/openai-compatible/provider.ts";
import { replyParser } from "../src/adapters/models/openai-compatible/reply-parser.ts";
import { type ReplyScript, startModelServer } from "./model-server.ts";
import { asking, collect, neverAborted, replyOf, textOf } from "./models.contract.ts";

/** Parts of any text, cut between any two UTF-16 units. */
const cutText = fc
  .tuple(fc.string({ unit: "binary", maxLength: 60 }), fc.array(fc.nat(60), { maxLength: 6 }))
  .map(([text, places]) => cutAt(text, places));

const cutAt = <T extends { slice(start: number, end?: number): T; length: number }>(
  whole: T,
  places: readonly number[],
): T[] => {
  const cuts = [0, ...places.filter((place) => place < whole.length), whole.length];
  cuts.sort((a, b) => a - b);
  return cuts.slice(1).map((end, index) => whole.slice(cuts[index]!, end));
};

/** JSON with every character beyond ASCII escaped, as Python's `json.dumps` writes it. */
const asciiJson = (value: unknown): string =>
  JSON.stringify(value).replaceAll(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

const dress = fc.record({
  lineEnd: fc.constantFrom("\n", "\r\n", "\r"),
  toJson: fc.constantFrom(JSON.stringify, asciiJson),
  comments: fc.boolean(),
  byteOrderMark: fc.boolean(),
  blank: fc.constantFrom("", " "),
  cuts: fc.array(fc.nat(4000), { maxLength: 30 }),
});

type Dress = typeof dress extends fc.Arbitrary<infer Value> ? Value : never;

/** The bytes of a stream that says these deltas, in the pieces that the network makes of them. */
function wireOf(deltas: readonly object[], { lineEnd, toJson, blank, ...rest }: Dress): Buffer[] {
  const chunks = [
    ...deltas.map((delta) => ({ choices: [{ index: 0, delta, finish_reason: null }] })),
    { model: "m", choices: [{ index: 0, delta: {}, finish_reason: "stop" }] },
  ];
  const events = [...chunks.map((chunk) => toJson(chunk)), "[DONE]"].map(
    (data) => `${rest.comments ? `: hello${lineEnd}` : ""}data:${blank}${data}${lineEnd}${lineEnd}`,
  );
  const bytes = Buffer.from((rest.byteOrderMark ? "\uFEFF" : "") + events.join(""));
  return cutAt(bytes as Buffer & { slice(start: number, end?: number): Buffer }, rest.cuts);
}

function parse(pieces: readonly Buffer[], thinkTags = false) {
  const parser = replyParser({ thinkTags, calls: true, choices: 1 });
  const parts = pieces.flatMap((piece) => {
    parser.feed(piece);
    return parser.take();
  });
  parser.end();
  assert.equal(parser.fault, null);
  assert.equal(parser.choices[0]?.finishReason, "stop");
  return [...parts, ...parser.take()];
}

const storable = (text: string) => text.toWellFormed().replaceAll("\0", "\uFFFD");

describe("text", () => {
  test("any text, cut and dressed in any way, comes out equal", () => {
    fc.assert(
      fc.property(cutText, dress, (texts, how) => {
        const deltas = texts.map((content) => ({ content }));
        const parts = parse(wireOf(deltas, how));
        assert.equal(textOf(parts), storable(texts.join("")));
        assert.ok(parts.every((part) => part.type === "text" && part.text !== ""));
      }),
      { numRuns: 1000 },
    );
  });

  test("many short tokens among odd ones (the forms of chunks that are learnt)", () => {
    const token = fc.oneof(
      fc.constantFrom("a ", "stop", '"', "\\", "\n", '","x":"', '"},"finish_reason":"stop"', "m"),
      fc.string({ unit: "binary", maxLength: 4 }),
    );
    const thought = fc.constantFrom("reasoning", "reasoning_content");
    const delta: fc.Arbitrary<Record<string, string>> = fc.oneof(
      fc.record({ content: token }),
      fc.tuple(thought, token).map(([field, text]) => ({ [field]: text })),
      fc.record({ content: token, reasoning: token }),
      fc.record({ reasoning: token, content: token }),
    );
    fc.assert(
      fc.property(fc.array(delta, { maxLength: 60 }), dress, (deltas, how) => {
        const parts = parse(wireOf(deltas, how));
        const said = (isText: boolean) =>
          deltas
            .flatMap((fields) => Object.entries(fields))
            .map(([field, text]) => ((field === "content") === isText ? text : ""))
            .join("");
        assert.equal(textOf(parts), storable(said(true)));
        assert.equal(textOf(parts, "reasoning"), storable(said(false)));
      }),
      { numRuns: 2000 },
    );
  });

  test("a form is learnt from where the text is, not from where its like is", () => {
    const chunk = (model: string) =>
      `{"model":"${model}","choices":[{"delta":{"content":"\\u0061"}}]}`;
    const events = [..."aaaaaaaab"].map((model) => `data: ${chunk(model)}\n\n`).join("");
    const parser = replyParser({ thinkTags: false, calls: true, choices: 1 });
    parser.feed(Buffer.from(events));
    assert.deepEqual(parser.take(), [{ type: "text", text: "aaaaaaaaa" }]);
  });

  test("over a real connection", async () => {
    await using server = await startModelServer();
    await using provider = openAiCompatible({
      name: "test",
      baseUrl: server.url,
      flavour: "openrouter",
    });
    await fc.assert(
      fc.asyncProperty(cutText, dress, async (texts, how) => {
        server.next({
          raw: wireOf(
            texts.map((content) => ({ content })),
            how,
          ),
        });
        const { parts, error } = await collect(replyOf(provider, asking("hello"), neverAborted));
        assert.equal(error, null);
        assert.equal(textOf(parts), storable(texts.join("")));
      }),
      { numRuns: 100 },
    );
  });

  test("a pair of surrogates in two chunks is one character; half of one is U+FFFD", () => {
    const how = { ...PLAIN, toJson: asciiJson };
    const text = (...contents: string[]) =>
      parse(
        wireOf(
          contents.map((content) => ({ content })),
          how,
        ),
      );
    assert.deepEqual(text("a\ud83c", "\udf0db"), [{ type: "text", text: "a🌍b" }]);
    assert.deepEqual(text("a", "\ud83c"), [
      { type: "text", text: "a" },
      { type: "text", text: "\uFFFD" },
    ]);
    assert.deepEqual(text("\ud83c", "b\udf0d"), [{ type: "text", text: "\uFFFDb\uFFFD" }]);
    assert.deepEqual(text("a\0b"), [{ type: "text", text: "a\uFFFDb" }]);
  });
});

const PLAIN: Dress = {
  lineEnd: "\n",
  toJson: JSON.stringify,
  comments: false,
  byteOrderMark: false,
  blank: " ",
  cuts: [],
};

/** What one network read of these deltas gives: `[type, text]` pairs. */
const read = (deltas: readonly object[], thinkTags = true) =>
  parse(wireOf(deltas, PLAIN), thinkTags).map((part) =>
    part.type === "finish" ? [] : [part.type, part.text],
  );

describe("thoughts", () => {
  test("each field that providers have for them", () => {
    const details = [{ type: "reasoning.text", text: "hm" }, { type: "reasoning.encrypted" }];
    for (const delta of [
      { reasoning: "hm", content: "" },
      { reasoning_content: "hm", content: null },
      { reasoning: "hm", reasoning_details: details },
      { reasoning_details: details },
      { content: [{ type: "thinking", thinking: [{ type: "text", text: "hm" }] }] },
    ])
      assert.deepEqual(read([delta, { content: "so" }]), [
        ["reasoning", "hm"],
        ["text", "so"],
      ]);
  });

  test("content in parts, refusals, and deltas that say nothing", () => {
    const parts = [{ type: "text", text: "a" }, "b", { type: "image" }, null];
    const silent = [{ content: null }, {}, { tool_calls: [{ index: 0 }] }, { content: 5 }];
    assert.deepEqual(read([...silent, { content: parts }, { refusal: "c" }]), [
      ["text", "ab"],
      ["refusal", "c"],
    ]);
  });

  test("<think> at the very start, cut anywhere", () => {
    const reply = "\n<think>\nwhy <b>? </thin\n</think>\n\nBecause <think>this</think>.";
    for (let size = 1; size <= reply.length; size++) {
      const deltas = reply.match(new RegExp(`[^]{1,${size}}`, "g")) ?? [];
      assert.deepEqual(read(deltas.map((content) => ({ content }))), [
        ["reasoning", "\nwhy <b>? </thin\n"],
        ["text", "Because <think>this</think>."],
      ]);
    }
  });

  test("what merely looks like it is text", () => {
    for (const text of ["a <think>b</think>", "<thin", " <thinking>", "<", "\n ", "<think/>"])
      assert.deepEqual(read([...text].map((content) => ({ content }))), [["text", text]]);
    const whole = "<think>a</think>b";
    assert.deepEqual(read([{ content: whole }], false), [["text", whole]]);
  });

  test("a thought that does not end", () => {
    assert.deepEqual(read([{ content: "<think>why</thi" }]), [["reasoning", "why</thi"]]);
    assert.deepEqual(read([{ content: "<think></think>" }]), []);
  });
});

describe("bounds", () => {
  const ask = async (script: ReplyScript) => {
    await using server = await startModelServer({ script });
    const idleTimeoutMs = 3000;
    await using provider = openAiCompatible({ name: "test", baseUrl: server.url, idleTimeoutMs });
    return await collect(replyOf(provider, asking("hello"), neverAborted));
  };
  const megabyte = "x".repeat(1024 * 1024);
  const chunk = `data: {"choices":[{"delta":{"content":"${megabyte}"}}]}\n\n`;

  test("eight megabytes of text pass, more fail", async () => {
    const done = 'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n';
    const { parts, error } = await ask({ raw: [...Array(8).fill(chunk), done] });
    assert.equal(error, null);
    assert.equal(textOf(parts).length, 8 * megabyte.length);
    const endless = await ask({ raw: [...Array(9).fill(chunk), done] });
    assert.ok(endless.error instanceof Error && "code" in endless.error);
    assert.equal(endless.error.code, "model_failed");
  });

  test("an event that does not end", async () => {
    const { parts, error } = await ask({
      raw: ["data: ", ...Array(9).fill(megabyte)],
      noEnd: true,
    });
    assert.deepEqual(parts, []);
    assert.match(String(error), /test sent something that is not a reply/);
  });
});
