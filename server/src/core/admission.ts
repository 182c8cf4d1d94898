import type { Principal } from "../domain/principal.ts";
import type { AccessRequest, DecideAccess } from "./access.ts";
import type { LimitState, Limits } from "./limits.ts";

export type Admission = { readonly principal: Principal; readonly limit: LimitState | null };

/**
 * The way into every wire: who is it, and has that user anything left?
 * @throws AppError of DecideAccess, and rate_limited
 */
export type Admit = (wire: string, request: AccessRequest) => Promise<Admission>;

export function createAdmission(decide: DecideAccess, limits: Limits): Admit {
  return async (wire, request) => {
    const principal = await decide(request);
    return { principal, limit: await limits.takeForUser(wire, principal) };
  };
}
