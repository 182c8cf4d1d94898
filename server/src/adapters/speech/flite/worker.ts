// A thread that speaks for ./pool.ts.
import { parentPort, workerData } from "node:worker_threads";
import { createFliteEngine } from "./engine.ts";
import type { FliteAnswer, FliteJob } from "./pool.ts";

const engine = createFliteEngine(workerData as WebAssembly.Module);

/** Enough for the WebAssembly compiler to have optimised what every sentence runs through. */
const WARM_UP = ["Hello.", "One two three, four five six.", "It is quite warm in here today."];
for (const text of WARM_UP) engine.speak(text, "slt");
engine.prepare();

parentPort?.on("message", ({ text, voice }: FliteJob) => {
  let answer: FliteAnswer;
  try {
    answer = { samples: engine.speak(text, voice) };
  } catch (error) {
    answer = { error: String(error) };
  }
  parentPort?.postMessage(answer, "samples" in answer ? [answer.samples.buffer] : []);
  engine.prepare();
});
parentPort?.postMessage("ready");
