// The Realtime wire through unmodified clients, over TLS of the server's own, with real speech.
// Runs: waiting
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { tool } from "@openai/agents";
import {
  OpenAIRealtimeWebSocket,
  RealtimeAgent,
  type RealtimeItem,
  RealtimeSession,
} from "@openai/agents-realtime";
import OpenAI from "openai";
import { OpenAIRealtimeWS } from "openai/realtime/ws";
import { WebSocket } from "ws";
import { z } from "zod";
import { makeCertificate } from "../certificates.ts";
import { encoded } from "../realtime-sound.ts";
import { startServer } from "../start-server.ts";
import { startRecogniser } from "../voice-recogniser.ts";
import { join as joinSound, silence, speech } from "../voice-sound.ts";

const folder = await mkdtemp(join(tmpdir(), "colloquy-realtime-"));
const { certificateFile, keyFile, pem } = await makeCertificate(folder);
const recogniser = await startRecogniser();
const server = await startServer({
  builtIn: true,
  backend: "sqlite",
  environment: { STT_BASE_URL: recogniser.url, TLS_CERT: certificateFile, TLS_KEY: keyFile },
});
after(async () => {
  await server[Symbol.asyncDispose]();
  await recogniser[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

test("[RT1] [RT6] openai 7: a typed item is answered in text, over TLS", async () => {
  const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "any" });
  const talk = new OpenAIRealtimeWS({ model: "echo", options: { ca: pem } }, client);
  const failed: unknown[] = [];
  talk.on("error", (error) => failed.push(error));
  const done = new Promise<string>((resolve) => {
    let text = "";
    talk.on("response.output_text.delta", ({ delta }) => {
      text += delta;
    });
    talk.on("response.done", () => resolve(text));
  });
  await once(talk.socket, "open");
  talk.send({
    type: "session.update",
    session: { type: "realtime", output_modalities: ["text"], instructions: "Be brief." },
  });
  talk.send({
    type: "conversation.item.create",
    item: { type: "message", role: "user", content: [{ type: "input_text", text: "Hello" }] },
  });
  talk.send({ type: "response.create" });
  assert.equal(await done, "You said: Hello");
  assert.deepEqual(failed, []);
  talk.close();
});

/** A session of the Agents SDK, which keeps the conversation as it understands it. */
async function startSession(agent: RealtimeAgent) {
  const url = `${server.url.replace("https", "wss")}/v1/realtime?model=echo`;
  const transport = new OpenAIRealtimeWebSocket({
    url,
    createWebSocket: async () =>
      new WebSocket(url, { ca: pem, headers: { authorization: "Bearer any" } }) as never,
  });
  const session = new RealtimeSession(agent, { transport, model: "echo" });
  const errors: unknown[] = [];
  session.on("error", (error) => errors.push(error));
  const sounds: ArrayBuffer[] = [];
  session.on("audio", ({ data }) => sounds.push(data));
  await session.connect({ apiKey: "any" });
  const saidBy = (role: "user" | "assistant") => (item: RealtimeItem) =>
    item.type === "message" && item.role === role
      ? item.content.map((part) =>
          "transcript" in part ? part.transcript : "text" in part ? part.text : "",
        )
      : [];
  /** Resolves when the assistant has said that. */
  const until = async (text: string) => {
    const has = () =>
      session.history.flatMap(saidBy("assistant")).some((said) => said?.includes(text));
    while (!has()) await new Promise((resolve) => session.once("history_updated", resolve));
  };
  return {
    session,
    errors,
    sounds,
    until,
    said: (role: "user" | "assistant") => session.history.flatMap(saidBy(role)),
    speak: async (text: string) => {
      const sound = joinSound(silence(300), await speech(text), silence(1500));
      const bytes = Buffer.from(encoded(sound), "base64");
      session.sendAudio(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
    },
  };
}

test("[RT4] Agents SDK: what is said is understood and answered aloud, and both are in its history", async () => {
  recogniser.next("How are you today?");
  const talk = await startSession(new RealtimeAgent({ name: "Ada", instructions: "Be kind." }));
  await talk.speak("How are you today?");
  await talk.until("You said: How are you today?");
  assert.deepEqual(talk.said("user"), ["How are you today?"]);
  const bytes = talk.sounds.reduce((sum, { byteLength }) => sum + byteLength, 0);
  assert.ok(bytes > 24_000, `${bytes} bytes of sound`);
  assert.deepEqual(talk.errors, []);
  talk.session.close();
});

test("[RT6] Agents SDK: a tool is called by the model and answered by the client, and the model goes on", async () => {
  const asked: string[] = [];
  const look = tool({
    name: "look",
    description: "Looks something up",
    parameters: z.object({ what: z.string() }),
    async execute({ what }) {
      asked.push(what);
      return "It is blue";
    },
  });
  const agent = new RealtimeAgent({ name: "Ada", instructions: "Be kind.", tools: [look] });
  const talk = await startSession(agent);
  talk.session.sendMessage('#call look {"what":"the sky"}');
  await talk.until("It is blue");
  assert.deepEqual(asked, ["the sky"]);
  assert.deepEqual(talk.errors, []);
  talk.session.close();
});
