import {
  type AuthorizationServerMetadata,
  checkResourceAllowed,
  discoverAuthorizationServerMetadata,
  discoverOAuthProtectedResourceMetadata,
  exchangeAuthorization,
  extractWWWAuthenticateParams,
  type OAuthClientInformationMixed,
  OAuthError,
  OAuthErrorCode,
  type OAuthTokens,
  RegistrationRejectedError,
  refreshAuthorization,
  registerClient,
  startAuthorization,
} from "@modelcontextprotocol/client";
import { AppError } from "../../../domain/errors.ts";
import type {
  AuthorizationMemory,
  GuardedFetch,
  ToolAuthorization,
  ToolTokens,
} from "../../../ports/tool-authorization.ts";
import { inWords } from "./answers.ts";

/** What the operator says of signing in to a source. */
export type SignInSettings = {
  /** Null: the server registers itself. */
  readonly clientId: string | null;
  readonly clientSecret: string | null;
  /** Null: those that the source asks for. */
  readonly scopes: readonly string[] | null;
  /** Null: the one that the source names. */
  readonly issuer: string | null;
};

export type AuthorizationOptions = SignInSettings & {
  /** Of the source, with the operator's headers for it. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly fetch: GuardedFetch;
};

const CHALLENGE = "S256";
const OFFLINE = "offline_access";
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/u;
const MAX_TOKEN_CHARACTERS = 32 * 1024;
/** Answers after which the same request is refused again. */
const ENDED: ReadonlySet<string> = new Set([
  OAuthErrorCode.InvalidGrant,
  OAuthErrorCode.InvalidClient,
  OAuthErrorCode.UnauthorizedClient,
]);
/** A first request of the protocol, which a source that wants a sign-in refuses with what it wants. */
const PROBE = {
  method: "POST",
  headers: {
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
  },
  body: JSON.stringify({
    ...{ jsonrpc: "2.0", id: 0, method: "initialize" },
    params: {
      ...{ protocolVersion: "2025-06-18", capabilities: {} },
      clientInfo: { name: "colloquy", version: "0" },
    },
  }),
};

/** What belongs to the tokens of one person. */
type Grant = {
  readonly issuer: string;
  readonly metadata: AuthorizationServerMetadata;
  readonly client: OAuthClientInformationMixed;
  /** The source, as the tokens name it (RFC 8707). */
  readonly resource: string;
};
type Begun = Grant & { readonly verifier: string };

/** Signing in to a source that speaks the Model Context Protocol over HTTP, as that protocol says. */
export function mcpAuthorization({
  url,
  headers,
  fetch,
  ...settings
}: AuthorizationOptions): ToolAuthorization {
  const clientFor = async (
    issuer: string,
    metadata: AuthorizationServerMetadata,
    redirectUri: string,
    earlier: AuthorizationMemory | null,
  ): Promise<OAuthClientInformationMixed> => {
    const { clientId, clientSecret } = settings;
    if (clientId !== null)
      return { client_id: clientId, ...(clientSecret !== null && { client_secret: clientSecret }) };
    const begun = earlier?.redirectUri === redirectUri ? begunIn(earlier) : null;
    if (begun?.issuer === issuer) return begun.client;
    if (!metadata.registration_endpoint)
      throw refused(
        "it accepts only programs that were registered with it by hand. This server's operator can register it there, and set client_id in the file of sources",
      );
    const isLocal = LOOPBACK.test(new URL(redirectUri).hostname);
    return registerClient(issuer, {
      metadata,
      fetchFn: fetch,
      clientMetadata: {
        client_name: "Colloquy",
        redirect_uris: [redirectUri],
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code"],
        token_endpoint_auth_method: "none",
        application_type: isLocal ? "native" : "web",
      },
    });
  };

  return {
    begin: ({ redirectUri, state }, earlier) =>
      told(async () => {
        const challenge = extractWWWAuthenticateParams(
          await fetch(url, { ...PROBE, headers: { ...headers, ...PROBE.headers } }),
        );
        const described = await describedBy(url, challenge.resourceMetadataUrl, fetch);
        const resource = described?.resource ?? withoutFragment(url);
        if (!checkResourceAllowed({ requestedResource: url, configuredResource: resource }))
          throw refused("it says that it is another source than the one that was asked");
        const issuer =
          settings.issuer ?? described?.authorization_servers?.[0] ?? `${new URL(url).origin}/`;
        const metadata = await discoverAuthorizationServerMetadata(issuer, { fetchFn: fetch });
        if (!metadata) throw refused("nothing says where people sign in to it");
        if (!metadata.code_challenge_methods_supported?.includes(CHALLENGE))
          throw refused("its sign-in is not protected against stolen codes (PKCE with S256)");
        checkPage(metadata.authorization_endpoint);
        const client = await clientFor(issuer, metadata, redirectUri, earlier);
        const scope = scopeOf(
          settings.scopes,
          challenge.scope,
          described?.scopes_supported,
          metadata.scopes_supported,
        );
        const { authorizationUrl, codeVerifier } = await startAuthorization(issuer, {
          ...{ metadata, clientInformation: client, redirectUrl: redirectUri, state, resource },
          ...(scope !== undefined && { scope }),
        });
        const begun: Begun = { issuer, metadata, client, resource, verifier: codeVerifier };
        const memory = { redirectUri, request: JSON.stringify(begun) };
        return { address: authorizationUrl.href, memory };
      }),

    finish: ({ code, issuer: iss }, memory) =>
      told(async () => {
        const { verifier, ...grant } = begunIn(memory);
        const tokens = await exchangeAuthorization(grant.issuer, {
          ...{ metadata: grant.metadata, clientInformation: grant.client, fetchFn: fetch },
          ...{ authorizationCode: code, codeVerifier: verifier },
          ...{ redirectUri: memory.redirectUri, resource: grant.resource },
          ...(iss !== undefined && { iss }),
        });
        return tokensOf(tokens, null, grant);
      }),

    async renew({ refreshToken, grant: kept }) {
      if (refreshToken === null) return null;
      const grant: Grant = JSON.parse(kept);
      try {
        const tokens = await refreshAuthorization(grant.issuer, {
          ...{ metadata: grant.metadata, clientInformation: grant.client, fetchFn: fetch },
          ...{ refreshToken, resource: grant.resource },
        });
        return tokensOf(tokens, refreshToken, grant);
      } catch (error) {
        if (error instanceof OAuthError && ENDED.has(error.code)) return null;
        throw error instanceof AppError ? error : unavailable(wordsOf(error));
      }
    },

    async revoke({ accessToken, refreshToken, grant: kept }) {
      const { metadata, client }: Grant = JSON.parse(kept);
      const endpoint = "revocation_endpoint" in metadata ? metadata.revocation_endpoint : undefined;
      // The token that is given up stays secret, so that nobody uses it before it is revoked.
      if (typeof endpoint !== "string" || !isSafe(endpoint)) return;
      const { client_id: id, client_secret: secret } = client;
      const body = new URLSearchParams({
        token: refreshToken ?? accessToken,
        client_id: id,
        ...(secret !== undefined && { client_secret: secret }),
      });
      const headers = { "content-type": "application/x-www-form-urlencoded" };
      await fetch(endpoint, { method: "POST", headers, body }).catch(() => {});
    },
  };
}

const begunIn = ({ request }: AuthorizationMemory): Begun => JSON.parse(request);

/** What the source says of itself (RFC 9728); null: it says nothing. */
async function describedBy(url: string, place: URL | undefined, fetch: GuardedFetch) {
  let problem: unknown = null;
  const noting: GuardedFetch = async (given, init) => {
    try {
      return await fetch(given, init);
    } catch (error) {
      problem = error;
      throw error;
    }
  };
  const options = place && { resourceMetadataUrl: place };
  return discoverOAuthProtectedResourceMetadata(url, options, noting).catch((error: unknown) => {
    if (problem !== null || place !== undefined) throw problem ?? error;
    return null;
  });
}

/** Where the person's browser is sent. */
function checkPage(address: string): void {
  if (!isSafe(address))
    throw refused("the page on which people sign in to it has no https address");
}

/** Whether nobody else reads what is sent there. */
function isSafe(address: string): boolean {
  const url = URL.parse(address);
  return url?.protocol === "https:" || (url?.protocol === "http:" && LOOPBACK.test(url.hostname));
}

/** Undefined: none is named. */
function scopeOf(
  chosen: readonly string[] | null,
  asked: string | undefined,
  known: readonly string[] | undefined,
  ofServer: readonly string[] | undefined,
): string | undefined {
  if (chosen) return chosen.join(" ");
  const scopes = asked?.split(" ") ?? [...(known ?? [])];
  const withOffline = ofServer?.includes(OFFLINE) ? [...scopes, OFFLINE] : scopes;
  return withOffline.length > 0 ? [...new Set(withOffline)].join(" ") : undefined;
}

function tokensOf(tokens: OAuthTokens, before: string | null, grant: Grant): ToolTokens {
  const { access_token: accessToken, token_type: type, expires_in: seconds } = tokens;
  const refreshToken = tokens.refresh_token ?? before;
  if (type.toLowerCase() !== "bearer") throw refused("it gives tokens of an unknown kind");
  const isFit = /^[\x21-\x7e]+$/u.test(accessToken) && accessToken.length <= MAX_TOKEN_CHARACTERS;
  if (!isFit) throw refused("it gives a token that cannot be sent");
  return {
    accessToken,
    refreshToken,
    expiresAtMs: seconds === undefined ? null : Date.now() + seconds * 1000,
    grant: JSON.stringify(grant),
  };
}

function withoutFragment(address: string): string {
  const url = new URL(address);
  url.hash = "";
  return url.href;
}

/** Says what went wrong without anything that may be secret. */
async function told<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof AppError ? error : refused(wordsOf(error));
  }
}

function wordsOf(error: unknown): string {
  if (error instanceof OAuthError) return `it answers '${inWords(String(error.code))}'`;
  if (error instanceof RegistrationRejectedError)
    return `it refused to register this server (status ${error.status})`;
  if (error instanceof Error && error.name === "IssuerMismatchError")
    return "it says that it is another server than the one that was asked";
  if (error instanceof Error && error.name === "InsecureTokenEndpointError")
    return "its address for tokens does not use https";
  return "its answer does not follow the protocol";
}

const refused = (why: string): AppError =>
  new AppError("unprocessable", `Signing in to this source is not possible: ${why}`);
const unavailable = (why: string): AppError =>
  new AppError(
    "unavailable",
    `The sign-in to this source cannot be renewed now: ${why}. Try again, or sign out and in again`,
  );
