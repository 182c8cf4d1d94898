import { newUuid, systemClock } from "../adapters/clocks/system/clock.ts";
import type { SignInConfig } from "../config/sign-in.ts";
import { createSignIn, type SignIn } from "../core/access/sign-in.ts";
import type { SignInError } from "../domain/sign-in-error.ts";
import type { BrowserSessionStore } from "../ports/browser-sessions.ts";
import type { Credentials } from "../ports/credentials.ts";

type ChosenSignIn = {
  /** The tokens of the issuer, where they are let in, and the sessions of browsers. */
  readonly credentials: readonly Credentials[];
  /** Null: the web app has no button for it. */
  readonly signIn: SignIn | null;
};

export const NO_SIGN_IN: ChosenSignIn = { credentials: [], signIn: null };

/** What the issuer is for, by the settings. What is needed for it is loaded here, because most servers have no issuer. */
export async function chooseSignIn(
  config: SignInConfig,
  store: BrowserSessionStore,
  onFailure: (error: SignInError) => void,
): Promise<ChosenSignIn> {
  const { audiences, button, rules, issuer } = config;
  const tokens = await import("../adapters/credentials/jwt/credentials.ts");
  const ofTokens = audiences.length > 0 ? [tokens.jwtCredentials(config, systemClock)] : [];
  if (!button) return { credentials: ofTokens, signIn: null };
  const sessions = await import("../adapters/credentials/sessions/credentials.ts");
  const { oidcProvider } = await import("../adapters/identity-providers/oidc/provider.ts");
  const signIn = createSignIn(store, systemClock, newUuid, {
    provider: oidcProvider({ issuer, ...button }, systemClock),
    rules,
    sessionMs: button.sessionMs,
    mint: sessions.mintSession,
    hashOf: sessions.hashOfSession,
    userIdOf: (subject) => tokens.userIdOf(issuer, subject),
    onFailure,
  });
  // The operator has chosen another provider since: whoever it lets in signs in there.
  await store.endBrowserSessions({ notOfIssuer: issuer }, systemClock.now());
  const ofSessions = sessions.sessionCredentials(store, systemClock, issuer);
  return { credentials: [...ofTokens, ofSessions], signIn };
}
