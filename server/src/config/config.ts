import { BlockList, isIP } from "node:net";
import type { BudgetLimits } from "../core/access/budgets.ts";
import type { LimitRules } from "../core/access/limits.ts";
import type { AnonymousMode } from "../domain/access.ts";
import { isAddressRange } from "./address-range.ts";
import { parseLimits } from "./limits.ts";
import { type Environment, reader } from "./reader.ts";
import { readSignIn, type SignInConfig } from "./sign-in.ts";
import { readTls, type TlsConfig } from "./tls.ts";
import { readTools, type ToolsConfig } from "./tools.ts";

/** All settings, as the environment gives them; the secrets are apart from the rest. */
export type Config = {
  readonly host: string;
  readonly port: number;
  /** null: plain HTTP. */
  readonly tls: TlsConfig | null;
  /** How many processes serve that port. */
  readonly replicas: number;
  readonly dataDirectory: string;
  /** null: SQLite in the data directory. */
  readonly databaseUrl: string | null;
  readonly databasePoolSize: number;
  readonly databaseTimeoutMs: number;
  /** The time in which a request must have arrived completely. */
  readonly requestTimeoutMs: number;
  readonly redisUrl: string | null;
  /** The prefix of all names in Redis. */
  readonly redisPrefix: string;
  /** The folder of files is one that all servers share. */
  readonly isFileFolderShared: boolean;
  /** What a user's files may take together; null: any amount. */
  readonly fileQuotaBytes: number | null;
  readonly temporaryMs: number;
  /** How long a reply waits for a decision about a tool. */
  readonly toolWaitMs: number;
  readonly logLevel: LogLevel;
  readonly isDebug: boolean;
  readonly corsOrigins: readonly string[];
  readonly publicOrigin: string | null;
  /** The path of PUBLIC_URL without the slash at its end; "" for none. */
  readonly basePath: string;
  readonly trustedProxies: readonly string[];
  readonly anonymous: AnonymousMode;
  /** null: keys alone. */
  readonly signIn: SignInConfig | null;
  readonly limits: LimitRules;
  readonly socketsPerAddress: number | null;
  readonly openPerUser: number | null;
  readonly budgets: BudgetLimits;
  readonly openaiBaseUrl: string | null;
  readonly ollamaBaseUrl: string;
  readonly model: string | null;
  /** Names with `*`; null: what the providers list. */
  readonly models: readonly string[] | null;
  readonly modelFallbacks: readonly string[];
  /** The model that names conversations; null: their first words do. */
  readonly titleModel: string | null;
  /** Whether users may make links with which anybody reads a conversation. */
  readonly hasShareLinks: boolean;
  /** Whether models may remember people who have switched it on. */
  readonly hasMemory: boolean;
  readonly modelContextTokens: number | null;
  /** Fields of requests that are sent on to providers although the server does not know them. */
  readonly modelExtraFields: readonly string[];
  readonly modelIdleTimeoutMs: number;
  readonly modelTotalTimeoutMs: number;
  readonly systemPrompt: string | null;
  readonly tools: ToolsConfig;
  /** The sample rate of bare PCM that voice clients send. */
  readonly sampleRateHz: number;
  readonly chatIdleMs: number;
  /** Of a session of `realtime`, and of a socket of `responses`. */
  readonly sessionMs: number;
  readonly sttBaseUrl: string | null;
  readonly sttModel: string;
  readonly sttModelDirectory: string | null;
  readonly ttsBaseUrl: string | null;
  readonly ttsModel: string;
  readonly ttsVoice: string;
  readonly ttsModelDirectory: string | null;
  readonly otlpEndpoint: string | null;
  readonly secrets: {
    readonly openrouterApiKey: string | null;
    readonly cerebrasApiKey: string | null;
    readonly openaiApiKey: string | null;
    readonly sttApiKey: string | null;
    readonly ttsApiKey: string | null;
  };
};

export type LogLevel = "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "silent";

/** All mistakes in the settings at once, each with the setting's name and what would be right. */
export class ConfigError extends Error {
  readonly mistakes: readonly string[];

  constructor(mistakes: readonly string[]) {
    super(
      `${mistakes.length === 1 ? "A setting is" : `${mistakes.length} settings are`} not usable:\n${mistakes.map((mistake) => `  ${mistake}`).join("\n")}`,
    );
    this.name = "ConfigError";
    this.mistakes = mistakes;
  }
}

const LOG_LEVELS: Record<string, LogLevel> = {
  TRACE: "trace",
  DEBUG: "debug",
  INFO: "info",
  WARN: "warn",
  WARNING: "warn",
  ERROR: "error",
  CRITICAL: "fatal",
  FATAL: "fatal",
  OFF: "silent",
  SILENT: "silent",
};

const MEGABYTE = 1024 * 1024;
const HOUR_MS = 3_600_000;
const MAX_TOKENS = 999_999_999_999;
const MAX_REPLICAS = 256;

/** @param environment `process.env`, with what `.env` adds. @throws ConfigError */
export function readConfig(environment: Environment): Config {
  const mistakes: string[] = [];
  const read = reader(environment, mistakes);

  const isDebug = read.flag("DEBUG", false);
  const logLevel = LOG_LEVELS[read.text("LOG_LEVEL", isDebug ? "DEBUG" : "INFO").toUpperCase()];
  if (!logLevel) mistakes.push(`LOG_LEVEL must be one of ${Object.keys(LOG_LEVELS).join(", ")}`);
  const anonymous = read.text("AUTH_ANONYMOUS", "");
  if (!/^(?:|loopback|open)$/.test(anonymous))
    mistakes.push(
      "AUTH_ANONYMOUS must be empty, 'loopback' to let programs of this machine in without a key, or 'open' to let anybody use the wires 000 to 003 without one",
    );
  const corsOrigins = read.list("CORS_ORIGINS", "http://localhost:5000");
  for (const origin of corsOrigins)
    if (origin !== "*" && originOf(origin) !== origin)
      mistakes.push(
        `CORS_ORIGINS: '${origin}' is no origin; write scheme://host[:port] without a path, as in http://localhost:5000`,
      );
  if (corsOrigins.includes("*") && corsOrigins.length > 1)
    mistakes.push(
      "CORS_ORIGINS: '*' stands alone (and then without credentials), or leave it out and list the origins",
    );
  const publicUrl = read.url("PUBLIC_URL", ["http:", "https:"]);
  const trustedProxies = read.list("TRUST_PROXY", "");
  for (const proxy of trustedProxies)
    if (!isAddressRange(proxy))
      mistakes.push(`TRUST_PROXY: '${proxy}' is no IP address or CIDR range, as in 10.0.0.0/8`);
  if (anonymous === "loopback" && trustedProxies.some(coversLoopback))
    mistakes.push(
      "AUTH_ANONYMOUS=loopback with a TRUST_PROXY that covers this machine is unsafe: whoever reaches the proxy would need no key. Unset one of them",
    );
  // Chunks of sound may have any size, so only a mistake in this setting of document 003 matters.
  read.integer("CHUNK_SIZE", 1024, 64, 1_048_576);
  const models = read.list("MODELS", "");
  const limits = parseLimits(read.text("RATE_LIMITS", ""), mistakes);

  const config: Config = {
    host: read.text("HOST", "0.0.0.0"),
    port: read.integer("PORT", 8000, 0, 65_535),
    tls: readTls(read, mistakes),
    replicas: read.integer("REPLICAS", 1, 1, MAX_REPLICAS),
    dataDirectory: read.text("DATA_DIR", "./data"),
    databaseUrl: read.url("DATABASE_URL", ["postgres:", "postgresql:"])?.href ?? null,
    databasePoolSize: read.integer("DATABASE_POOL_SIZE", 10, 2, 1000),
    databaseTimeoutMs: read.integer("DATABASE_TIMEOUT_SECONDS", 5, 1, 600) * 1000,
    requestTimeoutMs: read.integer("REQUEST_TIMEOUT_SECONDS", 60, 3, 3600) * 1000,
    redisUrl: read.url("REDIS_URL", ["redis:", "rediss:"])?.href ?? null,
    redisPrefix: read.text("REDIS_PREFIX", "colloquy:"),
    isFileFolderShared: read.flag("FILES_SHARED", false),
    temporaryMs: read.integer("TEMPORARY_CHAT_HOURS", 24, 1, 8760) * HOUR_MS,
    toolWaitMs: read.integer("TOOL_WAIT_HOURS", 72, 1, 8760) * HOUR_MS,
    fileQuotaBytes: read.integer("FILES_MB_PER_USER", 1024, 0, 1_000_000_000) * MEGABYTE || null,
    logLevel: logLevel ?? "info",
    isDebug,
    corsOrigins,
    publicOrigin: publicUrl?.origin ?? null,
    basePath: publicUrl?.pathname.replace(/\/+$/, "") ?? "",
    trustedProxies,
    anonymous: anonymous === "loopback" || anonymous === "open" ? anonymous : "unclaimed",
    signIn: readSignIn(read, mistakes),
    limits: limits.rules,
    socketsPerAddress: limits.socketsPerAddress,
    openPerUser: limits.openPerUser,
    budgets: {
      userTokensPerDay: read.integer("BUDGET_TOKENS_PER_USER_DAY", 0, 0, MAX_TOKENS) || null,
      tenantTokensPerDay: read.integer("BUDGET_TOKENS_PER_TENANT_DAY", 0, 0, MAX_TOKENS) || null,
      answerTokens: read.integer("BUDGET_ANSWER_TOKENS", 4096, 64, 10_000_000),
    },
    openaiBaseUrl: withoutSlash(read.url("OPENAI_BASE_URL", ["http:", "https:"])?.href),
    ollamaBaseUrl:
      withoutSlash(read.url("OLLAMA_BASE_URL", ["http:", "https:"])?.href) ??
      "http://127.0.0.1:11434",
    model: read.text("MODEL", "") || null,
    models: models.length ? models : null,
    modelFallbacks: read.list("MODEL_FALLBACKS", ""),
    titleModel: read.text("TITLE_MODEL", "") || null,
    hasShareLinks: read.flag("SHARE_LINKS", false),
    hasMemory: read.flag("MEMORY", true),
    modelContextTokens: read.integer("MODEL_CONTEXT_TOKENS", 0, 0, 100_000_000) || null,
    modelExtraFields: read.list("MODEL_EXTRA_FIELDS", ""),
    modelIdleTimeoutMs: read.integer("MODEL_IDLE_SECONDS", 60, 1, 3600) * 1000,
    modelTotalTimeoutMs: read.integer("MODEL_TOTAL_SECONDS", 1800, 1, 86_400) * 1000,
    systemPrompt: read.text("SYSTEM_PROMPT", "") || null,
    tools: readTools(read, environment, mistakes),
    sampleRateHz: read.integer("SAMPLE_RATE", 16_000, 8000, 192_000),
    chatIdleMs: read.integer("CHAT_IDLE_MINUTES", 30, 1, 525_600) * 60_000,
    sessionMs: read.integer("SESSION_SECONDS", 3600, 1, 86_400) * 1000,
    sttBaseUrl: withoutSlash(read.url("STT_BASE_URL", ["http:", "https:"])?.href),
    sttModel: read.text("STT_MODEL", "whisper-1"),
    sttModelDirectory: read.text("STT_MODEL_DIR", "") || null,
    ttsBaseUrl: withoutSlash(read.url("TTS_BASE_URL", ["http:", "https:"])?.href),
    ttsModel: read.text("TTS_MODEL", "tts-1"),
    ttsVoice: read.text("TTS_VOICE", "alloy"),
    ttsModelDirectory: read.text("TTS_MODEL_DIR", "") || null,
    otlpEndpoint: read.url("OTEL_EXPORTER_OTLP_ENDPOINT", ["http:", "https:"])?.href ?? null,
    secrets: {
      openrouterApiKey: read.secret("OPENROUTER_API_KEY"),
      cerebrasApiKey: read.secret("CEREBRAS_API_KEY"),
      openaiApiKey: read.secret("OPENAI_API_KEY"),
      sttApiKey: read.secret("STT_API_KEY"),
      ttsApiKey: read.secret("TTS_API_KEY"),
    },
  };
  if (config.replicas > 1 && !(config.databaseUrl && config.redisUrl))
    mistakes.push(
      "REPLICAS: more than one needs DATABASE_URL and REDIS_URL, by which they share what they store and what runs. Set both, or leave it at 1",
    );
  if (config.redisUrl && !config.databaseUrl)
    mistakes.push(
      "REDIS_URL: only servers that share a PostgreSQL need Redis; a DATA_DIR is one process's. Set DATABASE_URL as well, or unset REDIS_URL",
    );
  if (config.anonymous === "open" && config.signIn)
    mistakes.push(
      "AUTH_ANONYMOUS=open with AUTH_JWT_ISSUER is unsafe: users who sign in would share a tenant with everybody, and who knows their id could read what they said. Unset one of them",
    );
  if (mistakes.length) throw new ConfigError(mistakes);
  return config;
}

const originOf = (value: string): string | null => URL.parse(value)?.origin ?? null;

const withoutSlash = (url: string | undefined): string | null => url?.replace(/\/+$/, "") ?? null;

function coversLoopback(value: string): boolean {
  if (!isAddressRange(value)) return false;
  const [address = "", bits] = value.split("/");
  const version = isIP(address) === 4 ? "ipv4" : "ipv6";
  const list = new BlockList();
  list.addSubnet(
    address,
    bits === undefined ? (version === "ipv4" ? 32 : 128) : Number(bits),
    version,
  );
  return list.check("127.0.0.1") || list.check("::1", "ipv6");
}
