import { discover } from "../../adapters/credentials/jwt/key-set.ts";
import type { SignInConfig } from "../../config/sign-in.ts";
import { type Finding, failure, fine, wordsOf } from "./finding.ts";

const CHECK = "sign-in";
const PATIENCE_MS = 5000;

/** Checks whether the keys of the issuer can be fetched, without which no token can be verified. */
export async function checkSignIn({ issuer, jwksUrl }: SignInConfig): Promise<Finding> {
  try {
    const address = jwksUrl ?? (await discover(issuer));
    const response = await fetch(address, {
      redirect: "manual",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    if (response.status !== 200) throw new Error(`${address} answers ${response.status}`);
    const { keys } = (await response.json()) as { keys?: unknown };
    if (!Array.isArray(keys) || keys.length === 0) throw new Error(`${address} has no keys`);
    return fine(CHECK, `tokens of ${issuer} can be checked (its keys: ${keys.length})`);
  } catch (error) {
    return failure(
      CHECK,
      `tokens of ${issuer} cannot be checked: ${wordsOf(error)}`,
      "correct AUTH_JWT_ISSUER or AUTH_JWT_JWKS_URL, or see why the issuer cannot be reached from here",
    );
  }
}
