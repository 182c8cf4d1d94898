// Tokens that no server may accept, each with its name: forged, damaged, or meant for another.
import { constants, createHmac, createPublicKey, sign as signBytes } from "node:crypto";
import { exportSPKI, generateKeyPair, importJWK, type JWK } from "jose";
import { AUDIENCE, type IssuerServer, type TokenOptions } from "./issuer-server.ts";

export type Forged = { readonly name: string; readonly token: string };

const encode = (value: unknown): string =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

type Claims = Readonly<Record<string, unknown>>;

/** @param canary an address that nothing may fetch */
export async function forgedTokens(issuer: IssuerServer, canary: string): Promise<Forged[]> {
  const forged: Forged[] = [];
  const add = (name: string, token: string) => forged.push({ name, token });
  const good = await issuer.token("ann");
  const [head = "", body = "", signature = ""] = good.split(".");
  const now = Math.floor(Date.now() / 1000);
  const signed = async (name: string, options: TokenOptions) =>
    add(name, await issuer.token("ann", options));

  for (const alg of ["none", "None", "NONE", "nOnE", "", "null", "HS0", "RS256 "])
    for (const [what, end] of [
      ["no signature", ""],
      ["the signature of another", signature],
    ] as const)
      add(`alg '${alg}' with ${what}`, `${encode({ alg, kid: "rsa" })}.${body}.${end}`);
  add("no alg at all", `${encode({ kid: "rsa" })}.${body}.${signature}`);

  for (const jwk of issuer.published)
    for (const [what, secret] of await publicForms(jwk))
      for (const bits of [256, 384, 512])
        for (const header of [{ kid: jwk.kid }, {}]) {
          const text = `${encode({ alg: `HS${bits}`, typ: "JWT", ...header })}.${body}`;
          const mac = createHmac(`sha${bits}`, secret).update(text).digest("base64url");
          add(
            `HS${bits} with ${what} of ${jwk.kid} as its secret ${JSON.stringify(header)}`,
            `${text}.${mac}`,
          );
        }

  for (const alg of ["RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "EdDSA", "Ed25519"]) {
    const text = `${encode({ alg, kid: "rsa" })}.${body}`;
    const pem = { key: await pemOf(issuer.keyOf("rsa")), padding: constants.RSA_PKCS1_PADDING };
    const bytes = signBytes(`sha${/256|384|512/.exec(alg)?.[0] ?? 256}`, Buffer.from(text), pem);
    add(`the right RSA key used as ${alg}`, `${text}.${bytes.toString("base64url")}`);
  }

  const wrong: Record<string, readonly unknown[]> = {
    iss: [
      undefined,
      "",
      null,
      7,
      `${issuer.url}/`,
      issuer.url.toUpperCase(),
      ` ${issuer.url}`,
      `${issuer.url}.evil.example`,
      [issuer.url],
      "https://evil.example",
    ],
    aud: [
      undefined,
      "",
      null,
      7,
      "other",
      AUDIENCE.toUpperCase(),
      `${AUDIENCE} `,
      `${AUDIENCE}x`,
      [],
      ["other"],
      [[AUDIENCE]],
      { [AUDIENCE]: true },
    ],
    exp: [
      undefined,
      null,
      "",
      "9999999999",
      0,
      -1,
      now,
      now - 1,
      now - 60,
      now - 31_536_000,
      [now + 60],
      true,
    ],
    nbf: [now + 60, now + 31_536_000, "0", null],
    iat: [undefined, null, "now", {}, now + 3600, now + 31_536_000],
    sub: [undefined, null, "", " ", "\t\n", 7, ["ann"], { id: "ann" }, "x".repeat(256)],
  };
  for (const [claim, values] of Object.entries(wrong))
    for (const value of values)
      add(
        `${claim} ${JSON.stringify(value)?.slice(0, 40)}`,
        await withClaims(issuer, { [claim]: value }),
      );

  for (const typ of [
    ...[
      "logout+jwt",
      "secevent+jwt",
      "dpop+jwt",
      "at+jwt ",
      "JWS",
      "JWE",
      "application/logout+jwt",
    ],
    ...["rt+jwt", "id+jwt", "entity-statement+jwt", "jwt+at", "", 7, null, ["JWT"], { JWT: true }],
  ])
    await signed(`typ ${JSON.stringify(typ)}`, { header: { kid: "rsa", typ } });

  const bytesOf = (part: string) => Buffer.from(part, "base64url");
  for (const [place, part] of [head, body, signature].entries())
    for (let step = 0; step < 12; step++) {
      const bytes = bytesOf(part);
      const at = Math.floor((step * bytes.length) / 12);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (step % 8));
      const parts = [head, body, signature];
      parts[place] = bytes.toString("base64url");
      add(`part ${place + 1} with a bit of byte ${at} changed`, parts.join("."));
    }
  for (let step = 1; step < 10; step++)
    add(`cut after ${step} tenths`, good.slice(0, Math.floor((good.length * step) / 10)));
  const other = await issuer.token("bob");
  add("the signature of another token", `${head}.${body}.${other.split(".")[2]}`);
  add("the claims of another token", `${head}.${other.split(".")[1]}.${signature}`);
  for (const [name, token] of [
    ["two parts", `${head}.${body}`],
    ["four parts", `${good}.${signature}`],
    ["five parts, as if encrypted", `${good}.${signature}.${signature}`],
    ["empty parts", ".."],
    ["twice", `${good}${good}`],
    ["claims that are no JSON", `${head}.${encode("ann")}.${signature}`],
    ["claims that are a list", `${head}.${encode([])}.${signature}`],
    ["a header that is null", `${encode(null)}.${body}.${signature}`],
    [
      "an ECDSA signature of zeros",
      `${encode({ alg: "ES256", kid: "ec" })}.${body}.${Buffer.alloc(64).toString("base64url")}`,
    ],
  ] as const)
    add(name, token);

  for (const kid of [
    ...["unknown", "", "RSA", " rsa", "rsa\u0000", "../../rsa", "' OR 1=1 --", "x".repeat(2000)],
    issuer.url,
    `${canary}/keys`,
  ])
    add(
      `kid ${JSON.stringify(kid).slice(0, 30)}`,
      await withClaims(issuer, {}, { alg: "RS256", kid }),
    );
  for (const crit of [["exp"], ["b64"], [], "exp", ["unknown"]])
    add(
      `crit ${JSON.stringify(crit)}`,
      await withClaims(issuer, {}, { alg: "RS256", kid: "rsa", crit, b64: false, unknown: 1 }),
    );
  for (const [algorithm, kid] of [
    ["RS256", "rsa"],
    ["ES256", "ec"],
    ["EdDSA", "ed"],
  ] as const) {
    const mine = await generateKeyPair(algorithm, { extractable: true });
    const jwk = await exportOf(mine.publicKey);
    for (const header of [
      { kid },
      {},
      { kid, jwk },
      { jwk },
      { kid, jku: `${canary}/keys` },
      { jku: `${canary}/keys` },
      { kid, x5u: `${canary}/chain` },
    ])
      await signed(`a ${algorithm} key of one's own, ${JSON.stringify(Object.keys(header))}`, {
        algorithm,
        header,
        key: mine.privateKey,
      });
  }
  return forged;
}

/** A token signed as it must be, with claims or a header that are not. */
async function withClaims(
  issuer: IssuerServer,
  claims: Claims,
  header: Claims = { alg: "RS256", kid: "rsa" },
): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const all = { iss: issuer.url, aud: AUDIENCE, sub: "ann", iat: now, exp: now + 600, ...claims };
  const text = `${encode(header)}.${encode(all)}`;
  const pem = await pemOf(issuer.keyOf("rsa"));
  return `${text}.${signBytes("sha256", Buffer.from(text), pem).toString("base64url")}`;
}

const pemOf = async (key: CryptoKey): Promise<string> => {
  const bytes = Buffer.from(await crypto.subtle.exportKey("pkcs8", key));
  return `-----BEGIN PRIVATE KEY-----\n${bytes.toString("base64")}\n-----END PRIVATE KEY-----\n`;
};

const exportOf = (key: CryptoKey): Promise<JsonWebKey> => crypto.subtle.exportKey("jwk", key);

/** A public key in every form that a careless check might take for a shared secret. */
async function publicForms(jwk: JWK): Promise<(readonly [string, string | Buffer])[]> {
  const spki = await exportSPKI((await importJWK(jwk, jwk.alg)) as CryptoKey);
  const key = createPublicKey(spki);
  return [
    ["the PEM", spki],
    ["the PEM with a line break more", `${spki}\n`],
    ["the DER", key.export({ type: "spki", format: "der" })],
    ["the JWK", JSON.stringify(jwk)],
  ];
}
