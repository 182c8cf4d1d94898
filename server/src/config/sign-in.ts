import type { Reader } from "./reader.ts";

/** The issuer whose tokens are accepted besides keys. */
export type SignInConfig = {
  /** The issuer, exactly as in a token's `iss`. */
  readonly issuer: string;
  readonly audiences: readonly string[];
  /** null: the address in the issuer's OpenID configuration. */
  readonly jwksUrl: string | null;
};

const PROTOCOLS = ["https:", "http:"];
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** AUTH_JWT_ISSUER, AUTH_JWT_AUDIENCE and AUTH_JWT_JWKS_URL; null where no issuer is set. */
export function readSignIn(read: Reader, mistakes: string[]): SignInConfig | null {
  const issuer = read.text("AUTH_JWT_ISSUER", "");
  const audiences = read.list("AUTH_JWT_AUDIENCE", "");
  const addresses = {
    AUTH_JWT_ISSUER: read.url("AUTH_JWT_ISSUER", PROTOCOLS),
    AUTH_JWT_JWKS_URL: read.url("AUTH_JWT_JWKS_URL", PROTOCOLS),
  };
  for (const [name, url] of Object.entries(addresses))
    if (url?.protocol === "http:" && !LOOPBACK.test(url.hostname))
      mistakes.push(
        `${name} must begin with https://, or anyone on the way could put other keys in place of the issuer's`,
      );
  if (issuer && !audiences.length)
    mistakes.push(
      "AUTH_JWT_AUDIENCE is needed with AUTH_JWT_ISSUER: what tokens for this server name in 'aud'. Without it, tokens for any other program of that issuer would be good here",
    );
  if (!issuer && (audiences.length || addresses.AUTH_JWT_JWKS_URL))
    mistakes.push("AUTH_JWT_ISSUER is needed with AUTH_JWT_AUDIENCE and AUTH_JWT_JWKS_URL");
  if (!issuer) return null;
  return { issuer, audiences, jwksUrl: addresses.AUTH_JWT_JWKS_URL?.href ?? null };
}
