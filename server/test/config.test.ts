import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ConfigError, readConfig } from "../src/config/config.ts";
import type { SourceConfig } from "../src/config/tool-sources.ts";

const mistakesOf = (environment: Record<string, string>): readonly string[] => {
  try {
    readConfig(environment);
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.mistakes;
  }
};

test("[S10] without any setting the documents' defaults hold", () => {
  const config = readConfig({});
  assert.deepEqual(
    [
      config.host,
      config.port,
      config.isDebug,
      config.sampleRateHz,
      config.logLevel,
      config.dataDirectory,
    ],
    ["0.0.0.0", 8000, false, 16_000, "info", "./data"],
  );
  assert.deepEqual(config.corsOrigins, ["http://localhost:5000"]);
  assert.equal(config.chatIdleMs, 30 * 60_000);
  assert.deepEqual(config.limits?.chat?.perUser, [
    { limit: 100, windowMs: 60_000 },
    { limit: 1000, windowMs: 3_600_000 },
  ]);
  for (const wire of ["dialogix", "chat-v1"])
    assert.deepEqual(config.limits?.[wire]?.perUser, [{ limit: 600, windowMs: 60_000 }]);
  assert.equal(config.socketsPerAddress, 10);
});

test("[S10] the documents' variables work under their names", () => {
  const config = readConfig({
    HOST: "127.0.0.1",
    PORT: "9000",
    DEBUG: "True",
    SAMPLE_RATE: "48000",
    CHUNK_SIZE: "2048",
    LOG_LEVEL: "WARNING",
    CEREBRAS_API_KEY: "csk-1",
  });
  assert.deepEqual(
    [config.host, config.port, config.isDebug, config.sampleRateHz, config.logLevel],
    ["127.0.0.1", 9000, true, 48_000, "warn"],
  );
  assert.equal(config.secrets.cerebrasApiKey, "csk-1");
  assert.equal(readConfig({ DEBUG: "true" }).logLevel, "debug");
});

test("every mistake is told at once, each by the setting's name", () => {
  const mistakes = mistakesOf({
    PORT: "80000",
    HOST: " ",
    LOG_LEVEL: "LOUD",
    DEBUG: "maybe",
    CORS_ORIGINS: "http://a/b,nonsense",
    PUBLIC_URL: "ftp://x",
    TRUST_PROXY: "10.0.0.0/99",
    AUTH_ANONYMOUS: "everyone",
    RATE_LIMITS: "chat=ten/m",
    OPENAI_BASE_URL: "localhost:8080",
    TOOLS: "now,brew_coffee",
    SAMPLE_RATE: "1",
    CHUNK_SIZE: "x",
    CHAT_IDLE_MINUTES: "0",
    REQUEST_TIMEOUT_SECONDS: "1",
    OPENROUTER_API_KEY: "has a blank",
  });
  for (const name of [
    "PORT",
    "LOG_LEVEL",
    "DEBUG",
    "CORS_ORIGINS",
    "PUBLIC_URL",
    "TRUST_PROXY",
    "AUTH_ANONYMOUS",
    "RATE_LIMITS",
    "OPENAI_BASE_URL",
    "TOOLS",
    "SAMPLE_RATE",
    "CHUNK_SIZE",
    "CHAT_IDLE_MINUTES",
    "REQUEST_TIMEOUT_SECONDS",
    "OPENROUTER_API_KEY",
  ])
    assert.ok(
      mistakes.some((mistake) => mistake.startsWith(name)),
      `${name}: ${mistakes.join(" | ")}`,
    );
  assert.ok(!mistakes.join().includes("has a blank"), "a secret is not shown");
});

test("settings that are unsafe together are refused", () => {
  for (const proxies of [
    "127.0.0.1",
    "127.0.0.0/8",
    "0.0.0.0/0",
    "::1",
    "::/0",
    "10.0.0.0/8,127.0.0.1",
  ])
    assert.match(
      mistakesOf({ AUTH_ANONYMOUS: "loopback", TRUST_PROXY: proxies })[0] ?? "",
      /unsafe/,
      proxies,
    );
  assert.deepEqual(mistakesOf({ AUTH_ANONYMOUS: "loopback", TRUST_PROXY: "10.0.0.0/8" }), []);
  const issuer = { AUTH_JWT_ISSUER: "https://id.example", AUTH_JWT_AUDIENCE: "colloquy" };
  assert.match(mistakesOf({ AUTH_ANONYMOUS: "open", ...issuer })[0] ?? "", /unsafe/);
  assert.deepEqual(mistakesOf({ AUTH_ANONYMOUS: "open", TRUST_PROXY: "127.0.0.1" }), []);
  assert.match(mistakesOf({ CORS_ORIGINS: "*,http://localhost:5000" })[0] ?? "", /CORS_ORIGINS/);
});

test("RATE_LIMITS changes the wires it names and leaves the others at the documents' numbers", () => {
  const config = readConfig({
    RATE_LIMITS: "chat=5/s,50/h chat-v1=600/m conversations=off voice=7/m sign-in=9/m sockets=3",
  });
  assert.deepEqual(config.limits?.chat?.perUser, [
    { limit: 5, windowMs: 1000 },
    { limit: 50, windowMs: 3_600_000 },
  ]);
  assert.deepEqual(config.limits?.["chat-v1"]?.perUser, [{ limit: 600, windowMs: 60_000 }]);
  assert.deepEqual(config.limits?.conversations?.perUser, []);
  assert.deepEqual(config.limits?.voice?.perAddress, [{ limit: 7, windowMs: 60_000 }]);
  assert.deepEqual(config.limits?.["sign-in"]?.perAddress, [{ limit: 9, windowMs: 60_000 }]);
  assert.equal(config.socketsPerAddress, 3);
  assert.equal(readConfig({ RATE_LIMITS: "off" }).limits, null);
});

test("a search needs a search engine, and what may be fetched inside is a range of addresses", () => {
  assert.match(
    mistakesOf({ TOOLS: "web_search" }).join(),
    /^TOOLS: web_search needs a search engine/,
  );
  assert.deepEqual(mistakesOf({ TOOLS: "web_search", BRAVE_API_KEY: "key" }), []);
  const { search } = readConfig({ TOOLS: "web_search", SEARXNG_URL: "http://searx.test/" }).tools;
  assert.deepEqual(search, { engine: "searxng", baseUrl: "http://searx.test" });
  assert.match(mistakesOf({ FETCH_RANGES: "intranet" }).join(), /^FETCH_RANGES: 'intranet' is no/);
});

const variable = (name: string) => `\${${name}}`;

test("what a file of sources says of signing in is told like the rest, and the key of secrets, too", async () => {
  const folder = await mkdtemp(join(tmpdir(), "colloquy-config-"));
  try {
    const path = join(folder, "sources.json");
    const mistakesIn = async (more: object, environment: Record<string, string> = {}) => {
      const own = { label: "own", url: "https://x.test/", ...more };
      await writeFile(path, JSON.stringify({ sources: [own] }));
      return mistakesOf({ TOOL_SOURCES: path, ...environment }).join();
    };
    const wrong: [object, RegExp][] = [
      [{ sign_in: "yes" }, /sign_in must be true, or an object/],
      [{ sign_in: { colour: 1 } }, /sign_in: there is no field 'colour'/],
      [{ sign_in: { client_id: 1 } }, /sign_in.client_id must be a text/],
      [{ sign_in: { client_secret: "s" } }, /client_secret needs client_id/],
      [{ sign_in: { client_id: "c", client_secret: "s" } }, /client_secret needs issuer/],
      [{ sign_in: true, url: "http://x.test/" }, /url must begin with https:.. where people sign/],
      [{ sign_in: { issuer: "http://x.test/" } }, /issuer must begin with https/],
      [{ sign_in: { scopes: "all" } }, /scopes must be a list/],
      [{ sign_in: true, headers: { authorization: "x" } }, /must have no Authorization/],
      [{ url: undefined, command: "x", sign_in: true }, /there is no field 'sign_in'/],
    ];
    for (const [more, words] of wrong) assert.match(await mistakesIn(more), words);
    assert.match(await mistakesIn({}, { SECRETS_KEY: "short" }), /^SECRETS_KEY must be 32 or more/);
    const shared = { DATABASE_URL: "postgres://x/x", REDIS_URL: "redis://x" };
    assert.match(await mistakesIn({ sign_in: true }, shared), /^SECRETS_KEY is needed where/);
    const keys = { SECRETS_KEY: `${"a".repeat(32)},${"b".repeat(43)}=` };
    const issuer = "https://y.test/";
    const signIn = { client_id: "c", client_secret: variable("S"), scopes: ["a"], issuer };
    const good = readConfig({ TOOL_SOURCES: path, ...keys, S: "s" });
    assert.equal(good.tools.secretsKeys.length, 2);
    assert.equal(await mistakesIn({ sign_in: signIn }, { ...shared, ...keys, S: "s" }), "");
    const [{ place }] = readConfig({ TOOL_SOURCES: path, S: "s" }).tools.sources as [SourceConfig];
    const signed = { clientId: "c", clientSecret: "s", scopes: ["a"], issuer };
    assert.deepEqual(place, { url: "https://x.test/", headers: {}, signIn: signed });
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a file of sources is told by its name, the entry and what is wrong with it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "colloquy-config-"));
  try {
    const path = join(folder, "sources.json");
    const mistakesIn = async (text: string) => {
      await writeFile(path, text);
      return mistakesOf({ TOOL_SOURCES: path });
    };
    assert.match(mistakesOf({ TOOL_SOURCES: path }).join(), /sources\.json cannot be read/);
    assert.match((await mistakesIn("{")).join(), /sources\.json is no JSON/);
    assert.match((await mistakesIn("[]")).join(), /must be \{"sources": \[...\]\}/);
    const sources = [
      { label: "No", url: "https://x.test/" },
      { label: "both", url: "https://x.test/", command: "x" },
      { label: "env", url: "https://x.test/", headers: { a: variable("NOT_SET") } },
      { label: "env", command: "x", colour: "red", reads: "all", timeout_seconds: 0 },
      { label: "ftp", url: "ftp://x.test/" },
      7,
    ];
    const mistakes = await mistakesIn(JSON.stringify({ sources }));
    const expected = [
      /source 1 \('No'\): label must have 1 to 32/,
      /source 2 \('both'\): it needs either url or command/,
      /source 2 \('both'\): there is no field 'command'/,
      /source 3 \('env'\): headers names the environment variable NOT_SET/,
      /source 4 \('env'\): there is no field 'colour'/,
      /source 4 \('env'\): reads must be a list of texts/,
      /source 4 \('env'\): timeout_seconds must be a number/,
      /source 4 \('env'\): another source has that label/,
      /source 5 \('ftp'\): url must begin with https/,
      /source 6: it must be an object/,
    ];
    for (const one of expected)
      assert.ok(
        mistakes.some((mistake) => one.test(mistake)),
        String(one),
      );
    const good = [
      {
        label: "good",
        command: ["run"],
        args: ["it"],
        env: { A: `${variable("B")} c` },
        reads: ["*"],
      },
    ];
    await writeFile(path, JSON.stringify({ sources: good }));
    const [{ place, rules }] = readConfig({ TOOL_SOURCES: path, B: "b" }).tools.sources as [
      SourceConfig,
    ];
    assert.deepEqual(place, {
      command: "run",
      args: ["it"],
      environment: { A: "b c" },
      directory: null,
    });
    assert.deepEqual([rules.timeoutMs, rules.asks, rules.tools], [60_000, null, null]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
