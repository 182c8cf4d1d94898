import type { Owner } from "../domain/principal.ts";

export type TokenReservation = {
  /** Days since 1970-01-01, UTC. */
  readonly day: number;
  /** The upper bound of the prompt's tokens, which is reserved. */
  readonly sure: number;
  /** A cautious estimate of the prompt's tokens, which must fit into the limits. */
  readonly likely: number;
  /** Tokens wanted for the answer. */
  readonly answer: number;
  /** If less than that is left for the answer, nothing is reserved. */
  readonly leastAnswer: number;
  /** Tokens that may be used that day; null: any number. */
  readonly userLimit: number | null;
  readonly tenantLimit: number | null;
};

/** How many tokens users and tenants have used; exact with any number of replicas. */
export interface BudgetStore {
  /**
   * Reserves the prompt and as much of the answer as fits into what the user and the tenant have left
   * beside the likely size of the prompt; gives the tokens of the answer. Otherwise says which of them
   * has not enough left: then nothing is reserved. Since a prompt is reserved with what it cannot exceed,
   * what is reserved passes a limit by one prompt at most.
   */
  reserveTokens(owner: Owner, reservation: TokenReservation): Promise<number | "user" | "tenant">;
  /** What the user and the tenant have used or reserved that day. */
  usedTokens(
    owner: Owner,
    day: number,
  ): Promise<{ readonly ofUser: number; readonly ofTenant: number }>;
  /** Corrects the reservation of that day by what was really used. @param settlement.difference may be negative */
  settleTokens(
    owner: Owner,
    settlement: { readonly day: number; readonly difference: number },
  ): Promise<void>;
  /** Forgets the days before that one. */
  forgetTokenUsage(before: number): Promise<void>;
}
