// Everything of a server goes into an archive and comes out of it the same.
// Takes: 10 s
import assert from "node:assert/strict";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { before, test } from "node:test";
import { NOT_GENERATED } from "../src/domain/message.ts";
import type { ArchiveRecord } from "../src/ports/archive.ts";
import { eventually, type WorkFolder, workFolder } from "./cli-runner.ts";
import { startServer } from "./start-server.ts";

const LOCAL = { tenantId: "local", userId: "00000000-0000-4000-8000-000000000001" };
const ALICE = { tenantId: "shop", userId: "alice" };
const TIME = new Date("2026-03-01T10:00:00.123Z");
const uuid = (number: number): string =>
  `00000000-0000-7000-8000-${String(number).padStart(12, "0")}`;
const PROJECT = uuid(41);

const conversation = (
  number: number,
  owner = LOCAL,
  alias: string | null = null,
): ArchiveRecord => ({
  type: "conversation",
  owner,
  conversation: {
    id: uuid(number),
    userId: owner.userId,
    title: `Talk ${number} – “ü😀”`,
    isPinned: number % 2 === 0,
    agentId: "poet",
    model: "scripted/large",
    mode: "fast",
    origin: "chat-v1",
    alias,
    activeBranch: 0,
    nextBranch: 1,
    ...(owner === LOCAL && { projectId: PROJECT }),
    createdAt: TIME,
    updatedAt: TIME,
  },
  branches: [],
});

const message = (
  number: number,
  conversationNumber: number,
  sequence: number,
  owner = LOCAL,
): ArchiveRecord => ({
  type: "message",
  owner,
  message: {
    id: uuid(number),
    conversationId: uuid(conversationNumber),
    sequence,
    role: sequence % 2 ? "assistant" : "user",
    content: `line\u2028one\nline "two" \\ ${number}`,
    model: "some/model",
    status: sequence % 3 === 2 ? "interrupted" : "complete",
    usage: {
      promptTokens: 3,
      completionTokens: 4,
      totalTokens: 7,
      cachedTokens: 2,
      reasoningTokens: 1,
      costUsd: 0.000_012,
    },
    parts: null,
    reasoning: "because",
    reasoningMs: 1_500,
    finishReason: sequence % 3 === 2 ? null : "length",
    interruptedBy: sequence % 3 === 2 ? "crash" : null,
    error: null,
    createdAt: TIME,
    finishedAt: null,
  },
});

const RECORDS: readonly ArchiveRecord[] = [
  {
    type: "agent",
    owner: LOCAL,
    agent: {
      id: "poet",
      name: "Poet",
      instructions: "Rhyme.",
      model: null,
      temperature: 0.7,
      voice: null,
      tools: null,
      createdAt: TIME,
      updatedAt: TIME,
    },
  },
  {
    type: "profile",
    owner: LOCAL,
    profile: {
      instructions: "Metric units",
      areInstructionsOn: false,
      isMemoryOn: true,
      updatedAt: TIME,
    },
  },
  {
    type: "prompt",
    owner: LOCAL,
    prompt: {
      id: uuid(31),
      name: "Trip",
      text: "Three days in {{city}} – 😀",
      createdAt: TIME,
      updatedAt: TIME,
    },
  },
  {
    type: "memory",
    owner: LOCAL,
    memory: { id: uuid(32), text: "Has two cats – 😀", createdAt: TIME, updatedAt: TIME },
  },
  {
    type: "project",
    owner: LOCAL,
    project: {
      id: PROJECT,
      name: "House",
      instructions: "Metric units – 😀",
      attachments: [],
      createdAt: TIME,
      updatedAt: TIME,
    },
  },
  conversation(1, LOCAL, "client's own name"),
  message(11, 1, 0),
  message(12, 1, 1),
  message(13, 1, 5),
  conversation(2, ALICE),
  message(21, 2, 0, ALICE),
  {
    type: "message",
    owner: ALICE,
    message: {
      id: uuid(22),
      conversationId: uuid(2),
      sequence: 1,
      role: "assistant",
      content: "",
      model: null,
      status: "failed",
      ...NOT_GENERATED,
      error: { code: "model_failed", message: "It broke" },
      createdAt: TIME,
      finishedAt: TIME,
    },
  },
];

const NOTHING = {
  ...{ key: 0, agent: 0, profile: 0, prompt: 0, memory: 0, project: 0, invitation: 0 },
  ...{ conversation: 0, message: 0, file: 0 },
};

/** What a used server exports: through its API, and with every field set. */
let archive = "";
/** The secrets of its invitations: one that Bob has accepted, and one that is open, for Carol. */
const secrets = { bob: "", carol: "" };

/** As the page of that server sends it. */
const toInvitation = (url: string, path: "" | "/accept", secret: string) =>
  fetch(`${url}/sign-in/invitation${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", origin: url },
    body: JSON.stringify({ secret }),
  });

before(async () => {
  await using folder = await workFolder();
  await using server = await startServer({ directory: folder.data, builtIn: true });
  await server.store.importRecords(RECORDS);
  const key = (
    await folder.run(["keys", "create", "--name", "me", "--models", "builtin/*, a", "--quiet"])
  ).stdout.trim();
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const url = `${server.url}/v1/chat/conversations`;
  const made = (await (await fetch(url, { method: "POST", headers, body: "{}" })).json()) as {
    data: { id: string };
  };
  const said = await fetch(`${url}/${made.data.id}/messages`, {
    method: "POST",
    headers,
    body: '{"content":"hello"}',
  });
  assert.equal(said.status, 201);

  for (const user of ["bob", "carol"] as const) {
    const invited = ["--user", user, "--name", user, "--models", "builtin/*", "--quiet"];
    const link = (await folder.run(["invitations", "create", ...invited])).stdout;
    secrets[user] = link.trim().split("#")[1] ?? "";
  }
  assert.equal((await toInvitation(server.url, "/accept", secrets.bob)).status, 204);

  const { code, stdout, stderr } = await folder.run(["export"]);
  assert.equal(code, 0, stderr);
  assert.equal(
    stderr,
    "Exported 3 conversations, 7 messages, 1 agent, 1 profile, 1 prompt, 1 memory, 1 project, 1 key and 2 invitations.\n",
  );
  for (const secret of [key, secrets.bob, secrets.carol])
    assert.ok(secret !== "" && !stdout.includes(secret), "what opens the server is nowhere");
  archive = stdout;
});

const linesOf = (text: string): string[] => text.split("\n").slice(0, -1);
const withoutHeader = (text: string): string => text.slice(text.indexOf("\n"));

async function importOf(folder: WorkFolder, content: string | Buffer, ...options: string[]) {
  await writeFile(folder.file("in.jsonl"), content);
  return folder.run(["import", ...options, folder.file("in.jsonl")]);
}

test("an archive begins with a header and ends with what it holds", () => {
  const lines = linesOf(archive).map((line) => JSON.parse(line) as Record<string, unknown>);
  const counts = {
    key: 1,
    agent: 1,
    profile: 1,
    prompt: 1,
    memory: 1,
    project: 1,
    invitation: 2,
    conversation: 3,
    message: 7,
    file: 0,
  };
  const { exportedAt, ...header } = lines[0] ?? {};
  assert.deepEqual(header, { format: "colloquy-archive", version: 3, counts });
  assert.ok(Math.abs(Date.parse(String(exportedAt)) - Date.now()) < 60_000);
  assert.deepEqual(lines.at(-1), { type: "end", counts });
  assert.deepEqual(
    lines.slice(1, -1).map(({ type }) => type),
    [
      "key",
      "invitation",
      "invitation",
      "agent",
      "profile",
      "prompt",
      "memory",
      "project",
      "conversation",
      "message",
      "message",
      "message",
      "conversation",
      "message",
      "message",
      "conversation",
      "message",
      "message",
    ],
  );
});

test("what was exported comes back the same, and twice takes nothing twice", async () => {
  await using folder = await workFolder();
  const imported = await importOf(folder, archive);
  assert.equal(imported.code, 0, imported.stderr);
  assert.equal(
    imported.stdout,
    "in.jsonl (a Colloquy archive)\n  taken             3 conversations, 7 messages, 1 agent, 1 profile, 1 prompt, 1 memory, 1 project, 1 key and 2 invitations\n",
  );
  assert.match(imported.stderr, /claimed now/);

  const file = folder.file("again.jsonl");
  const exported = await folder.run(["export", file]);
  assert.equal(exported.code, 0, exported.stderr);
  assert.equal(exported.stdout, "");
  assert.equal(withoutHeader(await readFile(file, "utf8")), withoutHeader(archive));
  assert.equal((await stat(file)).mode & 0o777, 0o600);

  const twice = await importOf(folder, archive);
  assert.equal(twice.code, 0);
  assert.match(
    twice.stdout,
    /taken +nothing\n +there already +3 conversations, 7 messages, 1 agent, 1 profile, 1 prompt, 1 memory, 1 project, 1 key and 2 invitations\n/,
  );
  assert.equal(withoutHeader((await folder.run(["export"])).stdout), withoutHeader(archive));
});

test("[H79] on a server that runs, an imported key opens what was imported, and whoever was invited speaks for themselves", async () => {
  await using folder = await workFolder();
  const options = { directory: folder.data, environment: { AUTH_ANONYMOUS: "open" } };
  await using server = await startServer({ ...options, builtIn: true });
  const key = (
    await folder.run(["keys", "create", "--quiet", "--tenant", "shop", "--user", "alice"])
  ).stdout.trim();
  const statusOf = async (user: string) =>
    (await fetch(`${server.url}/conversations?user_id=${user}`)).status;
  assert.equal(await statusOf("bob"), 200);
  const imported = await importOf(folder, archive);
  assert.equal(imported.code, 0, imported.stderr);
  const response = await fetch(`${server.url}/v1/chat/conversations/${uuid(2)}/messages`, {
    headers: { authorization: `Bearer ${key}` },
  });
  const { data } = (await response.json()) as { data: { id: string }[] };
  assert.deepEqual(
    data.map(({ id }) => id),
    [uuid(21), uuid(22)],
  );

  await eventually(async () => (await statusOf("bob")) === 401);
  assert.deepEqual([await statusOf("carol"), await statusOf("ed")], [401, 200]);
  const listed = await server.store.listInvitations(new Date());
  assert.deepEqual(
    listed.map(({ name }) => name),
    ["carol"],
  );
  assert.equal((await toInvitation(server.url, "", secrets.bob)).status, 404);
  assert.equal((await toInvitation(server.url, "/accept", secrets.carol)).status, 204);
  assert.equal((await toInvitation(server.url, "/accept", secrets.carol)).status, 404);
});

test("--user, --tenant and --without-keys narrow an export, and it imports as well", async () => {
  await using folder = await workFolder();
  await importOf(folder, archive);
  for (const [options, counts] of [
    [["--user", "alice"], { ...NOTHING, conversation: 1, message: 2 }],
    [
      ["--tenant", "local", "--without-keys"],
      {
        ...NOTHING,
        agent: 1,
        profile: 1,
        prompt: 1,
        memory: 1,
        project: 1,
        conversation: 2,
        message: 5,
      },
    ],
    [["--user", "bob"], { ...NOTHING, invitation: 1 }],
    [["--tenant", "local", "--user", "alice"], NOTHING],
  ] as const) {
    const { stdout } = await folder.run(["export", ...options]);
    assert.deepEqual(JSON.parse(linesOf(stdout).at(-1) ?? ""), { type: "end", counts });
    await using other = await workFolder();
    const imported = await importOf(other, stdout);
    assert.equal(imported.code, 0, imported.stderr);
  }
});

test("an export replaces nothing unasked, and is not there before it is whole", async () => {
  await using folder = await workFolder();
  await importOf(folder, archive);
  const file = folder.file("backup.jsonl");
  await writeFile(file, "precious");
  const refused = await folder.run(["export", file]);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /backup\.jsonl exists already.*--force/);
  assert.equal(await readFile(file, "utf8"), "precious");
  assert.equal((await folder.run(["export", "--force", file])).code, 0);
  assert.equal(withoutHeader(await readFile(file, "utf8")), withoutHeader(archive));
  for (const [place, words] of [
    [folder.path, /is a folder/],
    [folder.file("no/such/file"), /does not exist/],
    ["/dev/null", /no ordinary file/],
  ] as const) {
    const { code, stderr } = await folder.run(["export", place]);
    assert.equal(code, 1);
    assert.match(stderr, words);
  }
  assert.deepEqual(
    (await readdir(folder.path)).toSorted(),
    ["backup.jsonl", "data", "in.jsonl"],
    "nothing half-written is left",
  );

  await using empty = await workFolder();
  const nothing = await empty.run(["export", empty.file("out.jsonl")]);
  assert.equal(nothing.code, 1);
  assert.match(nothing.stderr, /nothing to export/);
  assert.deepEqual(await readdir(empty.path), [], "and no data folder is made");
});

test("--dry-run tells the same and stores nothing", async () => {
  await using folder = await workFolder();
  const rehearsed = await importOf(folder, archive, "--dry-run");
  assert.equal(rehearsed.code, 0, rehearsed.stderr);
  assert.match(
    rehearsed.stdout,
    /would be taken +3 conversations, 7 messages, 1 agent, 1 profile, 1 prompt, 1 memory, 1 project, 1 key and 2 invitations\n/,
  );
  await assert.rejects(stat(folder.data));
  await importOf(folder, archive);
  assert.match(
    (await importOf(folder, archive, "--dry-run")).stdout,
    /would be taken +nothing\n +there already +3 conversations, 7 messages/,
  );
});

test("what is somebody else's is refused and told, and the exit code is 1", async () => {
  await using folder = await workFolder();
  await importOf(folder, archive);
  const lines = linesOf(archive).filter((line) => line.includes('"alice"'));
  const theirs = [
    linesOf(archive)[0],
    ...lines,
    JSON.stringify({ type: "end", counts: { key: 0, agent: 0, conversation: 1, message: 2 } }),
  ];
  const { code, stdout } = await importOf(folder, theirs.join("\n").replaceAll('"alice"', '"bob"'));
  assert.equal(code, 1);
  assert.match(stdout, /taken +nothing\n/);
  assert.match(stdout, /refused +1 conversation: its id belongs to somebody else/);
  assert.match(stdout, /refused +2 messages: its conversation was not taken/);
});
