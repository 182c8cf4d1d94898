import type { LimitRules, WireLimits } from "../core/access/limits.ts";

export type Limits = {
  readonly rules: LimitRules;
  /** WebSockets from one address; null: any number. */
  readonly socketsPerAddress: number | null;
  /** Requests and sockets of one user at a time, and replies; null: any number. */
  readonly openPerUser: number | null;
};

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** The wires whose requests come without a user. */
const BY_ADDRESS: readonly string[] = ["voice", "shared", "sign-in"];

/** More than a person who talks needs, but a bound for a program that runs wild. */
const GENEROUS = { limit: 600, windowMs: MINUTE_MS };

/**
 * What the documents promise: 000 and 002 by user, 003's HTTP routes by address. 001, 004, OpenAI's and Anthropic's wires and what is
 * said by voice have none, and get a generous one; of 004's requests, searches cost the most, and have a limit of their own. What
 * links show and signing in are counted by address.
 */
const DOCUMENTED_LIMITS = {
  rules: {
    chat: {
      perUser: [
        { limit: 100, windowMs: MINUTE_MS },
        { limit: 1000, windowMs: HOUR_MS },
      ],
      perAddress: [],
    },
    conversations: { perUser: [{ limit: 100, windowMs: MINUTE_MS }], perAddress: [] },
    voice: { perUser: [], perAddress: [{ limit: 100, windowMs: MINUTE_MS }] },
    dialogix: { perUser: [GENEROUS], perAddress: [] },
    "chat-v1": { perUser: [GENEROUS], perAddress: [] },
    completions: { perUser: [GENEROUS], perAddress: [] },
    mcp: { perUser: [GENEROUS], perAddress: [] },
    messages: { perUser: [GENEROUS], perAddress: [] },
    audio: { perUser: [GENEROUS], perAddress: [] },
    realtime: { perUser: [GENEROUS], perAddress: [] },
    ui: { perUser: [GENEROUS], perAddress: [] },
    responses: { perUser: [GENEROUS], perAddress: [] },
    "voice-turns": { perUser: [GENEROUS], perAddress: [] },
    shared: { perUser: [], perAddress: [{ limit: 120, windowMs: MINUTE_MS }] },
    "sign-in": { perUser: [], perAddress: [{ limit: 120, windowMs: MINUTE_MS }] },
    search: { perUser: [{ limit: 120, windowMs: MINUTE_MS }], perAddress: [] },
  },
  socketsPerAddress: 10,
  openPerUser: 256,
} as const satisfies Limits;

const UNITS_MS: Record<string, number> = { s: 1000, m: MINUTE_MS, h: HOUR_MS, d: 24 * HOUR_MS };

/**
 * RATE_LIMITS: empty (the documents' numbers), `off`, or rules such as
 * `chat=200/m,2000/h chat-v1=600/m voice=50/m sockets=20 open=100`: wires that are not named keep the
 * documents' numbers, `wire=off` has none.
 */
export function parseLimits(value: string, mistakes: string[]): Limits {
  if (value === "") return DOCUMENTED_LIMITS;
  if (value.toLowerCase() === "off")
    return { rules: null, socketsPerAddress: null, openPerUser: null };
  const rules: Record<string, WireLimits> = { ...DOCUMENTED_LIMITS.rules };
  const counts: Record<string, number | null> = {
    sockets: DOCUMENTED_LIMITS.socketsPerAddress,
    open: DOCUMENTED_LIMITS.openPerUser,
  };
  for (const rule of value.split(/[\s;]+/)) {
    const [name = "", amounts = ""] = rule.split("=");
    if (name in counts && /^(?:[1-9]\d{0,5}|off)$/.test(amounts)) {
      counts[name] = amounts === "off" ? null : Number(amounts);
      continue;
    }
    const windows = amounts === "off" ? [] : amounts.split(",").map(parseWindow);
    if (!(name in rules) || windows.includes(null)) {
      mistakes.push(
        `RATE_LIMITS: '${rule}' is not understood; write 'off', or rules such as 'chat=100/m,1000/h chat-v1=600/m sockets=10 open=256' (wires: ${Object.keys(rules).join(", ")}; units: s, m, h, d)`,
      );
      continue;
    }
    const given = windows.filter((window) => window !== null);
    rules[name] = BY_ADDRESS.includes(name)
      ? { perUser: [], perAddress: given }
      : { perUser: given, perAddress: [] };
  }
  const { sockets = null, open = null } = counts;
  return { rules, socketsPerAddress: sockets, openPerUser: open };
}

function parseWindow(text: string): { limit: number; windowMs: number } | null {
  const match = /^(\d{1,9})\/([smhd])$/.exec(text);
  const windowMs = UNITS_MS[match?.[2] ?? ""];
  return match && windowMs ? { limit: Number(match[1]), windowMs } : null;
}
