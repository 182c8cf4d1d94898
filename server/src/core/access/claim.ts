import { COMMAND } from "../../domain/command.ts";
import { AppError } from "../../domain/errors.ts";
import type { ClaimCode } from "../../ports/claim-code.ts";
import type { Clock } from "../../ports/clock.ts";

/** The way to the first key over the network: by the code that the server showed at its start. */
export type Claim = {
  /** Whether there is a code that is still good. */
  isOpen(): boolean;
  /**
   * Calls `make` if the code is right. The code is then used up, unless `make` fails.
   * @throws AppError forbidden, rate_limited, and what `make` throws
   */
  by<Made>(code: string, make: () => Promise<Made>): Promise<Made>;
};

const MAX_WRONG_A_MINUTE = 10;
const MINUTE_MS = 60_000;

/** @param code null: none was shown, so that only the command line makes the first key */
export function createClaim(code: ClaimCode | null, clock: Pick<Clock, "now">): Claim {
  let isSpent = code === null;
  let wrongSince = Number.NEGATIVE_INFINITY;
  let wrong = 0;

  const check = (sent: string): void => {
    const now = clock.now().getTime();
    if (Math.abs(now - wrongSince) >= MINUTE_MS) {
      wrongSince = now;
      wrong = 0;
    }
    if (wrong >= MAX_WRONG_A_MINUTE)
      throw new AppError(
        "rate_limited",
        "Too many wrong codes were sent. Look at the terminal in which the server was started, and try again in a minute",
        { retryAfterMs: wrongSince + MINUTE_MS - now },
      );
    if (!code || isSpent) throw new AppError("forbidden", HOW_ELSE);
    if (code.matches(sent)) return;
    wrong++;
    throw new AppError(
      "forbidden",
      `This is not the code that the server showed on its terminal when it started; each start shows a new one. Or run '${COMMAND} keys create --name me' on its machine`,
    );
  };

  return {
    isOpen: () => !isSpent,
    async by(sent, make) {
      check(sent);
      isSpent = true;
      try {
        return await make();
      } catch (error) {
        isSpent = false;
        throw error;
      }
    },
  };
}

const HOW_ELSE = `No code is good here now: this server showed none, or a key has been made. Run '${COMMAND} keys create --name me' on its machine`;
