import type { Principal } from "../../domain/principal.ts";
import type { Claims, DecideAccess, Visitor } from "./access.ts";
import type { Budgets, TokensLeft } from "./budgets.ts";
import type { LimitState, Limits } from "./limits.ts";

export type Admission = {
  readonly principal: Principal;
  readonly limit: LimitState | null;
  /** What is left of the user's budget of tokens; null where there is none, or where nobody can say it now. */
  tokensLeft(): Promise<TokensLeft | null>;
};

/**
 * Admits a request to a wire in two steps. The first judges the credential. The second finds the user by
 * the user ids that the request claims, and counts the request against that user's limit.
 * @throws AppError of DecideAccess; the second step throws those of ActAs, and rate_limited
 */
export type Admit = (
  wire: string,
  visitor: Visitor,
) => Promise<(claims: Claims) => Promise<Admission>>;

export function createAdmission(
  decide: DecideAccess,
  limits: Limits,
  budgets: Pick<Budgets, "left">,
): Admit {
  return async (wire, visitor) => {
    const actAs = await decide(visitor);
    return async (claims) => {
      const principal = actAs(claims);
      // Reading a link does not count against its owner's limits.
      if (principal.proof.kind === "link")
        return {
          principal,
          limit: await limits.takeForAddress("shared", visitor.connection.address),
          tokensLeft: async () => null,
        };
      // A visitor without a proof may claim any user id, so the limit counts these visitors by address as well.
      const ofAddress =
        principal.proof.kind === "open"
          ? await limits.takeForAnonymous(wire, visitor.connection.address)
          : null;
      const ofUser = await limits.takeForUser(wire, principal);
      const isTighter =
        ofAddress !== null && ofUser !== null && ofAddress.remaining < ofUser.remaining;
      return {
        principal,
        limit: isTighter ? ofAddress : ofUser,
        tokensLeft: () => budgets.left(principal).catch(() => null),
      };
    };
  };
}
