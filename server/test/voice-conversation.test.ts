// Turn-taking: what happens in a conversation, by name.
import assert from "node:assert/strict";
import { test } from "node:test";
import { IDLE, transition } from "../src/core/voice/machine.ts";
import type { Effect, VoiceEvent } from "../src/core/voice/states.ts";

const setup = { hasPartials: true, canSilence: true };
const names = (effects: readonly Effect[]) => effects.map(({ type }) => type).join(" ");
const voice = (probability: number) => ({
  type: "frame" as const,
  probability,
  dbfs: probability > 0.5 ? -20 : -70,
  durationMs: 32,
});

/** Plays a conversation: milliseconds of voice or silence, or an event; gives what was done, and when. */
function play(given: Partial<typeof setup> = {}) {
  let state = transition(IDLE, { type: "start", setup: { ...setup, ...given }, atMs: 0 }).state;
  let now = 0;
  const log: { type: Effect["type"]; atMs: number; effect: Effect }[] = [];
  const take = (event: VoiceEvent) => {
    const step = transition(state, event);
    state = step.state;
    for (const effect of step.effects) log.push({ type: effect.type, atMs: now, effect });
  };
  const frames = (milliseconds: number, probability: number, dbfs?: number) => {
    for (let count = 0; count < milliseconds / 32; count++) {
      now += 32;
      const frame = voice(probability);
      take({ ...frame, dbfs: dbfs ?? frame.dbfs, atMs: now });
    }
    return conversation;
  };
  const conversation = {
    log,
    speak: (milliseconds: number, dbfs?: number) => frames(milliseconds, 0.95, dbfs),
    pause: (milliseconds: number) => frames(milliseconds, 0.02),
    words(text: string, isFinal = true, isEcho = false) {
      take({ type: "transcript", text, isFinal, isEcho, atMs: now });
      return conversation;
    },
    reply(soundMs: number, isLast = true) {
      take({ type: "sound_sent", quietAtMs: now + soundMs, isLast, atMs: now });
      return conversation;
    },
    event(event: { readonly type: "interrupt" | "lost" | "regained" | "end" | "tick" }) {
      take({ ...event, atMs: now });
      return conversation;
    },
    type(text: string) {
      take({ type: "typed", text, atMs: now });
      return conversation;
    },
    phase: () => state.phase.name,
    now: () => now,
    when: (type: Effect["type"]) => log.find((entry) => entry.type === type)?.atMs,
    did: (from = 0) => names(log.slice(from).map(({ effect }) => effect)),
  };
  return conversation;
}

/** Silence until the turn was the model's, after those words. */
function endpointMs(text: string): number {
  const talk = play().speak(960);
  const endedAt = 960;
  talk.pause(224).words(text).pause(2000);
  return (talk.when("answer") ?? Number.NaN) - endedAt;
}

test("a turn: heard, asked for early, answered after the silence that its words call for", () => {
  const talk = play().speak(960).pause(224).words("it was a good day").pause(600);
  assert.equal(
    talk.did(),
    "hear speech_started finish_hearing speech_stopped show prepare show answer",
  );
  assert.equal(talk.when("prepare"), 960 + 224);
});

for (const [text, least, most] of [
  ["What time is it?", 300, 340],
  ["Thank you", 300, 340],
  ["I went to the shop.", 500, 540],
  ["it was a good day", 500, 540],
  ["I would like to", 1500, 1540],
  ["I went home and", 1500, 1540],
  ["well um", 1500, 1540],
  ["my number is five five", 1500, 1540],
  ["Call 555 12", 1500, 1540],
  ["when I get home", 1500, 1540],
] as const)
  test(`"${text}" ends a turn after ${least} ms of silence`, () => {
    const waited = endpointMs(text);
    assert.ok(waited >= least && waited <= most, `${waited} ms`);
  });

test("the person goes on after the likely end: what was asked is dropped, and the turn is one", () => {
  const talk = play().speak(960).pause(224).words("it was a good day").pause(64).speak(640);
  assert.ok(talk.did().endsWith("prepare hear_on discard speech_started"), talk.did());
  talk.pause(224).words("it was a good day for us.").pause(400);
  const answers = talk.log.filter(({ type }) => type === "answer");
  assert.deepEqual(
    answers.map(({ effect }) => "text" in effect && effect.text),
    ["it was a good day for us."],
  );
});

test("a late transcript does not make the turn any longer than that", () => {
  const talk = play().speak(960).pause(1600).words("it was a good day");
  assert.equal(talk.phase(), "thinking");
});

test("a person who pauses is waited for longer in the next turn, and so is one who was cut off", () => {
  const pausing = play().speak(960).pause(448).words("i have a cat").speak(640);
  const from = pausing.log.length;
  pausing.pause(224).words("i have a cat and a dog").pause(320);
  assert.ok(!pausing.did(from).includes("answer"));
  pausing.pause(192);
  assert.ok(pausing.did(from).includes("answer"));
  const cut = play().speak(960).pause(224).words("i have a cat").pause(576);
  assert.equal(cut.phase(), "thinking");
  cut.speak(480).words("and a dog", false).pause(224).words("and a dog").pause(480);
  assert.equal(cut.phase(), "maybe_end");
  cut.pause(500);
  assert.equal(cut.phase(), "thinking");
});

test("a click is no speech, and speech without words is no turn", () => {
  assert.equal(play().speak(64).pause(1000).did(), "");
  const talk = play().speak(640).pause(224).words("").pause(1000);
  assert.equal(talk.phase(), "listening");
  assert.ok(!talk.did().includes("answer"));
});

test("nobody may hold the floor for ever: the turn ends before the recogniser's two minutes", () => {
  const talk = play().speak(115_000);
  assert.ok((talk.when("finish_hearing") ?? Number.NaN) <= 110_100);
  talk.words("so much to say and");
  assert.equal(talk.phase(), "thinking");
});

const answered = (given?: Partial<typeof setup>) =>
  play(given).speak(960).pause(224).words("What time is it?").pause(200);

test("[S6] barge-in: silence is ordered within 250 ms of speech, and words take the floor", () => {
  const talk = answered().reply(8000).pause(1000);
  const from = talk.log.length;
  const beganAt = talk.now();
  talk.speak(480);
  assert.equal(talk.did(from), "silence hear speech_started");
  assert.ok((talk.log[from]?.atMs ?? Number.NaN) - beganAt <= 256 + 32);
  talk.words("stop it", false);
  assert.equal(talk.did(from), "silence hear speech_started cut show");
  assert.equal(talk.phase(), "speech");
  talk.pause(224).words("stop it.").pause(200);
  assert.ok(talk.did(from).endsWith("show answer"));
});

test("[S6] a client that cannot be silenced: the words alone end its reply", () => {
  const talk = answered({ canSilence: false }).reply(8000).pause(1000);
  const from = talk.log.length;
  talk.speak(480).words("stop it", false);
  assert.equal(talk.did(from), "hear speech_started cut show");
});

test("[S6] mhm and yes do not take the floor: the reply goes on", () => {
  for (const word of ["mhm", "Yes.", "uh huh", "I see"]) {
    const talk = answered().reply(8000).pause(1000);
    const from = talk.log.length;
    talk.speak(320).pause(224).words(word);
    assert.equal(
      talk.did(from),
      "silence hear speech_started finish_hearing drop_hearing speech_stopped go_on",
      word,
    );
    assert.equal(talk.phase(), "speaking");
  }
});

test("[S6] our own echo does not interrupt us, and is known by its level from then on", () => {
  const talk = answered().reply(8000).pause(1000).speak(320, -30).pause(224);
  talk.words("it is three o'clock", true, true);
  assert.equal(talk.phase(), "speaking");
  talk.reply(8000);
  const from = talk.log.length;
  talk.speak(960, -29);
  assert.equal(talk.did(from), "");
  talk.speak(320, -15);
  assert.equal(talk.did(from), "silence hear speech_started");
});

test("[S6] no words within 2 s: the reply goes on", () => {
  const talk = answered().reply(8000).pause(1000);
  const from = talk.log.length;
  talk.speak(2400);
  assert.equal(talk.did(from), "silence hear speech_started drop_hearing speech_stopped go_on");
  const took = (talk.log.at(-1)?.atMs ?? 0) - (talk.log[from]?.atMs ?? 0);
  assert.ok(took >= 2000 && took <= 2040, `${took} ms`);
});

test("[S6] words that come after those 2 s still count", () => {
  const talk = answered().reply(8000).pause(1000).speak(480).pause(2400);
  assert.ok(talk.did().endsWith("finish_hearing go_on"), talk.did());
  talk.reply(8000).words("stop it.");
  assert.ok(talk.did().endsWith("cut show speech_stopped show answer"), talk.did());
});

test("speech before the reply is out supersedes it", () => {
  const talk = answered();
  const from = talk.log.length;
  talk.speak(480).words("no wait", false);
  assert.equal(talk.did(from), "silence hear speech_started cut show");
});

test("typed text waits for the reply before it, and then has its own", () => {
  const talk = play({ canSilence: false }).type("first").type("second").type("third");
  assert.equal(talk.did(), "answer");
  talk.reply(4000);
  assert.equal(talk.did(), "answer heard_out answer");
  talk.reply(4000);
  assert.equal(talk.did(), "answer heard_out answer heard_out answer");
});

test("too many typed messages are refused, not kept", () => {
  const talk = play();
  for (let count = 0; count < 12; count++) talk.type(`${count}`);
  assert.equal(talk.did(), `answer${" refuse_typed".repeat(3)}`);
});

test("a reply is heard out when its sound is over, and not before", () => {
  const talk = answered().reply(640).pause(480);
  assert.equal(talk.phase(), "speaking");
  talk.pause(192);
  assert.equal(talk.phase(), "listening");
  assert.ok(talk.did().endsWith("heard_out"));
});

test("[S5] a dropped connection holds the reply; it goes on when the client is back", () => {
  const talk = answered().reply(4000).event({ type: "lost" }).pause(8000);
  assert.equal(talk.phase(), "speaking");
  const from = talk.log.length;
  talk.event({ type: "regained" });
  assert.equal(talk.did(from), "go_on");
});
