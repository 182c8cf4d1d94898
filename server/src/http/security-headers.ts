/**
 * On every answer, where its route says nothing else: what is answered is no page, is not kept, is
 * framed by nobody, and is not taken for anything that it does not say it is.
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

/** @param publicOrigin where users reach the server: by https, they are to come by https alone */
export const securityHeaders = (publicOrigin: string | null): Readonly<Record<string, string>> => ({
  ...SECURITY_HEADERS,
  ...(publicOrigin?.startsWith("https:") && {
    "strict-transport-security": `max-age=${HALF_A_YEAR_SECONDS}`,
  }),
});
