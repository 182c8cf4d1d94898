import {
  createRemoteJWKSet,
  customFetch,
  errors,
  type FetchImplementation,
  type JWTVerifyGetKey,
} from "jose";
import { AppError } from "../../../domain/errors.ts";
import type { Clock } from "../../../ports/clock.ts";

export type Issuer = {
  /** The exact value of `iss`. */
  readonly issuer: string;
  /** Null means the URL from the issuer's OpenID configuration. */
  readonly jwksUrl: string | null;
};

/** A kid that is not known is looked for at most so often, however many tokens name one. */
const COOLDOWN_MS = 30_000;
/** A key that the issuer withdrew is good for so long at most. */
const MAX_AGE_MS = 600_000;
const PATIENCE_MS = 5000;
/** After a failure the issuer is left alone for so long. */
const FAILURE_COOLDOWN_MS = 5000;

/**
 * The issuer's keys (RFC 7517), fetched when they are first needed and kept.
 * The function rejects with AppError unavailable when they cannot be had, and as jose does for a token that no key fits.
 */
export function remoteKeySet({ issuer, jwksUrl }: Issuer, clock: Clock): JWTVerifyGetKey {
  let failedAt = Number.NEGATIVE_INFINITY;
  let found: JWTVerifyGetKey | null = null;
  let finding: Promise<JWTVerifyGetKey> | null = null;

  const carefully: FetchImplementation = async (url, options) => {
    const sinceMs = clock.now().getTime() - failedAt;
    if (sinceMs >= 0 && sinceMs < FAILURE_COOLDOWN_MS)
      throw new Error("It failed a moment ago, and was not asked again");
    try {
      const response = await fetch(url, options);
      if (response.status !== 200) throw new Error(`It answered ${response.status}`);
      return response;
    } catch (error) {
      failedAt = clock.now().getTime();
      throw error;
    }
  };

  const find = async (): Promise<JWTVerifyGetKey> => {
    const address = jwksUrl ?? (await discover(issuer, carefully));
    return createRemoteJWKSet(new URL(address), {
      timeoutDuration: PATIENCE_MS,
      cooldownDuration: COOLDOWN_MS,
      cacheMaxAge: MAX_AGE_MS,
      [customFetch]: carefully,
    });
  };

  const findOnce = (): Promise<JWTVerifyGetKey> => {
    finding ??= find().finally(() => {
      finding = null;
    });
    return finding;
  };

  return async (header, token) => {
    try {
      found ??= await findOnce();
      return await found(header, token);
    } catch (error) {
      if (
        error instanceof errors.JWKSNoMatchingKey ||
        error instanceof errors.JWKSMultipleMatchingKeys
      )
        throw error;
      throw new AppError(
        "unavailable",
        "The keys of the token issuer (AUTH_JWT_ISSUER) cannot be fetched now; try again",
        { retryAfterMs: FAILURE_COOLDOWN_MS, cause: error },
      );
    }
  };
}

/** OpenID Connect Discovery 1.0, section 4. @throws Error */
export async function discover(issuer: string, get: FetchImplementation = fetch): Promise<string> {
  const response = await get(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`, {
    headers: new Headers({ accept: "application/json" }),
    method: "GET",
    redirect: "manual",
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  if (response.status !== 200)
    throw new Error(`Its OpenID configuration is answered with ${response.status}`);
  const configuration = (await response.json()) as { issuer?: unknown; jwks_uri?: unknown };
  if (configuration.issuer !== issuer)
    throw new Error(
      `Its OpenID configuration names another issuer (${String(configuration.issuer)}); AUTH_JWT_ISSUER must be written exactly so`,
    );
  if (typeof configuration.jwks_uri !== "string" || !URL.canParse(configuration.jwks_uri))
    throw new Error("Its OpenID configuration names no jwks_uri; set AUTH_JWT_JWKS_URL");
  return configuration.jwks_uri;
}
