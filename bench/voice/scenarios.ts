import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "ws";
import { sayWithEspeak } from "../../server/test/speech/sound.ts";
import { EVERYDAY_SENTENCES } from "../../server/test/speech/words.ts";
import { sayAll, shareOf } from "../../server/test/voice-sentences.ts";
import {
  join,
  mix,
  openVoice,
  pinkNoise,
  silence,
  speech,
  type Voice,
} from "../../server/test/voice-sound.ts";
import { Histogram, type Summary } from "../histogram.ts";
import type { startMeasuredServer } from "./measured-server.ts";
import type { startOracle } from "./oracle.ts";
import { EVERYDAY, INTERRUPTIONS, LONG_STORY, PAUSED, pauseOf } from "./texts.ts";

type Server = Awaited<ReturnType<typeof startMeasuredServer>>;
type Oracle = Awaited<ReturnType<typeof startOracle>>;

export type Result = {
  readonly name: string;
  readonly rows: readonly (readonly [name: string, value: Summary | string])[];
};

const CAPABILITIES = { capabilities: ["segments", "vad", "interrupt", "metrics"] };
const STAGES = [
  "transcript_ms",
  "endpoint_ms",
  "first_token_ms",
  "first_sentence_ms",
  "first_audio_ms",
] as const;
const isFinal = (message: { type: string; is_final?: boolean }) =>
  message.type === "transcript" && message.is_final === true;

/** Every recording once, so that the first turn does not wait for it. */
export async function learnAll(oracle: Oracle): Promise<void> {
  for (const text of [...EVERYDAY, ...INTERRUPTIONS, ...PAUSED.flat()])
    oracle.learn(await speech(text), text);
}

/** From the last sample of a sentence to the first sound of its answer, and the stages between. */
export async function latency(server: Server, sessions: number, rounds: number): Promise<Result> {
  const total = new Histogram();
  const endpoint = new Histogram();
  const stages = new Map(STAGES.map((stage) => [stage, new Histogram()]));
  const heard: [said: string, heard: string][] = [];
  server.reset();
  const began = await server.figures();
  const startedAt = performance.now();
  const talk = async (first: number) => {
    await using voice = await openVoice(server, CAPABILITIES);
    await sleep((first * 977) % 3000);
    for (let round = 0; round < rounds; round++) {
      const text = EVERYDAY[(first * 7 + round) % EVERYDAY.length] ?? "";
      const from = voice.received.length;
      const saidAt = await voice.speak(await speech(text));
      const { message, atMs: endedAt } = await voice.until(isFinal, from);
      heard.push([text, message.text]);
      endpoint.add(endedAt - saidAt);
      const answer = await voice.until(({ type }) => type === "ai_response", from);
      total.add(answer.atMs - saidAt);
      const { message: metrics } = await voice.until(({ type }) => type === "metrics", from);
      for (const [stage, histogram] of stages) histogram.add(metrics[stage]);
      await sleep(2500);
      voice.talk.say({ type: "interrupt" });
      await sleep(100);
    }
  };
  await Promise.all(Array.from({ length: sessions }, (_, first) => talk(first)));
  const figures = await server.figures();
  const cpuShare = (figures.cpuMs - began.cpuMs) / (performance.now() - startedAt);
  return {
    name: `latency, ${sessions} session${sessions > 1 ? "s" : ""}`,
    rows: [
      ["end of speech to first sound", total.summary()],
      ["  to the end of the turn", endpoint.summary()],
      ...[...stages].map(
        ([stage, histogram]) => [`  server: ${stage}`, histogram.summary()] as const,
      ),
      [
        "event loop",
        `p99 ${figures.loopP99Ms.toFixed(1)} ms, at most ${figures.loopMaxMs.toFixed(1)} ms late`,
      ],
      ["processor", `${(cpuShare * 100).toFixed(0)}% of one`],
      ["words wrong", `${(100 * shareOf(heard)).toFixed(1)}%`],
    ],
  };
}

/** From the first sample spoken over a reply to the order to be silent. */
export async function bargeIn(server: Server, sessions: number, rounds: number): Promise<Result> {
  const silenced = new Histogram();
  const talk = async (first: number) => {
    await using voice = await openVoice(server, CAPABILITIES);
    for (let round = 0; round < rounds; round++) {
      let from = voice.received.length;
      voice.talk.say({ type: "text_input", text: LONG_STORY });
      await voice.until(({ type }) => type === "ai_response", from);
      await sleep(900 + ((first * 37 + round * 113) % 700));
      from = voice.received.length;
      const over = await speech(INTERRUPTIONS[(first + round) % INTERRUPTIONS.length] ?? "");
      const saidAt = await voice.speak(over);
      const { atMs } = await voice.until(({ type }) => type === "interrupted", from);
      silenced.add(atMs - (saidAt - over.length / 16));
      await voice.until(isFinal, from);
      await sleep(500);
      voice.talk.say({ type: "interrupt" });
      await sleep(300);
    }
  };
  await Promise.all(Array.from({ length: sessions }, (_, first) => talk(first)));
  return { name: "barge-in", rows: [["first sample to silence ordered", silenced.summary()]] };
}

/** Turns that were ended in a pause inside their sentence. */
export async function cutOffs(server: Server, sessions: number, rounds: number): Promise<Result> {
  let turns = 0;
  const cut: string[] = [];
  const endpoint = new Histogram();
  let next = 0;
  const talk = async () => {
    await using voice = await openVoice(server, CAPABILITIES);
    while (next < PAUSED.length * rounds) {
      const turn = next++;
      const clauses = PAUSED[turn % PAUSED.length] ?? [];
      const pauseMs = pauseOf(turn);
      const from = voice.received.length;
      const saidAt = await voice.speak(await joined(clauses, pauseMs));
      const { atMs } = await voice.until(isFinal, from);
      await sleep(Math.max(0, 2200 - (performance.now() - saidAt)));
      const ends = finalsOf(voice, from);
      turns++;
      if (ends.length > 1 || atMs < saidAt) cut.push(`${pauseMs} ms: ${ends.join(" | ")}`);
      else endpoint.add(atMs - saidAt);
      voice.talk.say({ type: "interrupt" });
      await sleep(200);
    }
  };
  await Promise.all(Array.from({ length: sessions }, talk));
  return {
    name: "false cut-offs, pauses of 200 to 800 ms inside the sentence",
    rows: [
      ["turns cut off", `${cut.length} of ${turns} (${((100 * cut.length) / turns).toFixed(1)}%)`],
      ["end of speech to the end of the turn", endpoint.summary()],
      ...cut.map((how) => ["  cut", how] as const),
    ],
  };
}

const finalsOf = (voice: Voice, from: number): string[] =>
  voice.received.slice(from).flatMap(({ message }) => (isFinal(message) ? [message.text] : []));

async function joined(clauses: readonly string[], pauseMs: number): Promise<Int16Array> {
  const sounds = [];
  for (const clause of clauses) sounds.push(await speech(clause), silence(pauseMs));
  return join(...sounds.slice(0, -1));
}

/** What a socket costs that has begun a conversation and says nothing. */
export async function idleSockets(server: Server, count: number): Promise<Result> {
  const before = (await server.figures()).residentBytes;
  const sockets: WebSocket[] = [];
  for (let opened = 0; opened < count; opened++) {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/ws`);
    sockets.push(socket);
    await new Promise<void>((resolve, reject) => {
      socket.on("error", reject);
      socket.on("open", () => socket.send('{"type":"start_conversation"}'));
      socket.on("message", (data) => String(data).includes("conversation_started") && resolve());
    });
  }
  const { residentBytes } = await server.figures();
  for (const socket of sockets) socket.terminate();
  const each = (residentBytes - before) / count / 1024;
  return { name: `${count} idle sockets`, rows: [["memory each", `${each.toFixed(1)} KiB`]] };
}

const SPEAKERS: readonly (readonly [name: string, say: Say])[] = [
  ["flite slt", (text) => speech(text, "slt")],
  ["flite rms", (text) => speech(text, "rms")],
  ["flite slt, pink noise at -45 dBFS", async (text) => noisy(await speech(text, "slt"), -45)],
  ["flite slt, pink noise at -35 dBFS", async (text) => noisy(await speech(text, "slt"), -35)],
  ["espeak-ng en-us", async (text) => sayWithEspeak(text)],
];
type Say = (text: string) => Promise<Int16Array | null>;

const noisy = (sound: Int16Array, dbfs: number): Int16Array =>
  mix(sound, pinkNoise(sound.length / 16, dbfs));

/** Everyday sentences of several voices, some sessions at once, and how many of their words are wrong. */
export async function* accuracy(server: Server, sessions: number): AsyncGenerator<Result> {
  for (const [name, say] of SPEAKERS) {
    if ((await say("Hello")) === null) {
      yield { name, rows: [["words wrong", "not installed"]] };
      continue;
    }
    const talks = await Promise.all(
      Array.from({ length: sessions }, (_, first) =>
        sayAll(
          server,
          EVERYDAY_SENTENCES.filter((_text, at) => at % sessions === first),
          async (text) => (await say(text)) ?? silence(0),
        ),
      ),
    );
    const turns = talks.flatMap((talk) => talk.turns);
    const wrong = shareOf(turns.map(({ said, heard }) => [said, heard]));
    const answered = turns.filter(({ replied }) => replied !== "");
    const latencies = new Histogram();
    for (const { latencyMs } of answered) latencies.add(latencyMs);
    yield {
      name,
      rows: [
        ["words wrong", `${(100 * wrong).toFixed(1)}%`],
        ["answered", `${answered.length} of ${turns.length}`],
        ["end of speech to first sound", latencies.summary()],
      ],
    };
  }
}
