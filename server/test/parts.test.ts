// What a message consists of, against a model that counts one unit at a time.
// Campaign: PARTS_REPLIES middle=20000 in 15 s, full=400000 in 300 s
import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { test } from "node:test";
import { AppError } from "../src/domain/errors.ts";
import { growingParts } from "../src/domain/growing-parts.ts";
import { documentOf, partsOf as partsOfMessage } from "../src/domain/message.ts";
import { checkParts } from "../src/domain/part-checks.ts";
import { layOut, partsFrom } from "../src/domain/part-layout.ts";
import {
  after,
  append,
  apply,
  cutAt,
  cutAtText,
  grow,
  isHeadless,
  lengthOfAll,
  type Part,
  type PartDelta,
  positionOfText,
  reasoningOf,
  stepsAfter,
  textIn,
  textOf,
  withText,
} from "../src/domain/parts.ts";

const SEED = Number(process.env.PARTS_SEED ?? randomInt(2 ** 31));
const REPLIES = Number(process.env.PARTS_REPLIES ?? 4000);
console.log(`PARTS_SEED=${SEED}`);

/** Numbers from 0 to below 1 that follow from a seed. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Step = { readonly add: Part } | { readonly grow: string };
const LETTERS = ["a", "b", " ", "\n", "é", "漢", "😀", "\\", '"'];

/** What a model and its tools may give, whatever came before. */
function randomSteps(random: () => number): Step[] {
  const below = (count: number) => Math.floor(random() * count);
  const text = () =>
    Array.from({ length: below(6) }, () => LETTERS[below(LETTERS.length)]).join("");
  const one = (): Step => {
    const kinds: readonly (() => Step)[] = [
      () => ({ add: { type: "text", text: text() } }),
      () => ({ add: { type: "text", text: text() } }),
      () => ({ add: { type: "reasoning", text: text() } }),
      () => ({
        add: { type: "tool_call", callId: "c", source: "client", name: "n", arguments: text() },
      }),
      () => ({ add: { type: "tool_result", callId: "c", outcome: "ok", text: text() } }),
      () => ({ add: { type: "file", file: { id: "f", name: "x", mediaType: "a/b", bytes: 1 } } }),
      () => ({
        add: { type: "citation", title: "t", url: "u", fileId: null, quote: "q", from: 0, to: 1 },
      }),
      () => ({ add: { type: "refusal", text: text() } }),
      () => ({ grow: text() }),
      () => ({ grow: text() }),
    ];
    return kinds[below(kinds.length)]!();
  };
  return Array.from({ length: below(12) }, one);
}

/** The naive model: a unit for each head and each code unit of a text. */
type Unit = { readonly index: number; readonly head?: Part; readonly character?: string };

function unitsOf(steps: readonly Step[]): Unit[] {
  const units: Unit[] = [];
  let last = null as { type: Part["type"]; index: number } | null;
  const say = (text: string) => {
    if (last && last.type !== "file" && last.type !== "citation")
      for (const character of text.split("")) units.push({ index: last.index, character });
  };
  for (const step of steps) {
    if ("grow" in step) {
      say(step.grow);
      continue;
    }
    const { type } = step.add;
    const text = textIn(step.add);
    if (isHeadless(type)) {
      if (text === "") continue;
      if (last?.type !== type) last = { type, index: (last?.index ?? -1) + 1 };
      // A headless part is known by its first character.
      const [first = ""] = text.split("");
      const { index } = last;
      units.push({ index, character: first, head: { type, text: "" } as Part });
      say(text.slice(first.length));
    } else {
      last = { type, index: (last?.index ?? -1) + 1 };
      units.push({ index: last.index, head: withText(step.add, "") });
      say(text);
    }
  }
  return units;
}

function partsOf(units: readonly Unit[]): Part[] {
  const parts: Part[] = [];
  for (const { index, head, character = "" } of units) {
    parts[index] ??= head!;
    parts[index] = withText(parts[index], textIn(parts[index]) + character);
  }
  return parts;
}

const replay = (steps: readonly PartDelta[], from: readonly Part[]): readonly Part[] =>
  steps.reduce<readonly Part[]>(apply, from);

test(`${REPLIES} random replies: from every position, what was there and what came after is the whole, as a naive model has it`, () => {
  let resumptions = 0;
  for (let reply = 0; reply < REPLIES; reply++) {
    const random = randomFrom(SEED + reply);
    const steps = randomSteps(random);
    const units = unitsOf(steps);
    const whole = partsOf(units);
    const growing = growingParts();
    let parts: Part[] = [];
    for (const step of steps) {
      parts = "add" in step ? append(parts, step.add) : grow(parts, step.grow);
      if ("add" in step) growing.add(step.add);
      else growing.grow(step.grow);
      assert.equal(growing.length, lengthOfAll(parts));
      const seen = Math.floor(random() * (growing.length + 2));
      assert.deepEqual(growing.after(seen), after(parts, seen), `seed ${SEED + reply}`);
    }
    assert.deepEqual(parts, whole, `seed ${SEED + reply}`);
    assert.deepEqual(growing.parts(), whole);
    assert.equal(lengthOfAll(whole), units.length);
    const all = after(whole, 0);
    const laidOut = layOut(all);
    assert.deepEqual([laidOut.content, laidOut.reasoning], [textOf(whole), reasoningOf(whole)]);
    assert.deepEqual(partsFrom(laidOut), whole);
    const cut = Math.floor(random() * (units.length + 1));
    // As a reply is kept that grows: what came to one moment, and what came after it.
    const [first, then] = [after(cutAt(whole, cut), 0), after(whole, cut)].map(layOut);
    const joinedAgain = {
      content: first!.content + then!.content,
      reasoning: first!.reasoning + then!.reasoning,
      layout: JSON.parse(JSON.stringify([...first!.layout, ...then!.layout])),
    };
    assert.deepEqual(partsFrom(joinedAgain), whole);
    assert.deepEqual(partsOfMessage(documentOf(whole)), whole);
    for (let position = 0; position <= units.length; position++) {
      const before = partsOf(units.slice(0, position));
      const rest = after(whole, position);
      assert.deepEqual(cutAt(whole, position), before, `seed ${SEED + reply} at ${position}`);
      assert.deepEqual(replay(rest, before), whole, `seed ${SEED + reply} at ${position}`);
      assert.deepEqual(growing.after(position), rest);
      assert.deepEqual(stepsAfter(all, position), rest);
      assert.equal(textOf(cutAtText(whole, textOf(before).length)), textOf(before));
      let last = position;
      for (const step of rest) {
        assert.ok(step.position > last && whole[step.index]);
        last = step.position;
        // A watcher may lose its connection after any step.
        const resumed = after(whole, step.position);
        assert.deepEqual(replay(resumed, partsOf(units.slice(0, last))), whole);
        resumptions++;
      }
      assert.equal(last, units.length);
    }
  }
  console.log(`${resumptions} resumptions`);
  assert.ok(resumptions > 200_000);
});

test("a reply of text alone has the positions of its text, in UTF-16 code units", () => {
  for (let reply = 0; reply < 1_000; reply++) {
    const random = randomFrom(SEED + reply);
    const pieces = Array.from({ length: 8 }, () => LETTERS[Math.floor(random() * 9)] ?? "");
    const text = pieces.join("");
    const parts = pieces.reduce<Part[]>((all, text) => append(all, { type: "text", text }), []);
    assert.deepEqual(parts, [{ type: "text", text }]);
    for (let position = 0; position <= text.length; position++) {
      assert.equal(positionOfText(parts, position), position);
      const texts: string[] = after(parts, position).map((step) =>
        "text" in step ? step.text : "?",
      );
      assert.equal(texts.join(""), text.slice(position));
    }
  }
});

test("the position of a word leaves out nothing that came before it, and a cut to so many characters keeps them", () => {
  const parts: Part[] = [
    { type: "reasoning", text: "Hm." },
    { type: "text", text: "Look: " },
    { type: "tool_call", callId: "1", source: "client", name: "look", arguments: "{}" },
    { type: "text", text: "Done" },
    { type: "refusal", text: "No" },
  ];
  assert.equal(textOf(parts), "Look: DoneNo");
  assert.deepEqual(
    [0, 1, 6, 7, 10, 11, 99].map((count) => positionOfText(parts, count)),
    [0, 4, 9, 13, 16, 18, 19],
  );
  for (let count = 0; count <= 12; count++)
    assert.equal(textOf(cutAtText(parts, count)).length, count);
  assert.deepEqual(cutAtText(parts, 0), parts.slice(0, 1));
});

test("a long reply costs no more a token than a short one", () => {
  const timeFor = (tokens: number): number => {
    const growing = growingParts();
    let position = 0;
    const begunAt = performance.now();
    for (let token = 0; token < tokens; token++) {
      growing.add({ type: "text", text: "token " });
      for (const step of growing.after(position)) position = step.position;
    }
    return (performance.now() - begunAt) / tokens;
  };
  timeFor(20_000);
  const short = Math.min(...[1, 2, 3].map(() => timeFor(2_000)));
  const long = Math.min(...[1, 2, 3].map(() => timeFor(200_000)));
  assert.ok(long < 10 * short, `${long} ms a token, and ${short} ms in a short reply`);
});

test("parts from outside are taken as they are, with neighbours of text joined", () => {
  const call = { type: "tool_call", callId: "1", source: "client", name: "look", arguments: "{}" };
  const given = [
    { type: "reasoning", text: "Hm." },
    { type: "text", text: "Look" },
    { type: "text", text: " here" },
    call,
    { type: "tool_result", callId: "1", outcome: "ok", text: "" },
    { type: "file", file: { id: "f", name: "a.png", mediaType: "image/png", bytes: 9 } },
    { type: "citation", title: "T", url: "https://example.org", quote: "", from: 0, to: 9 },
    { type: "refusal", text: "No" },
  ];
  const parts = checkParts(given, "parts");
  assert.deepEqual(
    parts.map(({ type }) => type),
    ["reasoning", "text", "tool_call", "tool_result", "file", "citation", "refusal"],
  );
  assert.equal(textOf(parts), "Look hereNo");
  assert.deepEqual(partsFrom(layOut(after(parts, 0))), parts);
});

test("parts that cannot be are refused in words that name the field", () => {
  const call = { type: "tool_call", callId: "1", source: "client", name: "look", arguments: "" };
  const result = { type: "tool_result", callId: "1", outcome: "ok", text: "" };
  const cite = { type: "citation", title: "T", url: "u", quote: "", from: 0, to: 0 };
  const bad: readonly (readonly [value: unknown, message: RegExp])[] = [
    [{}, /^parts must be a list of parts$/],
    [
      Array.from({ length: 10_000 }, () => call),
      /^parts has 10,000 parts: at most 1,000 are taken$/,
    ],
    [["text"], /^parts\[0\] must be an object$/],
    [[{ type: "image" }], /^parts\[0\]\.type must be one of: text, reasoning, tool_call,/],
    [[{ type: "toString" }], /^parts\[0\]\.type must be one of/],
    [[{ type: "text", text: 5 }], /^parts\[0\]\.text must be a string$/],
    [[{ type: "text", text: "" }], /^parts\[0\]\.text must not be empty$/],
    [[{ type: "text", text: "a\0" }], /NUL/],
    [[{ type: "text", text: "\ud800" }], /surrogate/],
    [[{ type: "text", text: "x".repeat(1_000_001) }], /^parts is too long: at most 1,000,000/],
    [[call, call], /^parts\[1\] is a call whose callId was used before$/],
    [[result], /^parts\[0\] is the result of a call that no part before it makes$/],
    [[call, result, result], /^parts\[2\] is a second result of the same call$/],
    [[call, { ...result, outcome: "maybe" }], /^parts\[1\]\.outcome must be one of: ok, failed/],
    [[{ ...call, name: "" }], /^parts\[0\]\.name must not be empty$/],
    [[{ type: "file", file: null }], /^parts\[0\]\.file must be an object$/],
    [[{ type: "file", file: { id: "f", name: "n", mediaType: "a/b", bytes: -1 } }], /whole number/],
    [[{ ...cite, to: 1 }], /must cite from and to places in the text before it/],
    [[{ ...cite, url: null }], /must have either a url or a fileId/],
  ];
  for (const [value, message] of bad)
    assert.throws(
      () => checkParts(value, "parts"),
      (error) => {
        assert.ok(error instanceof AppError && error.code === "invalid_request");
        assert.match(error.message, message);
        assert.ok(error.field?.startsWith("parts"));
        return true;
      },
    );
});
