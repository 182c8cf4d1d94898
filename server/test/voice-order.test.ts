// Turn-taking: any events in any order.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { IDLE, isHearing, nextTickMs, transition } from "../src/core/voice/machine.ts";
import type { VoiceEvent } from "../src/core/voice/states.ts";

const voice = (probability: number) => ({
  type: "frame" as const,
  probability,
  dbfs: probability > 0.5 ? -20 : -70,
  durationMs: 32,
});

test("any events in any order: the utterance, the question and the reply are opened and closed in pairs", () => {
  const time = fc.integer({ min: 0, max: 120 });
  const event = fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(0.9, 0.9, 0.1).map(voice) },
    {
      weight: 4,
      arbitrary: fc.record({
        type: fc.constant("transcript" as const),
        text: fc.constantFrom("", "mhm", "what time is it now", "and then", "stop"),
        isFinal: fc.boolean(),
        isEcho: fc.boolean(),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ type: fc.constant("sound_sent" as const), isLast: fc.boolean() }),
    },
    {
      weight: 3,
      arbitrary: fc.constantFrom(
        { type: "typed" as const, text: "typed" },
        { type: "interrupt" as const },
        { type: "tick" as const },
        { type: "lost" as const },
        { type: "regained" as const },
        { type: "transcript_failed" as const },
        { type: "playback" as const, quietAtMs: 0 },
      ),
    },
  );
  const setups = fc.record({ hasPartials: fc.boolean(), canSilence: fc.boolean() });
  fc.assert(
    fc.property(setups, fc.array(fc.tuple(event, time), { maxLength: 150 }), (given, events) => {
      let state = transition(IDLE, { type: "start", setup: given, atMs: 0 }).state;
      let now = 0;
      let isHeard = false;
      let isAsked = false;
      for (const [next, waited] of events) {
        now += waited;
        const full = { quietAtMs: now + 500, ...next, atMs: now } as VoiceEvent;
        const step = transition(state, full);
        for (const { type } of step.effects) {
          if (type === "hear") {
            assert.ok(!isHeard, "an utterance begins while one is open");
            isHeard = true;
          }
          if (type === "hear_on" || type === "finish_hearing") assert.ok(isHeard, type);
          if (type === "drop_hearing" || type === "answer") isHeard = false;
          if (type === "prepare") isAsked = true;
          if (type === "discard") {
            assert.ok(isAsked, "nothing was asked for");
            isAsked = false;
          }
          if (type === "answer") isAsked = false;
        }
        state = step.state;
        assert.equal(isHeard, isHearing(state), state.phase.name);
        assert.ok(state.typed.length <= 8);
        const tick = nextTickMs(state);
        assert.ok(tick === null || Number.isFinite(tick));
      }
    }),
    { numRuns: 3000 },
  );
});
