import { hash, randomBytes } from "node:crypto";
import { createRemoteJWKSet, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from "jose";
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
  readonly authorizeUrl: string;
  readonly tokenUrl: string;
  readonly keyOf: JWTVerifyGetKey;
  /** Whether a client with a secret sends it in a header, rather than in the form. */
  readonly takesBasic: boolean;
};

const PATIENCE_MS = 5000;
const MAX_AGE_MS = 600_000;
const RETRY_MS = 5000;
const RANDOM_BYTES = 32;
const MAX_SUBJECT_CHARACTERS = 255;
const MAX_ANSWER_CHARACTERS = 256 * 1024;
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

  const ask = async (url: string, init: RequestInit = {}): Promise<Record<string, unknown>> => {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const response = await fetch(url, { ...init, redirect: "manual", signal });
    const text = await response.text();
    if (text.length > MAX_ANSWER_CHARACTERS) throw new Error(`${url} answers too much`);
    const answer: unknown = JSON.parse(text);
    if (typeof answer !== "object" || answer === null) throw new Error(`${url} answers no object`);
    const fields = answer as Record<string, unknown>;
    if (response.status !== 200) throw new ProviderRefusal(url, response.status, fields.error);
    return fields;
  };

  /** @throws AppError unavailable */
  const discover = async (): Promise<Metadata> => {
    const now = clock.now().getTime();
    if (known && known.until > now && known.until <= now + MAX_AGE_MS) return known.metadata;
    try {
      const told = await ask(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
      if (told.issuer !== issuer)
        throw new Error(`It names another issuer: ${String(told.issuer).slice(0, 200)}`);
      const methods = told.token_endpoint_auth_methods_supported;
      const metadata = {
        authorizeUrl: addressIn(told, "authorization_endpoint", issuer),
        tokenUrl: addressIn(told, "token_endpoint", issuer),
        keyOf: createRemoteJWKSet(new URL(addressIn(told, "jwks_uri", issuer)), {
          timeoutDuration: PATIENCE_MS,
        }),
        takesBasic: !Array.isArray(methods) || methods.includes("client_secret_basic"),
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

  const tokenRequest = (form: Record<string, string>, takesBasic: boolean): RequestInit => {
    const body = new URLSearchParams({ grant_type: "authorization_code", ...form });
    const headers: Record<string, string> = { accept: "application/json" };
    if (clientSecret !== null && takesBasic)
      headers.authorization = `Basic ${btoa(`${formEncoded(clientId)}:${formEncoded(clientSecret)}`)}`;
    else {
      body.set("client_id", clientId);
      if (clientSecret !== null) body.set("client_secret", clientSecret);
    }
    return { method: "POST", headers, body };
  };

  return {
    name: options.name,

    async begin(redirectUri) {
      const { authorizeUrl } = await discoverToSignIn();
      const random = () => randomBytes(RANDOM_BYTES).toString("base64url");
      const memory = { state: random(), nonce: random(), verifier: random() };
      const address = new URL(authorizeUrl);
      const query = {
        client_id: clientId,
        redirect_uri: redirectUri,
        response_type: "code",
        scope: options.scopes.join(" "),
        state: memory.state,
        nonce: memory.nonce,
        code_challenge: hash("sha256", memory.verifier, "base64url"),
        code_challenge_method: "S256",
      };
      for (const [name, value] of Object.entries(query)) address.searchParams.set(name, value);
      return { address: address.href, memory };
    },

    async finish(answer, { state, nonce, verifier }, redirectUri): Promise<Identity> {
      if (answer.get("state") !== state) throw new SignInError("state");
      const metadata = await discoverToSignIn();
      try {
        const refusal = answer.get("error");
        if (refusal !== null)
          throw new SignInError(refusal === "access_denied" ? "denied" : "failed", {
            cause: new Error(`The provider says ${refusal.slice(0, 200)}`),
          });
        // RFC 9207: an answer that names its issuer is that issuer's.
        if (answer.has("iss") && answer.get("iss") !== issuer)
          throw new Error("The answer is of another issuer");
        const code = answer.get("code");
        if (code === null) throw new Error("The answer has no code");
        const form = { code, redirect_uri: redirectUri, code_verifier: verifier };
        const tokens = await ask(metadata.tokenUrl, tokenRequest(form, metadata.takesBasic));
        if (typeof tokens.id_token !== "string") throw new Error("The provider gave no id_token");
        const { payload } = await jwtVerify(tokens.id_token, metadata.keyOf, {
          issuer,
          audience: clientId,
          algorithms: ALGORITHMS,
          requiredClaims: ["exp", "iat", "sub", "nonce"],
          currentDate: clock.now(),
        });
        return identityOf(payload, nonce, clientId);
      } catch (cause) {
        if (cause instanceof SignInError) throw cause;
        // A code is good once and for a short time.
        const isOver = cause instanceof ProviderRefusal && cause.error === "invalid_grant";
        throw new SignInError(isOver ? "expired" : "failed", { cause });
      }
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

class ProviderRefusal extends Error {
  readonly error: unknown;

  constructor(url: string, status: number, error: unknown) {
    super(`${url} answers ${status} ${String(error ?? "").slice(0, 200)}`);
    this.name = "ProviderRefusal";
    this.error = error;
  }
}

/** An address of the provider's: https, unless the issuer itself is on this machine. */
function addressIn(told: Record<string, unknown>, field: string, issuer: string): string {
  const url = URL.parse(String(told[field]));
  const isSafe = url?.protocol === "https:" || (url?.protocol === "http:" && /^http:/.test(issuer));
  if (!url || !isSafe) throw new Error(`Its OpenID configuration names no usable ${field}`);
  return url.href;
}

/** As RFC 6749, section 2.3.1, has the id and the secret encoded. */
const formEncoded = (text: string): string => new URLSearchParams({ "": text }).toString().slice(1);

/** @throws Error where the ID token is not the answer to what this browser asked */
function identityOf(claims: JWTPayload, nonce: string, clientId: string): Identity {
  const { sub, sid, aud, azp } = claims;
  if (claims.nonce !== nonce) throw new Error("The nonce is another one");
  if (azp === undefined ? Array.isArray(aud) && aud.length > 1 : azp !== clientId)
    throw new Error("The token was issued to another client");
  if (typeof sub !== "string" || sub.trim() === "" || sub.length > MAX_SUBJECT_CHARACTERS)
    throw new Error("The token has no usable subject");
  return { subject: sub, providerSession: typeof sid === "string" ? sid : null, claims };
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
