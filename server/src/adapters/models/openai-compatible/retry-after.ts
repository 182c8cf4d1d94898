import type { ResponseHeaders } from "./exchange.ts";

/**
 * When the provider says that trying again can succeed, in milliseconds from now; null if it does
 * not. `retry-after-ms`, then `Retry-After` (seconds or a date), then `x-ratelimit-reset*`.
 */
export function retryAfterMsOf(headers: ResponseHeaders, nowMs = Date.now()): number | null {
  const exactMs = Number.parseFloat(one(headers["retry-after-ms"]));
  if (exactMs >= 0) return Math.ceil(exactMs);
  const said = one(headers["retry-after"]);
  if (said !== "") {
    const seconds = Number(said);
    if (seconds >= 0) return Math.ceil(seconds * 1000);
    const dateMs = Date.parse(said);
    if (/[a-z]/iu.test(said) && !Number.isNaN(dateMs)) return Math.max(0, dateMs - nowMs);
  }
  return resetMsOf(headers, nowMs);
}

/**
 * The reset of the window that is used up (`x-ratelimit-remaining-*` is 0), the latest if there are
 * several; if none says so, the earliest reset: a limit of tokens can refuse with some left.
 */
function resetMsOf(headers: ResponseHeaders, nowMs: number): number | null {
  const resets: { readonly inMs: number; readonly usedUp: boolean }[] = [];
  for (const name of Object.keys(headers)) {
    if (!name.startsWith("x-ratelimit-reset")) continue;
    const inMs = durationMsOf(one(headers[name]), nowMs);
    const remaining = one(headers[name.replace("reset", "remaining")]);
    if (inMs !== null) resets.push({ inMs, usedUp: remaining !== "" && Number(remaining) <= 0 });
  }
  const usedUp = resets.filter((reset) => reset.usedUp).map(({ inMs }) => inMs);
  if (usedUp.length > 0) return Math.max(...usedUp);
  return resets.length > 0 ? Math.min(...resets.map(({ inMs }) => inMs)) : null;
}

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Seconds (Cerebras), a time in epoch seconds or milliseconds (OpenRouter), `6m0s` (OpenAI). */
function durationMsOf(text: string, nowMs: number): number | null {
  if (/^\d+(?:\.\d+)?$/u.test(text)) {
    const value = Number(text);
    if (value > 1e11) return Math.max(0, value - nowMs);
    if (value > 1e9) return Math.max(0, value * 1000 - nowMs);
    return Math.ceil(value * 1000);
  }
  if (!/^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/u.test(text)) return null;
  let totalMs = 0;
  for (const [, value, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/gu))
    totalMs += Number(value) * (UNIT_MS[unit ?? ""] ?? 0);
  return Math.ceil(totalMs);
}

/** A header's value, the first of several; "" where there is none. */
const one = (value: string | string[] | undefined): string =>
  (Array.isArray(value) ? value[0] : value)?.trim() ?? "";
