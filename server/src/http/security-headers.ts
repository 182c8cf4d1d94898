/**
 * The headers of every answer, unless its route has others. They say that the answer is not a page, must
 * not be cached or framed, and has exactly the type that it names.
 */
export const SECURITY_HEADERS = {
  "x-content-type-options": "nosniff",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-frame-options": "SAMEORIGIN",
  "cache-control": "no-store",
} as const;

const HALF_A_YEAR_SECONDS = 15_552_000;

/** @param publicOrigin the address by which users reach the server; if it is https, browsers must use nothing else */
export const securityHeaders = (publicOrigin: string | null): Readonly<Record<string, string>> => ({
  ...SECURITY_HEADERS,
  ...(publicOrigin?.startsWith("https:") && {
    "strict-transport-security": `max-age=${HALF_A_YEAR_SECONDS}`,
  }),
});
