/** What the operator says of signing in to a source. */
export type SourceSignIn = {
  /** Null: the server registers itself. */
  readonly clientId: string | null;
  readonly clientSecret: string | null;
  /** Null: those that the source asks for. */
  readonly scopes: readonly string[] | null;
  /** Null: the one that the source names. */
  readonly issuer: string | null;
};

type Fields = Readonly<Record<string, unknown>>;

const KNOWN = ["client_id", "client_secret", "scopes", "issuer"];
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** Whether nobody else reads what is sent to an address. */
export const isSafeAddress = (address: URL | null): boolean =>
  address?.protocol === "https:" ||
  (address?.protocol === "http:" && LOOPBACK.test(address.hostname));

/**
 * The field `sign_in` of a source: `true`, or an object; null: people do not sign in to it.
 * @param filled puts the values of variables in
 * @param told gets what is wrong
 */
export function readSourceSignIn(
  value: unknown,
  filled: (text: string, field: string) => string,
  told: (problem: string) => void,
): SourceSignIn | null {
  if (value === undefined || value === false) return null;
  const fields: Fields = value === true ? {} : Object(value);
  if (typeof value !== "object" && value !== true) told("sign_in must be true, or an object");
  for (const name of Object.keys(fields))
    if (!KNOWN.includes(name))
      told(`sign_in: there is no field '${name}'. Known are ${KNOWN.join(", ")}`);
  const text = (field: string): string | null => {
    const given = fields[field];
    if (given === undefined) return null;
    if (typeof given === "string" && given !== "") return filled(given, `sign_in.${field}`);
    told(`sign_in.${field} must be a text`);
    return null;
  };
  const clientId = text("client_id");
  const clientSecret = text("client_secret");
  if (clientSecret !== null && clientId === null) told("sign_in: client_secret needs client_id");
  const issuer = text("issuer");
  const isSafe = issuer === null || isSafeAddress(URL.parse(issuer));
  if (!isSafe) told("sign_in.issuer must begin with https://");
  // Otherwise the source would say whom the secret is sent to.
  if (clientSecret !== null && issuer === null)
    told("sign_in: client_secret needs issuer, the server that it is for");
  const { scopes } = fields;
  const areTexts = Array.isArray(scopes) && scopes.every((scope) => /^[\x21-\x7e]+$/.test(scope));
  if (scopes !== undefined && !areTexts) told("sign_in.scopes must be a list of texts");
  return { clientId, clientSecret, issuer, scopes: areTexts ? scopes : null };
}
