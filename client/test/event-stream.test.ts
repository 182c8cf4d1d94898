import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createEventStreamParser, type ServerSentEvent } from "../src/event-stream.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);
const parse = (text: string) => createEventStreamParser().push(bytesOf(text));
const dataOf = (text: string) => parse(text).map(({ data }) => data);

/** Bytes as pieces that end at the given places. */
function piecesOf(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const cuts = places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b);
  return [...cuts, bytes.length].map((cut, index) => bytes.slice(cuts[index - 1] ?? 0, cut));
}

const line = fc.string({ unit: "grapheme" }).map((text) => text.replace(/[\r\n\0]/g, ""));
const lineEnd = fc.constantFrom("\n", "\r", "\r\n");
const events = fc.array(
  fc.record({ type: line, id: line, lines: fc.array(line, { minLength: 1 }) }),
);
const textOf = (written: readonly { type: string; id: string; lines: string[] }[], end: string) =>
  written
    .map(({ type, id, lines }) =>
      [`event: ${type}`, `id: ${id}`, ...lines.map((each) => `data: ${each}`), "", ""].join(end),
    )
    .join("");

test("what was written is read: data of many lines, types and ids, with any line end", () => {
  fc.assert(
    fc.property(events, lineEnd, (written, end) => {
      const expected: ServerSentEvent[] = written.map(({ type, id, lines }) => ({
        type: type || "message",
        id,
        data: lines.join("\n"),
      }));
      assert.deepEqual(parse(textOf(written, end)), expected);
    }),
  );
});

test("it is the same wherever the network cuts, also inside a character or between CR and LF", () => {
  fc.assert(
    fc.property(events, lineEnd, fc.array(fc.nat()), (written, end, places) => {
      const text = textOf(written, end);
      const bytes = bytesOf(text);
      const parser = createEventStreamParser();
      const inPieces = piecesOf(bytes, places).flatMap((piece) => parser.push(piece));
      assert.deepEqual(inPieces, parse(text));
    }),
  );
});

test("an event is given with the last byte that completes it", () => {
  const parser = createEventStreamParser();
  assert.deepEqual(parser.push(bytesOf("data: a\r")), []);
  assert.equal(parser.push(bytesOf("\r"))[0]?.data, "a");
  assert.deepEqual(parser.push(bytesOf("\ndata: b\r")), []);
  assert.deepEqual(parser.push(bytesOf("\ndata: c\n")), []);
  assert.equal(parser.push(bytesOf("\n"))[0]?.data, "b\nc");
});

for (const [what, text, expected] of [
  ["a byte order mark at the start is dropped", "\uFEFFdata: a\n\n", ["a"]],
  ["a second one is part of the field's name", "\uFEFF\uFEFFdata: a\n\n", []],
  ["one space after the colon is dropped, no more", "data:a\ndata: b\ndata:  c\n\n", ["a\nb\n c"]],
  ["comments and unknown fields are passed over", ": ping\nfoo: bar\ndata: a\n:\n\n", ["a"]],
  ["a field without a colon has an empty value", "data\n\ndata\ndata\n\n", ["", "\n"]],
  ["without data there is no event", "event: x\nid: 1\n\n\n\n", []],
  ["an unfinished event is none", "data: a\n\ndata: b\n", ["a"]],
  ["colons in the value stay", "data: a: b\n\n", ["a: b"]],
] as const)
  test(what, () => assert.deepEqual(dataOf(text), expected));

test("the last id holds for the events after it, also when it came without data", () => {
  const ids = parse("id: 1\ndata: a\n\ndata: b\n\nid: 2\n\ndata: c\n\nid\ndata: d\n\n");
  assert.deepEqual(
    ids.map(({ id }) => id),
    ["1", "1", "2", ""],
  );
});

test("an id with NUL is ignored", () => {
  assert.equal(parse("id: 1\nid: 2\0\ndata: a\n\n")[0]?.id, "1");
});

test("a type holds for its own event only", () => {
  const types = parse("event: x\ndata: a\n\ndata: b\n\nevent: y\n\ndata: c\n\n");
  assert.deepEqual(
    types.map(({ type }) => type),
    ["x", "message", "message"],
  );
});

test("retry counts when it is all digits", () => {
  const parser = createEventStreamParser();
  parser.push(bytesOf("retry: 1.5\nretry: -1\nretry\n"));
  assert.equal(parser.retryMs, null);
  parser.push(bytesOf("retry: 2500\n"));
  assert.equal(parser.retryMs, 2500);
});

test("bytes that are no UTF-8 become U+FFFD", () => {
  const parser = createEventStreamParser();
  const [event] = parser.push(new Uint8Array([...bytesOf("data: "), 0xff, 0x0a, 0x0a]));
  assert.equal(event?.data, "\uFFFD");
});
