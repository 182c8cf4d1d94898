/* A recogniser behind a real OpenAI-compatible port that knows every recording it will be sent. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** How a recogniser writes: words alone, or with a full stop after whatever it heard. */
export type Writing = "words" | "punctuated";

const KEY_SAMPLES = 3;
const WORD = 65_536;

/**
 * Knows a recording by three samples near its end, so by its sound and not by its length. An answer
 * takes `delayMs`, as a fast recogniser on the same machine would.
 */
export async function startOracle(options: {
  readonly delayMs: number;
  readonly writing: Writing;
}) {
  const known = new Map<number, string>();
  const keyAt = (samples: Int16Array, at: number): number =>
    ((samples[at] ?? 0) + WORD / 2) * WORD * 16 +
    ((samples[at + 1] ?? 0) + WORD / 2) * 16 * 4 +
    ((samples[at + 2] ?? 0) + WORD / 2);
  const recognise = (samples: Int16Array): string => {
    const heard: string[] = [];
    for (let at = 0; at + KEY_SAMPLES <= samples.length; at++) {
      const text = known.get(keyAt(samples, at));
      if (text !== undefined && heard.at(-1) !== text) heard.push(text);
    }
    return write(heard, options.writing);
  };
  const server = createServer(async (request, response) => {
    if (request.method !== "POST") return response.end('{"data":[]}');
    const body = Buffer.concat(await request.toArray());
    const sound = body.subarray(body.indexOf("RIFF") + 44);
    const bytes = new Uint8Array(sound.subarray(0, sound.length - (sound.length % 2)));
    const text = recognise(new Int16Array(bytes.buffer));
    await sleep(options.delayMs);
    response.setHeader("content-type", "application/json");
    return response.end(JSON.stringify({ text }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    /** Several places, so that no other recording has all of them by chance. */
    learn(samples: Int16Array, text: string) {
      for (let at = samples.length - 1600; at > samples.length / 2; at--) {
        const isLoud = [0, 1, 2].every((next) => Math.abs(samples[at + next] ?? 0) > 900);
        const key = keyAt(samples, at);
        if (!isLoud || known.has(key)) continue;
        known.set(key, text);
        return;
      }
      throw new Error(`"${text}" has no place to be known by`);
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The words of those sentences, as such a recogniser would write them. */
export function write(heard: readonly string[], writing: Writing): string {
  const text = heard.join(" ");
  const words = text
    .toLowerCase()
    .replace(/[.,!?]/g, "")
    .trim();
  if (writing === "words" || words === "") return words;
  const isQuestion = text.endsWith("?");
  const inside = text.replace(/[,.!?]+$/, "");
  return `${inside}${isQuestion ? "?" : "."}`;
}
