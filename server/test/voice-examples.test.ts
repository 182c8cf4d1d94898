// The clients that document 003 prints, word for word, against a server that listens and speaks.
// Runs: waiting
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { runInNewContext } from "node:vm";
import { createSileroDetector } from "../src/adapters/speech/silero/index.ts";
import { encodeWav } from "../src/domain/audio/wav.ts";
import { skipUnless } from "./skip.ts";
import { startRecogniser } from "./voice-recogniser.ts";
import { startVoiceServer } from "./voice-server.ts";
import { join, silence, soundOf, speech, synthesizer, wavBase64 } from "./voice-sound.ts";

const folder = joinPath(import.meta.dirname, "voice-examples");
const detector = createSileroDetector();
const SAID = "Hello, how are you?";

before(() => Promise.all([detector.ready(), synthesizer.ready()]));
after(() => synthesizer.close());

/** A Python that has the library: Debian's package is for Debian's own. */
const python = ["python3", "/usr/bin/python3"].find((command) => {
  try {
    execFileSync(command, ["-c", "import websockets"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
});

test("[S1] [S3] [S4] the JavaScript client of the document holds a conversation", async () => {
  await using recogniser = await startRecogniser();
  const { transcriber } = recogniser;
  await using server = await startVoiceServer({ speech: { detector, transcriber, synthesizer } });
  recogniser.next(SAID);
  const lines: string[] = [];
  const played = Promise.withResolvers<string>();
  const opened = Promise.withResolvers<void>();
  const sockets: WebSocket[] = [];
  const context = {
    JSON,
    console: {
      log(...words: readonly string[]) {
        lines.push(words.join(" "));
        opened.resolve();
      },
    },
    playAudio: (audioData: string) => played.resolve(audioData),
    WebSocket: class extends WebSocket {
      constructor(url: string) {
        super(url.replace(":8000", `:${server.port}`));
        sockets.push(this);
      }
    },
  };
  const code = await readFile(joinPath(folder, "client-js.txt"), "utf8");
  const sendAudioChunk = runInNewContext(`${code}\nsendAudioChunk`, context);
  await opened.promise;
  const sound = join(await speech(SAID), silence(1500));
  for (let at = 0; at < sound.length; at += 1024) {
    sendAudioChunk(wavBase64(sound.subarray(at, at + 1024)));
    await sleep(64);
  }
  assert.ok(soundOf(await played.promise).length > 8000);
  for (const socket of sockets) socket.close();
  assert.deepEqual(
    [...new Set(lines)],
    ["Connected to AI", `Transcript: ${SAID}`, `AI Response: Echo: ${SAID}`],
  );
});

test("[S1] [S3] [S4] the Python client of the document holds a conversation", {
  skip: skipUnless(
    python !== undefined,
    "python3-websockets is not installed: apt-get install python3-websockets",
  ),
}, async () => {
  await using recogniser = await startRecogniser();
  const { transcriber } = recogniser;
  await using server = await startVoiceServer({ speech: { detector, transcriber, synthesizer } });
  recogniser.next(SAID);
  const directory = await mkdtemp(joinPath(tmpdir(), "colloquy-voice-"));
  const file = joinPath(directory, "said.wav");
  await writeFile(file, encodeWav(join(await speech(SAID), silence(2500)), 16_000));
  const example = joinPath(folder, "client-py.txt");
  const runner = joinPath(folder, "run-as-printed.py");
  const child = spawn(python ?? "", [runner, example, String(server.port), file], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines: string[] = [];
  for await (const line of createInterface(child.stdout)) {
    lines.push(line);
    if (line.startsWith("AI: ")) break;
  }
  child.kill();
  await rm(directory, { recursive: true });
  assert.deepEqual([...new Set(lines)], [`Transcript: ${SAID}`, `AI: Echo: ${SAID}`]);
});
