import type { Owner } from "../domain/principal.ts";

export type TokenReservation = {
  /** Days since 1970-01-01, UTC. */
  readonly day: number;
  /** Tokens that the prompt cannot exceed: what is reserved for it. */
  readonly sure: number;
  /** Tokens that it has by a cautious guess: what has to be left of the limits for it. */
  readonly likely: number;
  /** Tokens wanted for the answer. */
  readonly answer: number;
  /** With less than that for the answer nothing is reserved. */
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
  /** Corrects what was reserved that day by what it really was. @param settlement.difference may be negative */
  settleTokens(
    owner: Owner,
    settlement: { readonly day: number; readonly difference: number },
  ): Promise<void>;
  /** Forgets the days before that one. */
  forgetTokenUsage(before: number): Promise<void>;
}
