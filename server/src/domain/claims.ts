import { LOCAL_TENANT } from "./principal.ts";
import { MAX_NAME_CHARACTERS } from "./text.ts";

/** What the claims of an issuer mean here. */
export type ClaimRules = {
  /** The claim that names the tenant; null: everybody belongs to the one tenant. */
  readonly tenantClaim: string | null;
  /** The claim, and the value in it, that makes an operator; null: no claim does. */
  readonly operatorClaim: { readonly name: string; readonly value: string } | null;
};

export type Standing = { readonly tenantId: string; readonly isOperator: boolean };

/** Null: the claim that should name the tenant names none. */
export function standingOf(
  claims: Readonly<Record<string, unknown>>,
  { tenantClaim, operatorClaim }: ClaimRules,
): Standing | null {
  const tenantId = tenantClaim === null ? LOCAL_TENANT : claimAt(claims, tenantClaim);
  if (typeof tenantId !== "string" || !isName(tenantId)) return null;
  const given = operatorClaim && claimAt(claims, operatorClaim.name);
  const values: readonly unknown[] = Array.isArray(given) ? given : [given];
  return { tenantId, isOperator: operatorClaim !== null && values.includes(operatorClaim.value) };
}

const isName = (text: string): boolean =>
  /\S/u.test(text) &&
  !/\p{Cc}/u.test(text) &&
  text.isWellFormed() &&
  text.length <= MAX_NAME_CHARACTERS;

/** A claim by its name, or by a path of names (`realm_access.roles`) where none has that name. */
function claimAt(claims: Readonly<Record<string, unknown>>, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path];
  let value: unknown = claims;
  for (const name of path.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name))
      return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}
