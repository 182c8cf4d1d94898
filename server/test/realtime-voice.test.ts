// The Realtime wire with sound: real detector, real synthesizer, a recogniser on a real port; by bare events.
// Runs: waiting
import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { SoundFormat } from "../src/domain/audio/sound-out.ts";
import { type Event, openRealtime, type Realtime } from "./realtime-client.ts";
import { append, decoded, speakTo } from "./realtime-sound.ts";
import { startServer } from "./start-server.ts";
import { startRecogniser } from "./voice-recogniser.ts";
import { silence, speech } from "./voice-sound.ts";

const recogniser = await startRecogniser();
const server = await startServer({ environment: { STT_BASE_URL: recogniser.url } });
after(async () => {
  await server[Symbol.asyncDispose]();
  await recogniser[Symbol.asyncDispose]();
});

const TOLD = { transcription: { model: "whisper-1" } };

/** A session whose client is told transcripts. */
async function open(audio: { input?: object; output?: object } = {}, more: object = {}) {
  const talk = await openRealtime(server, { query: "model=scripted" });
  const input = { ...TOLD, ...audio.input };
  talk.say({ type: "session.update", session: { ...more, audio: { ...audio, input } } });
  await talk.next("session.updated");
  return talk;
}

const stored = async (id: string) => {
  const messages: { role: string; content: string; status: string }[] = [];
  for await (const record of server.store.exportRecords())
    if (
      record.type === "message" &&
      record.message.conversationId.replaceAll("-", "") === id.slice(5)
    )
      messages.push(record.message);
  return messages.map(({ role, content, status }) => [role, content, status]);
};

const itemOf = async (talk: Realtime, id: string): Promise<Event> => {
  talk.say({ type: "conversation.item.retrieve", item_id: id });
  return (await talk.next("conversation.item.retrieved")).item;
};

test("[RT4] [RT6] speech in, its words, and an answer aloud, with every event in its order", async () => {
  recogniser.next("What time is it?");
  await using talk = await open();
  const from = talk.events.length;
  await speakTo(talk, "What time is it?");
  const { response } = await talk.next("response.done");
  await talk.next("rate_limits.updated");
  assert.deepEqual(talk.types(from), [
    "input_audio_buffer.speech_started",
    "input_audio_buffer.speech_stopped",
    "input_audio_buffer.committed",
    "conversation.item.added",
    "conversation.item.done",
    "conversation.item.input_audio_transcription.delta",
    "conversation.item.input_audio_transcription.completed",
    "response.created",
    "response.output_item.added",
    "conversation.item.added",
    "response.content_part.added",
    "response.output_audio_transcript.delta",
    "response.output_audio.delta",
    "response.output_audio.done",
    "response.output_audio_transcript.done",
    "response.content_part.done",
    "response.output_item.done",
    "conversation.item.done",
    "response.done",
    "rate_limits.updated",
  ]);
  const [started, stopped, committed, added, , , completed] = talk.events.slice(from);
  for (const { item_id: id } of [stopped, committed, completed]) assert.equal(id, started.item_id);
  assert.deepEqual(added.item, {
    id: started.item_id,
    object: "realtime.item",
    type: "message",
    status: "completed",
    role: "user",
    content: [{ type: "input_audio", transcript: null }],
  });
  const spokenMs = (await speech("What time is it?")).length / 16;
  assert.ok(started.audio_start_ms < 500, "it begins before the voice, which begins at 300 ms");
  assert.ok(stopped.audio_end_ms > 300 + spokenMs && stopped.audio_end_ms < 1300 + spokenMs);
  assert.equal(completed.transcript, "What time is it?");
  assert.equal(completed.usage.type, "duration");
  assert.ok(completed.usage.seconds * 1000 > spokenMs * 0.8);
  assert.deepEqual((await itemOf(talk, started.item_id)).content, [
    { type: "input_audio", transcript: "What time is it?" },
  ]);
  assert.deepEqual(response.output[0].content, [
    { type: "output_audio", transcript: "Echo: What time is it?" },
  ]);
  assert.ok(decoded(talk.events).length > 16_000, "more than a second of sound");
  assert.deepEqual(await stored(response.conversation_id), [
    ["user", "What time is it?", "complete"],
    ["assistant", "Echo: What time is it?", "complete"],
  ]);
});

for (const [name, type, format] of [
  ["µ-law", "audio/pcmu", { sampleRateHz: 8000, encoding: "mulaw" }],
  ["A-law", "audio/pcma", { sampleRateHz: 8000, encoding: "alaw" }],
] as const)
  test(`[RT3] telephones speak and hear by ${name}`, async () => {
    recogniser.next("Good morning");
    const wire = { format: { type } };
    await using talk = await open({ input: wire, output: wire });
    const before = recogniser.heard.length;
    await speakTo(talk, "Good morning", format satisfies SoundFormat);
    const { response } = await talk.next("response.done");
    assert.deepEqual(response.audio.output.format, { type });
    const spokenMs = (await speech("Good morning")).length / 16;
    const heardMs = recogniser.heard[before]?.durationMs ?? 0;
    assert.ok(heardMs > spokenMs * 0.9 && heardMs < spokenMs + 2000, `${heardMs} ms`);
    const sound = decoded(talk.events, format);
    const loudest = sound.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    assert.ok(sound.length > 8000 && loudest > 1000);
  });

test("[RT4] without turn detection a turn is what the client commits, and nothing answers by itself", async () => {
  recogniser.next("Turn on the light");
  await using talk = await open({ input: { turn_detection: null } });
  const empty = async () => {
    talk.say({ type: "input_audio_buffer.commit" });
    return (await talk.next("error")).error;
  };
  assert.equal((await empty()).code, "input_audio_buffer_commit_empty");
  append(talk, silence(90));
  assert.match((await empty()).message, /only has 9\d\.\d+ms/);
  append(talk, silence(500));
  talk.say({ type: "input_audio_buffer.clear" });
  await talk.next("input_audio_buffer.cleared");
  assert.equal((await empty()).code, "input_audio_buffer_commit_empty");
  const from = talk.events.length;
  append(talk, await speech("Turn on the light"));
  talk.say({ type: "input_audio_buffer.commit" });
  talk.say({ type: "response.create" });
  const { response } = await talk.next("response.done");
  assert.equal(response.output[0].content[0].transcript, "Echo: Turn on the light");
  const types = talk.types(from);
  assert.deepEqual(types.slice(0, 3), [
    "input_audio_buffer.committed",
    "conversation.item.added",
    "conversation.item.done",
  ]);
  assert.ok(!types.some((type) => /speech_/.test(type)));
  assert.equal(types.filter((type) => type === "response.created").length, 1);
});

test("[RT4] with create_response false a turn is found and not answered, until it is asked for", async () => {
  recogniser.next("Remember this");
  await using talk = await open({
    input: { transcription: null, turn_detection: { create_response: false } },
  });
  await speakTo(talk, "Remember this");
  const { item_id: id } = await talk.next("input_audio_buffer.committed");
  assert.deepEqual((await itemOf(talk, id)).content, [{ type: "input_audio", transcript: null }]);
  talk.say({ type: "response.create", response: { output_modalities: ["text"] } });
  const { response } = await talk.next("response.done");
  assert.equal(response.output[0].content[0].text, "Echo: Remember this");
  const types = talk.types();
  assert.equal(types.filter((type) => type === "response.created").length, 1);
  assert.ok(!types.some((type) => /transcription/.test(type)), "the client asked for none");
});

test("[RT7] speech over a reply cancels it, and what was heard is kept", async () => {
  recogniser.next("Stop please, that is enough");
  await using talk = await open();
  const long = "one two three four five six seven eight nine ten. ".repeat(12);
  talk.type(`{{reply text=${JSON.stringify(long)}}}`);
  talk.say({ type: "response.create" });
  await talk.next("response.output_audio.delta");
  await speakTo(talk, "Stop please, that is enough");
  const { response } = await talk.next("response.done");
  assert.equal(response.status, "cancelled");
  assert.deepEqual(response.status_details, { type: "cancelled", reason: "turn_detected" });
  const next = await talk.next("response.done");
  assert.equal(next.response.output[0].content[0].transcript, "Echo: Stop please, that is enough");
  const [, reply] = await stored(next.response.conversation_id);
  assert.equal(reply?.[2], "interrupted");
  assert.ok((reply?.[1]?.length ?? 0) < long.length / 2);
});

test("[RT7] conversation.item.truncate keeps what was heard, for the model and in the store", async () => {
  await using talk = await open();
  const text = "Here is the first sentence. And this is the second sentence of it.";
  talk.type(`{{reply text=${JSON.stringify(text)}}}`);
  talk.say({ type: "response.create" });
  const { response } = await talk.next("response.done");
  const [item] = response.output;
  assert.equal(item.content[0].transcript, text);
  const truncate = (audioEndMs: number, more: object = {}) =>
    talk.say({
      type: "conversation.item.truncate",
      item_id: item.id,
      content_index: 0,
      audio_end_ms: audioEndMs,
      ...more,
    });
  truncate(600_000);
  assert.match((await talk.next("error")).error.message, /already shorter than 600000ms/);
  truncate(100, { item_id: "none" });
  assert.equal((await talk.next("error")).error.param, "item_id");
  const firstMs = (await speech("Here is the first sentence.")).length / 16;
  truncate(Math.floor(firstMs) + 100);
  const { audio_end_ms: endMs, item_id: id } = await talk.next("conversation.item.truncated");
  assert.deepEqual([endMs, id], [Math.floor(firstMs) + 100, item.id]);
  assert.deepEqual((await itemOf(talk, item.id)).content, [
    { type: "output_audio", transcript: null },
  ]);
  talk.type("What did you say?");
  talk.say({ type: "response.create" });
  await talk.next("response.done");
  const told = server.model.requests.at(-1)?.body?.messages?.map(({ content }) => content);
  assert.match(told?.[1] ?? "", /^Here is the first sentence\.\s*$/);
  const [, reply] = await stored(response.conversation_id);
  assert.match(reply?.[1] ?? "", /^Here is the first sentence\.\s*$/);
  assert.equal(reply?.[2], "interrupted");
});

test("[RT11] where nothing recognises speech, sound is refused in words, and typed items are answered aloud", async () => {
  await using deaf = await startServer({
    builtIn: true,
    environment: { STT_BASE_URL: "http://127.0.0.1:9/v1" },
  });
  await using talk = await openRealtime(deaf);
  append(talk, silence(100));
  const { error } = await talk.next("error");
  assert.equal(error.code, "unsupported_value");
  assert.match(error.message, /cannot be understood .* Typed items .* are answered/);
  talk.type("Hello");
  talk.say({ type: "response.create" });
  const { response } = await talk.next("response.done");
  assert.equal(response.output[0].content[0].transcript, "You said: Hello");
  assert.ok(decoded(talk.events).length > 8000);
});

test("[RT3] speech is faster at the same words where the session says so", async () => {
  const lengthAt = async (speed: number): Promise<number> => {
    await using talk = await open({ output: { speed } });
    talk.type('{{reply text="The quick brown fox jumps over the lazy dog"}}');
    talk.say({ type: "response.create" });
    await talk.next("response.done");
    return decoded(talk.events).length;
  };
  const usual = await lengthAt(1);
  const fast = await lengthAt(1.5);
  assert.ok(Math.abs(usual / fast - 1.5) < 0.1, `${usual / fast}`);
});

test("[RT4] speech whose words are lost is told as failed and not answered, and the session goes on", async () => {
  recogniser.refuse(true);
  await using talk = await open({ output: {} }, { output_modalities: ["text"] });
  const from = talk.events.length;
  await speakTo(talk, "What time is it?");
  const committed = await talk.next("input_audio_buffer.committed");
  const failed = await talk.next("conversation.item.input_audio_transcription.failed");
  assert.deepEqual([failed.item_id, failed.content_index], [committed.item_id, 0]);
  assert.ok(failed.error.type && failed.error.message);
  recogniser.refuse(false);
  recogniser.next("And now?");
  await speakTo(talk, "And now?");
  const { response } = await talk.next("response.done");
  assert.equal(response.output[0].content[0].text, "Echo: And now?");
  const types = talk.events.slice(from).map(({ type }) => type);
  assert.equal(types.filter((type) => type === "response.created").length, 1);
});

test("[RT3] [RT4] after idle_timeout_ms of silence the model is asked by itself, three times at most", async () => {
  const asking = async () => {
    const turn_detection = { type: "server_vad", idle_timeout_ms: 100 };
    const talk = await open({ input: { turn_detection } }, { output_modalities: ["text"] });
    talk.type("Hello");
    talk.say({ type: "response.create" });
    await talk.next("response.done");
    return talk;
  };
  await using talk = await asking();
  assert.equal(
    talk.events.findLast(({ type }) => type === "session.updated").session.audio.input
      .turn_detection.idle_timeout_ms,
    100,
  );
  const from = talk.events.length;
  for (let time = 1; time <= 3; time++) {
    const { item_id: id } = await talk.next("input_audio_buffer.timeout_triggered");
    assert.equal((await talk.next("input_audio_buffer.committed")).item_id, id);
    const { response } = await talk.next("response.done");
    assert.equal(response.status, "completed");
    const told = JSON.stringify(server.model.requests.at(-1)?.body?.messages);
    assert.match(told, /has said nothing/);
  }
  const types = talk.types(from);
  assert.deepEqual(types.slice(types.indexOf("input_audio_buffer.timeout_triggered")).slice(0, 5), [
    "input_audio_buffer.timeout_triggered",
    "input_audio_buffer.committed",
    "conversation.item.added",
    "conversation.item.done",
    "response.created",
  ]);
  // Another session that begins now has the same silence twice, in which this one is not asked again.
  await using other = await asking();
  for (let time = 1; time <= 2; time++) await other.next("input_audio_buffer.timeout_triggered");
  const triggered = (one: Realtime) =>
    one.events.filter(({ type }) => type === "input_audio_buffer.timeout_triggered").length;
  assert.equal(triggered(talk), 3);
  talk.say({ type: "response.create" });
  await talk.next("input_audio_buffer.timeout_triggered");
  talk.say({
    type: "session.update",
    session: { audio: { input: { turn_detection: { idle_timeout_ms: null } } } },
  });
  const { session } = await talk.next("session.updated");
  assert.equal(session.audio.input.turn_detection.idle_timeout_ms, null);
});
