import { AppError } from "../../domain/errors.ts";
import type { Owner } from "../../domain/principal.ts";
import type { Limiter, LimitState, LimitWindow } from "../../ports/limiter.ts";

export type { LimitState } from "../../ports/limiter.ts";

/** What one wire allows. No windows: no limit. */
export type WireLimits = {
  readonly perUser: readonly LimitWindow[];
  readonly perAddress: readonly LimitWindow[];
};

/** Limits by the wire's name; null: none at all (RATE_LIMITS=off). */
export type LimitRules = Readonly<Record<string, WireLimits>> | null;

export type Limits = {
  /** Counts one request of a user. Null where the wire has no limit. @throws AppError rate_limited, carrying the state */
  takeForUser(wire: string, owner: Owner): Promise<LimitState | null>;
  /** Counts one request without a credential. Each address has the limit that the wire gives one user. */
  takeForAnonymous(wire: string, address: string): Promise<LimitState | null>;
  /** Counts one request from an address. */
  takeForAddress(wire: string, address: string): Promise<LimitState | null>;
  /** As Limiter.hold. */
  hold: Limiter["hold"];
};

/** A refusal with the state of the limit, for wires that put the state into headers. */
export class LimitError extends AppError {
  readonly state: LimitState;

  constructor(state: LimitState) {
    const seconds = Math.max(1, Math.ceil(state.resetMs / 1000));
    super(
      "rate_limited",
      `Too many requests: ${state.limit} are allowed in this time. Try again in ${seconds} s`,
      { retryAfterMs: seconds * 1000 },
    );
    this.state = state;
  }
}

export function createLimits(limiter: Limiter, rules: LimitRules): Limits {
  const take = async (
    key: readonly string[],
    windows: readonly LimitWindow[] | undefined,
  ): Promise<LimitState | null> => {
    if (!windows?.length) return null;
    const state = await limiter.consume(JSON.stringify(key), windows);
    if (!state.allowed) throw new LimitError(state);
    return state;
  };
  return {
    takeForUser: (wire, { tenantId, userId }) =>
      take([wire, tenantId, userId], rules?.[wire]?.perUser),
    takeForAnonymous: (wire, address) =>
      take([wire, "anonymous", "", address], rules?.[wire]?.perUser),
    takeForAddress: (wire, address) => take([wire, address], rules?.[wire]?.perAddress),
    hold: limiter.hold,
  };
}
