// Real traffic, damaged byte by byte. FUZZ_RUNS=100000 for more, FUZZ_SEED to repeat.
// Runs: waiting
// Campaign: FUZZ_RUNS middle=20000 in 90 s, full=100000 in 450 s
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { exchange, frame, openRaw } from "./raw-socket.ts";
import { startServer } from "./start-server.ts";

const RUNS = Math.ceil(Number(process.env.FUZZ_RUNS ?? 2000) / 10);
/** The smoke size is the same in every run; the campaigns look for what nobody has seen. */
const CHANGING_SEED = process.env.FUZZ_RUNS ? Date.now() % 1_000_000 : 1;
const SEED = Number(process.env.FUZZ_SEED ?? CHANGING_SEED);
const CONNECTIONS = 16;
const QUIET_MS = 250;

const post = (path: string, body: string): string =>
  `POST ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer local\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const get = (path: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer local\r\nUser-Agent: real/1.0\r\nAccept: */*\r\n\r\n`;

/** As clients of each wire send it. */
const TRAFFIC = [
  post("/chat", '{"message": "Hello", "user_id": "ann"}'),
  post("/api/v1/chat/completions", '{"message": "Hi", "conversation_id": "session-1704459600000"}'),
  post("/v1/chat/conversations", '{"title": "New"}'),
  post("/v1/chat/conversations/stream", '{"content": "Hello", "temperature": 0.5}'),
  post(
    "/api/conversations",
    '{"userId": "00000000-0000-4000-8000-000000000001", "title": "Moved", "messages": [{"role": "user", "content": "x", "timestamp": 1700000000000}]}',
  ),
  post(
    "/v1/chat/completions",
    '{"model": "m", "messages": [{"role": "system", "content": "Be kind"}, {"role": "user", "content": [{"type": "text", "text": "Hi"}]}], "stream": true, "stream_options": {"include_usage": true}}',
  ),
  post(
    "/v1/responses",
    '{"model": "m", "input": [{"role": "user", "content": [{"type": "input_text", "text": "Hi"}]}], "stream": true, "conversation": "fuzz"}',
  ),
  post(
    "/v1/responses",
    '{"model": "m", "input": "Hi", "store": false, "tools": [{"type": "function", "name": "look", "parameters": {"type": "object"}}]}',
  ),
  post(
    "/v1/conversations",
    '{"items": [{"type": "message", "role": "user", "content": "Hi"}], "metadata": {"a": "b"}}',
  ),
  post(
    "/api/chat",
    '{"id": "fuzz", "messages": [{"id": "m1", "role": "user", "parts": [{"type": "text", "text": "Hi"}]}], "trigger": "submit-message"}',
  ),
  post("/v1/audio/speech", '{"model": "tts-1", "voice": "alloy", "input": "", "speed": 1}'),
  post("/v1/realtime/client_secrets", '{"session": {"type": "realtime"}}'),
  get("/v1/responses/resp_00000000000040008000000000000001?stream=true&starting_after=2"),
  get("/v1/conversations/conv_00000000000040008000000000000001/items?limit=2&order=asc"),
  get("/v1/models"),
  get("/api/chat/fuzz/stream"),
  get("/conversations?user_id=ann&limit=2"),
  get("/v1/chat/conversations?page=1&limit=10"),
  get("/v1/chat/search?q=hello"),
  get("/api/conversations?userId=00000000-0000-4000-8000-000000000001"),
  get("/health"),
];
const MESSAGES = [
  '{"type":"message","content":"Hello","stream":true}',
  '{"type":"start_conversation","capabilities":["segments"]}',
  '{"type":"text_input","text":"Hello"}',
  '{"type":"audio_chunk","audio_data":"AAAA"}',
  '{"type":"stop"}',
  '{"type":"session.update","session":{"type":"realtime","output_modalities":["text"]}}',
  '{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_text","text":"Hi"}]}}',
  '{"type":"response.create","response":{"output_modalities":["text"]}}',
  '{"type":"response.create","model":"m","input":"Hi","store":false}',
  '{"type":"input_audio_buffer.append","audio":"AAAAAAAA"}',
];
const SOCKETS = ["/ws", "/ws?user_id=ann", "/v1/realtime?model=m", "/v1/responses"];

type Mutation = readonly [kind: number, place: number, size: number, byte: number];
const mutations = fc.array(
  fc.tuple(fc.nat(4), fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(40), fc.nat(255)),
  { minLength: 1, maxLength: 3 },
);

function mutate(bytes: Buffer, how: readonly Mutation[]): Buffer {
  return how.reduce((left, [kind, place, size, byte]) => {
    const at = Math.floor(place * left.length);
    const [before, after] = [left.subarray(0, at), left.subarray(at)];
    switch (kind) {
      case 0:
        return Buffer.concat([before, Buffer.from([byte]), after.subarray(1)]);
      case 1:
        return Buffer.concat([before, after.subarray(size)]);
      case 2:
        return Buffer.concat([before, after.subarray(0, size), after]);
      case 3:
        return Buffer.concat([before, Buffer.alloc(size, byte), after]);
      default:
        return Buffer.concat([after, before]);
    }
  }, bytes);
}

test(`${RUNS} requests and frames of real traffic, damaged: no 5xx, no crash (seed ${SEED})`, {
  timeout: 20 * 60_000,
}, async (context) => {
  await using server = await startServer({ builtIn: true });
  const samples = fc.sample(fc.tuple(fc.nat(), mutations), { numRuns: RUNS, seed: SEED });
  const counts: Record<string, number> = {};
  const faults: string[] = [];
  const rest = samples.values();
  const worker = async () => {
    for (const [choice, how] of rest) {
      if (choice % 4 === 0) {
        const path = SOCKETS[Math.floor(choice / 4) % SOCKETS.length] ?? "/ws";
        using raw = await openRaw(server.port, path, "Authorization: Bearer local\r\n");
        const message = MESSAGES[choice % MESSAGES.length] ?? "";
        raw.socket.write(mutate(frame({ opcode: 1, payload: message }), how));
        raw.send(frame({ opcode: 8, payload: Buffer.from([3, 232]) }));
        raw.socket.setTimeout(QUIET_MS, () => raw.socket.destroy());
        for (let next = await raw.next(); next; next = await raw.next())
          if (next.opcode === 8) {
            const code = next.payload.length >= 2 ? next.payload.readUInt16BE(0) : 0;
            counts[`close ${code}`] = (counts[`close ${code}`] ?? 0) + 1;
            if (code === 1011) faults.push(`1011 ${message} ${JSON.stringify(how)}`);
            break;
          }
        continue;
      }
      const bytes = mutate(Buffer.from(TRAFFIC[choice % TRAFFIC.length] ?? ""), how);
      const answer = await exchange(server.port, bytes, QUIET_MS);
      const status = /^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? "none";
      counts[status] = (counts[status] ?? 0) + 1;
      if (status.startsWith("5"))
        faults.push(`${status} ${JSON.stringify(bytes.toString("latin1"))}`);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, worker));
  assert.deepEqual(faults.slice(0, 5), []);
  context.diagnostic(JSON.stringify(counts));
  assert.equal((await fetch(`${server.url}/health`)).status, 200);
});
