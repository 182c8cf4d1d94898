// An issuer of tokens as OpenID Connect has them, over real HTTP, with keys of its own.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from "jose";

export const AUDIENCE = "colloquy-test";

export type IssuerServer = Awaited<ReturnType<typeof startIssuer>>;

/** How a token differs from a good one; a field that is undefined is left out of it. */
export type TokenOptions = {
  readonly algorithm?: string;
  readonly header?: Readonly<Record<string, unknown>>;
  readonly claims?: JWTPayload & Readonly<Record<string, unknown>>;
  readonly key?: CryptoKey | Uint8Array;
};

export async function startIssuer() {
  const keys = new Map<string, CryptoKey>();
  const published: JWK[] = [];
  const asked: string[] = [];
  let isDown = false;
  let held: Promise<void> = Promise.resolve();

  /** Makes a key pair and publishes its public half. */
  async function addKey(algorithm: string, kid: string): Promise<void> {
    const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true });
    keys.set(kid, privateKey);
    published.push({ ...(await exportJWK(publicKey)), kid, alg: algorithm, use: "sig" });
  }

  const server = createServer(async (request, response) => {
    asked.push(request.url ?? "");
    await held;
    const { port } = server.address() as AddressInfo;
    const issuer = `http://127.0.0.1:${port}`;
    const answers: Record<string, unknown> = {
      "/.well-known/openid-configuration": { issuer, jwks_uri: `${issuer}/keys` },
      "/keys": { keys: published },
    };
    const answer = answers[request.url ?? ""];
    response.writeHead(isDown ? 500 : answer ? 200 : 404, { "content-type": "application/json" });
    response.end(JSON.stringify(isDown ? {} : (answer ?? {})));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  await addKey("RS256", "rsa");
  await addKey("ES256", "ec");
  await addKey("EdDSA", "ed");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    url,
    /** What makes a server trust this issuer. */
    environment: { AUTH_JWT_ISSUER: url, AUTH_JWT_AUDIENCE: AUDIENCE },
    published,
    addKey,
    keyOf: (kid: string): CryptoKey => {
      const key = keys.get(kid);
      if (!key) throw new Error(`There is no key ${kid}`);
      return key;
    },
    /** The paths that were fetched, in order. */
    asked,
    fail(fails: boolean) {
      isDown = fails;
    },
    /** From now on nothing is answered, until what it gives is called. */
    hold(): () => void {
      const { promise, resolve } = Promise.withResolvers<void>();
      held = promise;
      return resolve;
    },
    /** A good token, unless the options spoil it. */
    token(subject: string, options: TokenOptions = {}): Promise<string> {
      const { algorithm = "RS256", header = { kid: "rsa" } } = options;
      const now = Math.floor(Date.now() / 1000);
      const claims = {
        iss: url,
        aud: AUDIENCE,
        sub: subject,
        iat: now,
        exp: now + 600,
        ...options.claims,
      };
      return new SignJWT(claims as JWTPayload)
        .setProtectedHeader({ alg: algorithm, typ: "JWT", ...header })
        .sign(options.key ?? this.keyOf(String(header.kid)));
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
