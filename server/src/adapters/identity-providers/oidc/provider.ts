import { createRemoteJWKSet, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from "jose";
import * as oauth from "oauth4webapi";
import { AppError } from "../../../domain/errors.ts";
import { SignInError } from "../../../domain/sign-in-error.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { Identity, IdentityProvider } from "../../../ports/identity-provider.ts";

export type OidcOptions = {
  /** The issuer, exactly as in a token's `iss`. */
  readonly issuer: string;
  readonly name: string;
  readonly clientId: string;
  /** Null: a public client, which PKCE alone protects. */
  readonly clientSecret: string | null;
  readonly scopes: readonly string[];
};

/** What the provider says of itself (OpenID Connect Discovery 1.0). */
type Metadata = {
  readonly server: oauth.AuthorizationServer;
  readonly authorizeUrl: string;
  /** Null: nobody can be sent there to sign out. */
  readonly endSessionUrl: string | null;
  readonly keyOf: JWTVerifyGetKey;
};

const PATIENCE_MS = 5000;
const MAX_AGE_MS = 600_000;
const RETRY_MS = 5000;
const MAX_SUBJECT_CHARACTERS = 255;
const MAX_ANSWER_BYTES = 256 * 1024;
const LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout";
/** A logout token that is older says nothing of the sessions of now. */
const MAX_LOGOUT_AGE = "5 minutes";
/** Only asymmetric algorithms: a client's secret signs nothing. */
const ALGORITHMS = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
];

/** A provider of OpenID Connect: code flow with PKCE (RFC 7636), state and nonce. */
export function oidcProvider(options: OidcOptions, clock: Pick<Clock, "now">): IdentityProvider {
  const { issuer, clientId, clientSecret } = options;
  let known: { readonly until: number; readonly metadata: Metadata } | null = null;
  const requests = {
    signal: () => AbortSignal.timeout(PATIENCE_MS),
    [oauth.customFetch]: boundedFetch,
    // An issuer without https is one of this machine: the settings let in no other.
    [oauth.allowInsecureRequests]: issuer.startsWith("http:"),
  };
  const clientNow = (): oauth.Client => ({
    client_id: clientId,
    [oauth.clockSkew]: Math.round((clock.now().getTime() - Date.now()) / 1000),
  });

  /** @throws AppError unavailable */
  const discover = async (): Promise<Metadata> => {
    const now = clock.now().getTime();
    if (known && known.until > now && known.until <= now + MAX_AGE_MS) return known.metadata;
    try {
      const url = new URL(issuer);
      const server = await oauth.processDiscoveryResponse(
        url,
        await oauth.discoveryRequest(url, requests),
      );
      if (server.issuer !== issuer)
        throw new Error(`It names another issuer: ${server.issuer.slice(0, 200)}`);
      const authorizeUrl = addressIn(server, "authorization_endpoint", issuer);
      addressIn(server, "token_endpoint", issuer);
      const keysUrl = new URL(addressIn(server, "jwks_uri", issuer));
      const metadata = {
        server,
        authorizeUrl,
        endSessionUrl: safeUrl(server.end_session_endpoint, issuer)?.href ?? null,
        keyOf: createRemoteJWKSet(keysUrl, { timeoutDuration: PATIENCE_MS }),
      };
      known = { until: now + MAX_AGE_MS, metadata };
      return metadata;
    } catch (cause) {
      throw new AppError(
        "unavailable",
        "The provider for signing in does not answer now; try again",
        { retryAfterMs: RETRY_MS, cause },
      );
    }
  };
  const discoverToSignIn = (): Promise<Metadata> =>
    discover().catch((error: unknown) => {
      throw new SignInError("unavailable", {
        cause: error instanceof AppError ? error.cause : error,
      });
    });

  return {
    issuer,
    name: options.name,

    async begin(redirectUri) {
      const { authorizeUrl } = await discoverToSignIn();
      const memory = {
        state: oauth.generateRandomState(),
        nonce: oauth.generateRandomNonce(),
        verifier: oauth.generateRandomCodeVerifier(),
      };
      const address = new URL(authorizeUrl);
      const query = {
        client_id: clientId,
        redirect_uri: redirectUri,
        response_type: "code",
        scope: options.scopes.join(" "),
        state: memory.state,
        nonce: memory.nonce,
        code_challenge: await oauth.calculatePKCECodeChallenge(memory.verifier),
        code_challenge_method: "S256",
      };
      for (const [name, value] of Object.entries(query)) address.searchParams.set(name, value);
      return { address: address.href, memory };
    },

    async finish(answer, { state, nonce, verifier }, redirectUri): Promise<Identity> {
      if (answer.get("state") !== state) throw new SignInError("state");
      const { server } = await discoverToSignIn();
      const client = clientNow();
      try {
        const response = await oauth.authorizationCodeGrantRequest(
          server,
          client,
          authenticationAt(server, clientSecret),
          oauth.validateAuthResponse(server, client, answer, state),
          redirectUri,
          verifier,
          requests,
        );
        const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, {
          expectedNonce: nonce,
          requireIdToken: true,
        });
        await oauth.validateApplicationLevelSignature(server, response, requests);
        return identityOf(oauth.getValidatedIdTokenClaims(tokens));
      } catch (cause) {
        throw new SignInError(failureOf(cause), { cause });
      }
    },

    async wayOut(returnTo) {
      const metadata = known?.metadata ?? (await discover().catch(() => null));
      if (!metadata?.endSessionUrl) return null;
      const address = new URL(metadata.endSessionUrl);
      // An ID token would spare the provider a question to the person, but none is kept.
      const query = { client_id: clientId, post_logout_redirect_uri: returnTo };
      for (const [name, value] of Object.entries(query)) address.searchParams.set(name, value);
      return address.href;
    },

    async readLogout(token) {
      const { keyOf } = await discover();
      try {
        const { payload, protectedHeader } = await jwtVerify(token, keyOf, {
          issuer,
          audience: clientId,
          algorithms: ALGORITHMS,
          requiredClaims: ["iat", "jti", "events"],
          maxTokenAge: MAX_LOGOUT_AGE,
          currentDate: clock.now(),
        });
        return isLogout(payload, protectedHeader.typ) ? whatEnds(payload) : null;
      } catch {
        return null;
      }
    },
  };
}

/** The library reads an answer whole, so that it is bounded here. */
async function boundedFetch(
  url: string,
  { method, headers: sent, body, signal, redirect }: oauth.CustomFetchOptions<string, unknown>,
): Promise<Response> {
  const init = { method, headers: sent, redirect, ...(signal && { signal }) };
  const response = await fetch(url, body instanceof URLSearchParams ? { ...init, body } : init);
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of response.body ?? []) {
    pieces.push(piece);
    bytes += piece.length;
    if (bytes > MAX_ANSWER_BYTES) throw new Error(`${url} answers too much`);
  }
  const { status, headers } = response;
  return new Response(pieces.length > 0 ? Buffer.concat(pieces) : null, { status, headers });
}

/** How the client shows that it is the one: in a header, unless the provider takes the form alone. */
function authenticationAt(
  { token_endpoint_auth_methods_supported: methods }: oauth.AuthorizationServer,
  secret: string | null,
): oauth.ClientAuth {
  if (secret === null) return oauth.None();
  return methods && !methods.includes("client_secret_basic")
    ? oauth.ClientSecretPost(secret)
    : oauth.ClientSecretBasic(secret);
}

function failureOf(cause: unknown) {
  if (cause instanceof oauth.AuthorizationResponseError)
    return cause.error === "access_denied" ? "denied" : "failed";
  // A code is good once and for a short time.
  return cause instanceof oauth.ResponseBodyError && cause.error === "invalid_grant"
    ? "expired"
    : "failed";
}

/** An address of the provider's: https, unless the issuer itself is on this machine. */
function safeUrl(address: unknown, issuer: string): URL | null {
  const url = URL.parse(String(address));
  const isSafe = url?.protocol === "https:" || (url?.protocol === "http:" && /^http:/.test(issuer));
  return isSafe ? url : null;
}

/** @throws Error where the provider names no such address */
function addressIn(
  server: oauth.AuthorizationServer,
  field: "authorization_endpoint" | "token_endpoint" | "jwks_uri",
  issuer: string,
): string {
  const url = safeUrl(server[field], issuer);
  if (!url) throw new Error(`Its OpenID configuration names no usable ${field}`);
  return url.href;
}

/** @throws Error where the ID token names nobody that can be kept */
function identityOf(claims: oauth.IDToken | undefined): Identity {
  const subject = claims?.sub ?? "";
  if (!claims || subject.trim() === "" || subject.length > MAX_SUBJECT_CHARACTERS)
    throw new Error("The token has no usable subject");
  const { sid } = claims;
  return { subject, providerSession: typeof sid === "string" ? sid : null, claims };
}

/** A token that says what it is must say that it is this; one with a nonce is an ID token. */
const isLogout = ({ events, nonce }: JWTPayload, type: unknown): boolean =>
  (type === undefined || /^(?:(?:application\/)?logout\+)?jwt$/i.test(String(type))) &&
  nonce === undefined &&
  typeof events === "object" &&
  events !== null &&
  Object.hasOwn(events, LOGOUT_EVENT);

function whatEnds({ sid, sub }: JWTPayload) {
  if (typeof sid === "string") return { providerSession: sid };
  return typeof sub === "string" ? { subject: sub } : null;
}
