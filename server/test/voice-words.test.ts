// What the voice loop makes of words: sentences, endings, echoes, and what was heard of a reply.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { requiredSilenceMs } from "../src/core/voice/endpointing.ts";
import { isBackchannel, isEcho } from "../src/core/voice/overlap.ts";
import {
  goneOn,
  heardCharacters,
  held,
  NOTHING_PLAYED,
  playedMs,
  quietAtMs,
  withReport,
  withSound,
} from "../src/core/voice/playback.ts";
import { createSentenceSplitter } from "../src/core/voice/sentences.ts";

function split(...pieces: readonly string[]): string[] {
  const splitter = createSentenceSplitter();
  const sentences = pieces.flatMap((piece) => splitter.push(piece));
  return [...sentences, ...splitter.flush()].map(({ text }) => text);
}

test("sentences end at marks, not at abbreviations, numbers or initials", () => {
  assert.deepEqual(split("Hello there, Ada. How are you today? I am fine!"), [
    "Hello there, Ada. ",
    "How are you today? ",
    "I am fine!",
  ]);
  assert.deepEqual(
    split("Please ask Dr. Jones or J. Smith, e.g. at 3.14 p.m. today. He knows it."),
    ["Please ask Dr. Jones or J. Smith, e.g. at 3.14 p.m. today. ", "He knows it."],
  );
  assert.deepEqual(split("Do this:\n1. Open the door\n2. Walk through it\n"), [
    "Do this:\n1. Open the door\n",
    "2. Walk through it\n",
  ]);
  assert.deepEqual(split('She said "Come in here." Then she left us.'), [
    'She said "Come in here." ',
    "Then she left us.",
  ]);
  assert.deepEqual(split("今日はとても良い天気ですね。明日も晴れるといいですね。"), [
    "今日はとても良い天気ですね。",
    "明日も晴れるといいですね。",
  ]);
});

test("the first sentence is there as soon as the next one begins", () => {
  const splitter = createSentenceSplitter();
  assert.deepEqual(splitter.push("This is the first one."), []);
  assert.equal(splitter.push(" And")[0]?.text, "This is the first one. ");
});

test("whatever comes in whatever pieces: the sentences are the text, each at its place, none endless", () => {
  const word = fc.constantFrom(
    "a",
    "Dr.",
    "hello",
    "end.",
    "what?",
    "x".repeat(400),
    "🙂",
    "\n",
    "。",
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 200 }), fc.boolean(), (words, isSpaced) => {
      const text = words.join(isSpaced ? " " : "");
      const splitter = createSentenceSplitter();
      const sentences = words
        .flatMap((piece, at) => splitter.push(isSpaced && at > 0 ? ` ${piece}` : piece))
        .concat(splitter.flush());
      assert.equal(sentences.map((sentence) => sentence.text).join(""), text);
      for (const sentence of sentences) {
        assert.equal(text.slice(sentence.from, sentence.to), sentence.text);
        assert.ok(sentence.text.length <= 310);
        assert.ok(sentence.text.isWellFormed());
      }
    }),
  );
});

test("silence that ends a turn depends on its last words", () => {
  const cases: Record<number, string[]> = {
    300: ["yes", "Thank you.", "what is the weather today", "Is it raining?", "how old are you"],
    500: [
      "tell me a joke",
      "Tell me a joke.",
      "I went home.",
      "can you play the song",
      "turn the light off",
      "it rained all day",
      "what is it like",
      "",
    ],
    1500: [
      "turn the light off and",
      "I want to book a table for",
      "so um",
      "the code is 4 7",
      "it costs twenty",
      "if it rains tomorrow",
      "Because I was late",
      "First,",
      "I think that...",
      "could you tell me",
      "what I really need is",
    ],
  };
  for (const [milliseconds, texts] of Object.entries(cases))
    for (const text of texts) assert.equal(requiredSilenceMs(text), Number(milliseconds), text);
  assert.equal(requiredSilenceMs("when is the next train"), 300);
  assert.equal(requiredSilenceMs("If it rains tomorrow, we stay at home."), 500);
});

test("who pauses while speaking is waited for longer, unless it is surely over", () => {
  assert.equal(requiredSilenceMs("I have a cat", 300), 500);
  assert.equal(requiredSilenceMs("I have a cat", 600), 900);
  assert.equal(requiredSilenceMs("I have a cat", 1400), 950);
  assert.equal(requiredSilenceMs("Thank you", 1400), 300);
});

test("backchannels are short and say nothing", () => {
  for (const text of ["mhm", "Mm-hmm.", "yes", "Yeah, okay.", "uh huh", "I see", "right"])
    assert.ok(isBackchannel(text), text);
  for (const text of ["stop", "yes but", "no", "wait", "okay tell me more about it", "really why"])
    assert.ok(!isBackchannel(text), text);
});

test("an echo is our own words in our own order, however badly recognised", () => {
  const saying = "The weather in Berlin is cold and rainy today, so take an umbrella.";
  for (const heard of [
    "weather in berlin is cold",
    "the weather and berlin is cold",
    "umbrella",
    "is",
  ])
    assert.ok(isEcho(heard, saying), heard);
  for (const heard of ["stop", "what about tomorrow", "no take me to the", "we", ""])
    assert.ok(!isEcho(heard, saying), heard);
  assert.ok(!isEcho("hello there", ""));
  assert.ok(!isEcho("stop", "Shall I stop now?"));
});

test("playback is what was sent, unless the client says otherwise", () => {
  let playback = withSound(NOTHING_PLAYED, 1000, 100);
  assert.equal(playedMs(playback, 400), 300);
  assert.equal(quietAtMs(playback, 400), 1100);
  playback = withSound(playback, 1000, 600);
  assert.equal(playedMs(playback, 1600), 1500);
  assert.equal(playedMs(playback, 9000), 2000);
  playback = withReport(playback, 700, 1600);
  assert.equal(quietAtMs(playback, 1600), 2900);
  playback = held(playback, 1700);
  assert.equal(playedMs(playback, 9000), 800);
  playback = goneOn(500, 9000);
  assert.equal(playedMs(withSound(playback, 1000, 9000), 9100), 600);
  assert.equal(playedMs(withReport(playback, -5, 0), 0), 0);
  const dry = withSound(withSound(NOTHING_PLAYED, 100, 0), 100, 1000);
  assert.equal(playedMs(dry, 1050), 150);
});

test("what was heard ends at a whole word", () => {
  const sentence = (text: string, from: number) => ({ text, from, to: from + text.length });
  const spoken = [
    { sentence: sentence("One two three. ", 0), fromMs: 0, durationMs: 1000 },
    { sentence: sentence("Four five six.", 15), fromMs: 1000, durationMs: 1000 },
  ];
  const reply = "One two three. Four five six.";
  const heard = (milliseconds: number) => reply.slice(0, heardCharacters(spoken, milliseconds));
  assert.equal(heard(0), "");
  assert.equal(heard(500), "One");
  assert.equal(heard(1000), "One two three. ");
  assert.equal(heard(1600), "One two three. Four");
  assert.equal(heard(2000), reply);
  assert.equal(heardCharacters([], 500), 0);
});
