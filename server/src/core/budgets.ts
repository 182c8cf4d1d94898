import { AppError } from "../domain/errors.ts";
import type { Usage } from "../domain/message.ts";
import type { Owner } from "../domain/principal.ts";
import type { BudgetStore } from "../ports/budget-store.ts";
import type { Clock } from "../ports/clock.ts";
import type { PromptMessage } from "../ports/model.ts";
import { estimateTokens } from "./prompt.ts";

/** Tokens a day (UTC), of all models together; null: any number. */
export type BudgetLimits = {
  readonly userTokensPerDay: number | null;
  readonly tenantTokensPerDay: number | null;
};

/** What one turn may use, taken from the budgets before a model is asked. */
export type Reservation = {
  /** A model is asked this. */
  asked(messages: readonly PromptMessage[]): void;
  /** It is over: takes what was really used. Calls after the first do nothing. @param usage as the provider says it; null: it is estimated */
  settle(usage: Usage | null, answer: string): void;
};

export type Budgets = {
  /** @throws AppError rate_limited, until the budget begins anew; unavailable */
  reserve(owner: Owner, content: string): Promise<Reservation>;
};

const DAY_MS = 24 * 3_600_000;
/** What an answer is taken to need, besides the message itself, until its provider says better. */
const ANSWER_TOKENS = 1024;

const FREE: Reservation = { asked() {}, settle() {} };

export function createBudgets(
  store: Pick<BudgetStore, "reserveTokens" | "settleTokens">,
  clock: Pick<Clock, "now">,
  { userTokensPerDay, tenantTokensPerDay }: BudgetLimits,
): Budgets {
  if (userTokensPerDay === null && tenantTokensPerDay === null)
    return { reserve: () => Promise.resolve(FREE) };
  return {
    async reserve(owner, content) {
      const now = clock.now().getTime();
      const day = Math.floor(now / DAY_MS);
      const tokens = estimateTokens(content) + ANSWER_TOKENS;
      const limits = { userLimit: userTokensPerDay, tenantLimit: tenantTokensPerDay };
      const outcome = await store.reserveTokens(owner, { day, tokens, ...limits });
      if (outcome !== "reserved") {
        const limit = outcome === "user" ? userTokensPerDay : tenantTokensPerDay;
        throw usedUp(outcome, limit ?? 0, (day + 1) * DAY_MS, now);
      }
      let promptTokens = 0;
      let isSettled = false;
      return {
        asked(messages) {
          for (const { content: text } of messages) promptTokens += estimateTokens(text);
        },
        settle(usage, answer) {
          if (isSettled) return;
          isSettled = true;
          const answerTokens = answer === "" ? 0 : estimateTokens(answer);
          const used = usage?.totalTokens ?? promptTokens + answerTokens;
          // A store that cannot take it keeps the estimate.
          store.settleTokens(owner, { day, difference: used - tokens }).catch(() => {});
        },
      };
    },
  };
}

const usedUp = (whose: "user" | "tenant", limit: number, resetsAt: number, now: number): AppError =>
  new AppError(
    "rate_limited",
    `${whose === "user" ? "Your budget" : "The budget that you share with others"} of ${limit.toLocaleString("en")} tokens a day is used up. It begins anew at ${new Date(resetsAt).toISOString()}`,
    { retryAfterMs: resetsAt - now },
  );
