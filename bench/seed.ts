import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  createWriteStream,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { ServerProcess } from "./processes.ts";
import { LISTED_TOTAL } from "./sizes.ts";
import { COLLOQUY_PROGRAM, type Site } from "./targets.ts";

/*
 * A store of a certain size, made by the product's own `colloquy import`. One user, the one whom the
 * bench speaks for, has 500 conversations; the other messages are spread over other users.
 */

/** The user of a request that names none (domain/principal.ts). */
const LISTED_USER = "00000000-0000-4000-8000-000000000001";
const CONVERSATIONS_PER_OTHER_USER = 20;
const MESSAGES_PER_CONVERSATION = 20;
const FIRST_TIME = Date.UTC(2025, 0, 1);
const SENTENCE = "Words that stand for what somebody once asked or was told in a conversation. ";

/** A data directory with that many messages; one that `--seed-dir` has kept is used again. */
export async function openSeededDirectory(site: Site): Promise<string> {
  const { seedDirectory, listedMessages, targetEnvironment } = site.options;
  const directory = seedDirectory ?? site.newPath("seeded");
  const marker = join(directory, "seeded-messages");
  if (existsSync(marker) && readFileSync(marker, "utf8") === String(listedMessages)) {
    return directory;
  }
  if (existsSync(directory)) {
    throw new Error(`${directory} holds something else than ${listedMessages} messages`);
  }
  mkdirSync(directory, { recursive: true });
  const file = site.newPath("seed.jsonl");
  await writeRecords(file, listedMessages);
  const startedAtMs = performance.now();
  await using importer = new ServerProcess({
    name: "import",
    processor: site.options.serverProcessor,
    arguments: [COLLOQUY_PROGRAM, "import", file],
    environment: { DATA_DIR: directory, ...targetEnvironment },
    logFile: site.newPath("import.log"),
  });
  const exitCode = await importer.waitForEnd();
  rmSync(file);
  if (exitCode !== 0) throw new Error(`colloquy import failed:\n${importer.logTail()}`);
  const seconds = (performance.now() - startedAtMs) / 1000;
  const rate = Math.round(listedMessages / seconds);
  process.stderr.write(
    `  imported ${listedMessages} messages in ${seconds.toFixed(0)} s (${rate}/s)\n`,
  );
  writeFileSync(marker, String(listedMessages));
  return directory;
}

/** A UUID that is the same every time. */
function uuidOf(name: string): string {
  const digits = createHash("md5").update(name).digest("hex");
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-8${digits.slice(17, 20)}-${digits.slice(20)}`;
}

function* conversationRecords(number: number): Generator<object> {
  const otherUser = Math.floor((number - LISTED_TOTAL) / CONVERSATIONS_PER_OTHER_USER);
  const userId = number < LISTED_TOTAL ? LISTED_USER : uuidOf(`user ${otherUser}`);
  const owner = { tenantId: "local", userId };
  const id = uuidOf(`conversation ${number}`);
  const timeOf = (message: number) => new Date(FIRST_TIME + number * 60_000 + message * 1000);
  const conversation = {
    id,
    userId,
    title: `Conversation ${number}`,
    isPinned: false,
    agentId: null,
    mode: null,
    origin: "chat-v1",
    alias: null,
    createdAt: timeOf(0),
    updatedAt: timeOf(MESSAGES_PER_CONVERSATION),
  };
  yield { type: "conversation", owner, conversation };
  for (let place = 1; place <= MESSAGES_PER_CONVERSATION; place++) {
    const isReply = place % 2 === 0;
    const message = {
      id: uuidOf(`message ${number} ${place}`),
      conversationId: id,
      sequence: place,
      role: isReply ? "assistant" : "user",
      content: SENTENCE.repeat(isReply ? 3 : 1),
      model: isReply ? "mock" : null,
      status: "complete",
      usage: null,
      reasoning: null,
      reasoningMs: null,
      finishReason: isReply ? "stop" : null,
      interruptedBy: null,
      error: null,
      createdAt: timeOf(place),
      finishedAt: timeOf(place),
    };
    yield { type: "message", owner, message };
  }
}

/** An archive as `colloquy export` writes it. */
async function writeRecords(path: string, messages: number): Promise<void> {
  const file = createWriteStream(path);
  const conversations = Math.ceil(messages / MESSAGES_PER_CONVERSATION);
  const counts = {
    key: 0,
    agent: 0,
    conversation: conversations,
    message: conversations * MESSAGES_PER_CONVERSATION,
  };
  const header = {
    format: "colloquy-archive",
    version: 1,
    exportedAt: new Date(FIRST_TIME),
    counts,
  };
  file.write(`${JSON.stringify(header)}\n`);
  for (let number = 0; number < conversations; number++) {
    let lines = "";
    for (const record of conversationRecords(number)) lines += `${JSON.stringify(record)}\n`;
    if (!file.write(lines)) await once(file, "drain");
  }
  file.end(`${JSON.stringify({ type: "end", counts })}\n`);
  await once(file, "close");
}
