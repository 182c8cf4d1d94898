import type { Owner } from "../domain/principal.ts";

export type TokenReservation = {
  /** Days since 1970-01-01, UTC. */
  readonly day: number;
  readonly tokens: number;
  /** Nothing is reserved once so many are used or reserved that day; null: no limit. */
  readonly userLimit: number | null;
  readonly tenantLimit: number | null;
};

/** How many tokens users and tenants have used; exact with any number of replicas. */
export interface BudgetStore {
  /** Adds the tokens to what the user and the tenant have used, or says which of them has none left: then nothing is added. */
  reserveTokens(
    owner: Owner,
    reservation: TokenReservation,
  ): Promise<"reserved" | "user" | "tenant">;
  /** Corrects what was reserved that day by what it really was. @param settlement.difference may be negative */
  settleTokens(
    owner: Owner,
    settlement: { readonly day: number; readonly difference: number },
  ): Promise<void>;
  /** Forgets the days before that one. */
  forgetTokenUsage(before: number): Promise<void>;
}
