// Debian's pocketsphinx, on real synthesised speech.
// Runs: waiting
// Takes: 40 s
// Campaign: VOICES middle=3 in 90 s, full=3 in 90 s
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import {
  findPocketsphinx,
  INSTALL_POCKETSPHINX,
} from "../src/adapters/speech/pocketsphinx/find.ts";
import { createPocketsphinxTranscriber } from "../src/adapters/speech/pocketsphinx/index.ts";
import { createIntake } from "../src/adapters/speech/pocketsphinx/intake.ts";
import { sentenceOf } from "../src/adapters/speech/pocketsphinx/sentence.ts";
import { samplesIn } from "../src/domain/audio.ts";
import type { Transcriber } from "../src/ports/speech.ts";
import {
  chunksOf,
  inRoom,
  loudnessDbfs,
  sayWithEspeak,
  sayWithFlite,
  whiteNoise,
} from "./speech/sound.ts";
import { EVERYDAY_SENTENCES, wordErrors, wordsOf } from "./speech/words.ts";
import { transcribe, transcriberContract } from "./speech.contract.ts";

const VOICES = ["slt", "rms", "awb"].slice(0, Number(process.env.VOICES ?? 1));
/** One voice says a part of them; the campaign has all sentences of all voices. */
const SENTENCES = EVERYDAY_SENTENCES.slice(0, VOICES.length > 1 ? undefined : 8);
const paths = findPocketsphinx();
const missing = paths ? false : `pocketsphinx is not installed: ${INSTALL_POCKETSPHINX}`;
if (missing && process.env.CI) assert.fail(missing);

const spoken = () =>
  Promise.all(
    ["What is the weather like tomorrow?", "I need a table for two people."].map(
      async (text): Promise<[string, Int16Array]> => [text, inRoom(await sayWithFlite(text))],
    ),
  );

if (paths)
  transcriberContract("pocketsphinx", () => createPocketsphinxTranscriber({ paths }), spoken);

describe("pocketsphinx", { skip: missing }, () => {
  let engine: Transcriber;
  before(async () => {
    process.env.EXAMPLE_API_KEY = "a secret";
    engine = createPocketsphinxTranscriber({ paths: paths! });
    await engine.ready();
  });
  after(() => engine.close());
  const hear = async (sound: Int16Array) => (await transcribe(engine, sound)).at(-1)?.text ?? "";

  for (const voice of VOICES)
    test(`at most 15% of the words of ${SENTENCES.length} everyday sentences are wrong (${voice})`, async () => {
      let errors = 0;
      let words = 0;
      for (const [i, text] of SENTENCES.entries()) {
        const room = { gain: [1, 0.4, 0.15][i % 3]!, beforeMs: [500, 100, 300][i % 3]! };
        errors += wordErrors(text, await hear(inRoom(await sayWithFlite(text, voice), room)));
        words += wordsOf(text).length;
      }
      assert.ok(errors / words <= 0.15, `${errors} of ${words} words`);
    });
  test("a very different voice is heard too, in part", async (context) => {
    const text = "What is the weather like tomorrow?";
    const sound = sayWithEspeak(text);
    if (!sound) return context.skip("espeak-ng is not installed");
    assert.ok(wordErrors(text, await hear(inRoom(sound))) <= 4);
  });
  test("silence is no words, and noise few", async () => {
    assert.equal(await hear(new Int16Array(samplesIn(3_000))), "");
    assert.equal(await hear(whiteNoise(2_000, 30)), "");
    assert.ok(wordsOf(await hear(whiteNoise(3_000, 4_000))).length <= 2);
  });
  test("a process that dies takes only its utterance with it", async () => {
    const [[said, sound], [other]] = (await spoken()) as [[string, Int16Array], [string, unknown]];
    const before = childrenOf(process.pid);
    const utterance = engine.open(new AbortController().signal);
    const reading = Array.fromAsync(utterance.transcripts);
    for (const chunk of chunksOf(sound, 1_600)) utterance.push(chunk);
    assert.notEqual(said, other);
    assert.ok(before.length > 0);
    for (const pid of before) process.kill(pid, "SIGKILL");
    await assert.rejects(reading, { code: "unavailable", message: /say that again/ });
    assert.ok(wordErrors(said, await hear(sound)) <= 2);
  });
  test("what is heard does not depend on who spoke before", async () => {
    const narrow = createPocketsphinxTranscriber({ paths: paths!, processes: 1 });
    const [, [, sound]] = (await spoken()) as [unknown, [string, Int16Array]];
    const heard = async (what: Int16Array) => (await transcribe(narrow, what)).at(-1)?.text;
    const first = await heard(sound);
    for (const voice of ["awb", "kal16"])
      for (const text of EVERYDAY_SENTENCES.slice(10, 12))
        await heard(inRoom(await sayWithFlite(text, voice), { gain: 0.02, noise: 1 }));
    assert.equal(await heard(sound), first);
    await narrow.close();
  });
  test("who speaks when all processes are busy is heard afterwards", async () => {
    const narrow = createPocketsphinxTranscriber({ paths: paths!, processes: 1 });
    const both = await spoken();
    const heard = await Promise.all(both.map(([, sound]) => transcribe(narrow, sound)));
    for (const [i, [said]] of both.entries())
      assert.ok(wordErrors(said, heard[i]!.at(-1)!.text) <= 2);
    await narrow.close();
  });
  test("the server's keys are not in the process's environment", () => {
    for (const pid of childrenOf(process.pid))
      assert.doesNotMatch(readFileSync(`/proc/${pid}/environ`, "latin1"), /API_KEY/);
  });
  test("a model that is broken is an error in words", async () => {
    const folder = await mkdtemp(join(tmpdir(), "colloquy-model-"));
    await mkdir(join(folder, "en-us"));
    await writeFile(join(folder, "en-us", "mdef"), "BMDF and then nothing of sense");
    const broken = createPocketsphinxTranscriber({
      paths: { ...paths!, acousticModel: join(folder, "en-us") },
    });
    await assert.rejects(broken.ready(), { code: "unavailable", forOperator: /apt-get install/ });
    await broken.close();
    await rm(folder, { recursive: true });
  });
});

describe("finding pocketsphinx", () => {
  test("nothing where library or model is missing", () => {
    assert.equal(findPocketsphinx(["/nowhere"]), null);
    assert.equal(findPocketsphinx(undefined, ["/nowhere"]), null);
  });
});

describe("intake", () => {
  const through = (sound: Int16Array) => {
    const intake = createIntake();
    const parts = chunksOf(sound, 512).map((chunk) => intake.push(chunk));
    return Int16Array.from([...parts, intake.flush()].flatMap((part) => [...part]));
  };
  test("gives speech at one loudness, without the silence around it", async () => {
    const speech = await sayWithFlite("I would like to order a large pizza.");
    for (const gain of [1, 0.1, 0.03]) {
      const taken = through(inRoom(speech, { gain, noise: 2, beforeMs: 700, afterMs: 900 }));
      const surplus = taken.length - speech.length;
      assert.ok(surplus > -samplesIn(50) && surplus < samplesIn(300), `${surplus} samples`);
      assert.ok(Math.abs(loudnessDbfs(taken) + 21) < 3, `${loudnessDbfs(taken)} dBFS`);
    }
  });
  test("shortens a long pause, and keeps a short one", async () => {
    const clause = await sayWithFlite("I have lost my keys again.");
    const joined = (pauseMs: number) =>
      Int16Array.from([...clause, ...new Int16Array(samplesIn(pauseMs)), ...clause]);
    const short = through(joined(300)).length - 2 * clause.length;
    const long = through(joined(20_000)).length - 2 * clause.length;
    assert.ok(Math.abs(short - samplesIn(300)) < samplesIn(50), `${short}`);
    assert.ok(long < samplesIn(600), `${long}`);
  });
  test("gives nothing for silence, a click or nothing", () => {
    const click = new Int16Array(8_000);
    click.fill(20_000, 4_000, 4_100);
    for (const sound of [click, new Int16Array(48_000), new Int16Array(0), whiteNoise(900, 30)])
      assert.equal(through(sound).length, 0);
  });
});

test("the decoder's words become a sentence", () => {
  assert.equal(sentenceOf("i think i'm late"), "I think I'm late");
  assert.equal(sentenceOf("where is the t. v."), "Where is the T V");
  assert.equal(sentenceOf(""), "");
});

/** Process ids of the children, as Linux tells them. */
const childrenOf = (pid: number): number[] =>
  readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, "utf8")
      .split(" ")
      .filter((child) => child.trim() !== "")
      .map(Number),
  );
