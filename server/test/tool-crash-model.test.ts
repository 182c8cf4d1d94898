// The model of the step loop: no call is made twice that must not be, and no decision is lost, wherever servers are lost.
import assert from "node:assert/strict";
import { test } from "node:test";
import { RULES, type Rules, runTurn } from "./tool-crash-model.ts";

const TURNS = Number(process.env.MODEL_TURNS ?? 500);

const run = (rules: Rules) => {
  const problems: string[] = [];
  let crashes = 0;
  for (let seed = 1; seed <= TURNS; seed++) {
    const turn = runTurn(seed, rules);
    crashes += turn.crashes;
    problems.push(...turn.problems.map((problem) => `turn ${seed}: ${problem}`));
  }
  return { problems, crashes };
};

test("[H28] [H51] a model of parallel calls with questions: nothing is made twice, declined and made, or lost", (t) => {
  const { problems, crashes } = run(RULES);
  assert.deepEqual(problems.slice(0, 5), []);
  assert.ok(crashes > TURNS);
  t.diagnostic(`${TURNS} turns, ${crashes} crashes`);
});

for (const rule of ["notesRunning", "looksBeforeParking", "checksEpoch"] as const)
  test(`[H28] the model finds what goes wrong without one of the rules: ${rule}`, () => {
    assert.notDeepEqual(run({ ...RULES, [rule]: false }).problems, []);
  });
