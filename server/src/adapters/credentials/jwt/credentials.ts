import { hash } from "node:crypto";
import { errors, type JWTPayload, jwtVerify } from "jose";
import { type ClaimRules, standingOf } from "../../../domain/claims.ts";
import { AppError } from "../../../domain/errors.ts";
import { uuidOfDigest } from "../../../domain/uuid.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { Credentials, VerifiedCredential } from "../../../ports/credentials.ts";
import { type Issuer, remoteKeySet } from "./key-set.ts";

export type JwtOptions = Issuer & {
  /** A token must be meant for one of these. */
  readonly audiences: readonly string[];
  readonly rules: ClaimRules;
};

/** Only asymmetric algorithms, because a server that can verify a token must not be able to create one. */
const ALGORITHMS = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
];
const COMPACT = /^[\w-]+\.[\w-]+\.[\w-]+$/;
/** A token of the future means that our clock was set back: it would let in those that have expired. */
const MAX_CLOCK_DIFFERENCE_MS = 300_000;
const MAX_SUBJECT_CHARACTERS = 255;

/** Tokens (RFC 7519) of one issuer: signature, algorithm, issuer, audience, times and subject are all required. */
export function jwtCredentials(options: JwtOptions, clock: Clock): Credentials {
  const keyOf = remoteKeySet(options, clock);
  const required = {
    issuer: options.issuer,
    audience: [...options.audiences],
    algorithms: ALGORITHMS,
    requiredClaims: ["exp", "sub", "iat"],
    clockTolerance: 0,
  };
  return {
    async verify(token) {
      if (!COMPACT.test(token)) return null;
      try {
        const currentDate = clock.now();
        const { payload, protectedHeader } = await jwtVerify(token, keyOf, {
          ...required,
          currentDate,
        });
        if (!isLogin(protectedHeader.typ)) return null;
        const issuedAt = Number(payload.iat) * 1000;
        if (issuedAt > currentDate.getTime() + MAX_CLOCK_DIFFERENCE_MS) return null;
        return worthOf(options, payload, token);
      } catch (error) {
        if (error instanceof AppError) throw error;
        if (error instanceof errors.JWTExpired)
          throw new AppError("unauthenticated", "This token has expired. Sign in again", {
            cause: error,
          });
        return null;
      }
    },
    isClaimed: async () => true,
    keyHolders: async () => () => false,
    revokedKeys: async () => NONE,
    endedSessions: async () => NONE,
  };
}

/** An issuer signs other tokens with the same key (of a logout, of events, proofs of possession); their `typ` tells them apart (RFC 8725, section 3.11). */
const isLogin = (type: unknown): boolean =>
  type === undefined ||
  (typeof type === "string" && /^(?:application\/)?(?:at\+)?jwt$/i.test(type));

const NONE: ReadonlySet<string> = new Set();

function worthOf(
  { issuer, rules }: JwtOptions,
  claims: JWTPayload,
  token: string,
): VerifiedCredential | null {
  const { sub, exp } = claims;
  if (typeof sub !== "string" || sub.trim() === "" || sub.length > MAX_SUBJECT_CHARACTERS)
    return null;
  const expiresAt = new Date(Number(exp) * 1000);
  if (Number.isNaN(expiresAt.getTime())) return null;
  const standing = standingOf(claims, rules);
  if (!standing) return null;
  return {
    ...standing,
    userId: userIdOf(issuer, sub),
    subject: sub,
    proof: { kind: "token", expiresAt, fingerprint: hash("sha256", token).slice(0, 16) },
    actAs: false,
    models: null,
  };
}

/**
 * The user of that issuer and subject: a UUID, as the wires promise, from both, so that no issuer can
 * name another's user.
 */
export const userIdOf = (issuer: string, subject: string): string =>
  uuidOfDigest(hash("sha256", JSON.stringify([issuer, subject])));
