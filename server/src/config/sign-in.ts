import type { ClaimRules } from "../domain/claims.ts";
import type { Reader } from "./reader.ts";

/** The issuer whose tokens are accepted besides keys. */
export type SignInConfig = {
  /** The issuer, exactly as in a token's `iss`. */
  readonly issuer: string;
  readonly audiences: readonly string[];
  /** null: the address in the issuer's OpenID configuration. */
  readonly jwksUrl: string | null;
  readonly rules: ClaimRules;
  /** Signing in by a button of the web app; null: there is none. */
  readonly button: SignInButton | null;
};

/** How this server is known to the issuer as a client. */
export type SignInButton = {
  readonly name: string;
  readonly clientId: string;
  /** null: a public client, which PKCE alone protects. */
  readonly clientSecret: string | null;
  readonly scopes: readonly string[];
  /** How long somebody stays signed in. */
  readonly sessionMs: number;
};

const HOUR_MS = 3_600_000;

const PROTOCOLS = ["https:", "http:"];
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** The settings of tokens and of signing in (AUTH_JWT_…, SIGN_IN_…, AUTH_…_CLAIM); null where no issuer is set. */
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
  const button = readButton(read);
  if (issuer && !audiences.length && !button)
    mistakes.push(
      "AUTH_JWT_AUDIENCE is needed with AUTH_JWT_ISSUER (or SIGN_IN_CLIENT_ID, for signing in by a button): what tokens for this server name in 'aud'. Without it, tokens for any other program of that issuer would be good here",
    );
  if (!issuer && (audiences.length || addresses.AUTH_JWT_JWKS_URL))
    mistakes.push("AUTH_JWT_ISSUER is needed with AUTH_JWT_AUDIENCE and AUTH_JWT_JWKS_URL");
  const publicUrl = read.url("PUBLIC_URL", PROTOCOLS);
  if (button && publicUrl?.protocol === "http:" && !LOOPBACK.test(publicUrl.hostname))
    mistakes.push(
      "PUBLIC_URL must begin with https:// where SIGN_IN_CLIENT_ID is set: browsers keep the cookie of a session for https alone",
    );
  const rules = readRules(read, mistakes);
  if (!issuer && (button || rules.tenantClaim || rules.operatorClaim))
    mistakes.push(
      "AUTH_JWT_ISSUER is needed with SIGN_IN_CLIENT_ID, AUTH_TENANT_CLAIM and AUTH_OPERATOR_CLAIM: the provider that people sign in with",
    );
  if (!issuer) return null;
  const jwksUrl = addresses.AUTH_JWT_JWKS_URL?.href ?? null;
  return { issuer, audiences, jwksUrl, rules, button };
}

function readButton(read: Reader): SignInButton | null {
  const clientId = read.text("SIGN_IN_CLIENT_ID", "");
  const scopes = read.text("SIGN_IN_SCOPES", "openid profile email").split(/[\s,]+/);
  const button = {
    name: read.text("SIGN_IN_NAME", "OpenID Connect"),
    clientId,
    clientSecret: read.secret("SIGN_IN_CLIENT_SECRET"),
    scopes: scopes.includes("openid") ? scopes : ["openid", ...scopes],
    sessionMs: read.integer("SIGN_IN_HOURS", 24, 1, 8760) * HOUR_MS,
  };
  return clientId ? button : null;
}

function readRules(read: Reader, mistakes: string[]): ClaimRules {
  const operator = read.text("AUTH_OPERATOR_CLAIM", "");
  const [, name = "", value = ""] = /^([^=\s]+)=(\S.*)$/.exec(operator) ?? [];
  if (operator && !name)
    mistakes.push(
      "AUTH_OPERATOR_CLAIM must be a claim and the value that makes an operator, as in groups=colloquy-admins",
    );
  return {
    tenantClaim: read.text("AUTH_TENANT_CLAIM", "") || null,
    operatorClaim: name ? { name, value } : null,
  };
}
