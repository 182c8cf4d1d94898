import { systemClock } from "../../adapters/clocks/system/clock.ts";
import { discover } from "../../adapters/credentials/jwt/key-set.ts";
import { oidcProvider } from "../../adapters/identity-providers/oidc/provider.ts";
import type { SignInButton, SignInConfig } from "../../config/sign-in.ts";
import { SignInError } from "../../domain/sign-in-error.ts";
import { type Finding, failure, fine, wordsOf } from "./finding.ts";

const CHECK = "sign-in";
const PATIENCE_MS = 5000;

/** Checks what tokens and what the button for signing in need of the issuer. */
export async function* checkSignIn(config: SignInConfig): AsyncGenerator<Finding> {
  if (config.audiences.length > 0) yield await checkTokens(config);
  if (config.button) yield await checkButton(config.issuer, config.button);
}

/** Checks whether the provider says where people sign in. */
async function checkButton(issuer: string, button: SignInButton): Promise<Finding> {
  try {
    await oidcProvider({ issuer, ...button }, systemClock).begin("http://localhost/");
    return fine(CHECK, `people can sign in with ${button.name} (${issuer})`);
  } catch (error) {
    const cause = error instanceof SignInError ? error.cause : error;
    return failure(
      CHECK,
      `nobody can sign in with ${button.name} (${issuer}): ${wordsOf(cause)}`,
      "correct AUTH_JWT_ISSUER, or see why the provider cannot be reached from here",
    );
  }
}

/** Checks whether the keys of the issuer can be fetched, without which no token can be verified. */
async function checkTokens({ issuer, jwksUrl }: SignInConfig): Promise<Finding> {
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
