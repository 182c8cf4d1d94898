import { AppError } from "../../domain/errors.ts";
import type { Usage } from "../../domain/message.ts";
import type { Owner } from "../../domain/principal.ts";
import type { BudgetStore, TokenReservation } from "../../ports/budget-store.ts";
import type { Clock } from "../../ports/clock.ts";
import type { ModelSettings, PromptMessage } from "../../ports/model.ts";
import { estimateTokens, IMAGE_TOKENS, MAX_IMAGE_TOKENS, textOfPrompt } from "../turns/prompt.ts";
import { rangeOfTexts, type TokenRange } from "../turns/token-counts.ts";

/** Tokens a day (UTC), of all models together; null: any number. */
export type BudgetLimits = {
  readonly userTokensPerDay: number | null;
  readonly tenantTokensPerDay: number | null;
  /** The longest answer where one of them is set. */
  readonly answerTokens: number;
};

/** The prompt that a model is about to receive. */
export type ReadPrompt = {
  readonly messages: readonly PromptMessage[];
  /** Tools and forms of the answer are read by the model as well. */
  readonly settings: Pick<ModelSettings, "tools" | "responseFormat" | "choices">;
  /** Tokens that the model takes in and gives out together. */
  readonly contextTokens: number;
};

/** What one turn may use, taken from the budgets before a model is asked. */
export type Reservation = {
  /**
   * Reserves what this prompt needs beyond what is reserved already. Gives the number of tokens
   * that the answer may have, or each of several; null: any number. @throws AppError rate_limited, unavailable
   */
  readonly fit: ((prompt: ReadPrompt) => Promise<number>) | null;
  /**
   * Replaces the reservation by what was really used. Calls after the first change nothing.
   * @param usage as the provider says it; null: it is estimated
   * @returns resolves when the budgets have it, and never rejects. Whoever tells a client how its request ended waits for
   * that first: the client's next request may be another server's.
   */
  settle(usage: Usage | null, answer: string): Promise<void>;
};

export type Budgets = {
  /**
   * @param readPrompt called only where there is a budget
   * @throws AppError rate_limited, until the budget begins anew; unavailable, and what reading throws
   */
  reserve(owner: Owner, readPrompt: () => Promise<ReadPrompt>): Promise<Reservation>;
  /** What is left of the budget that is tighter; null: there is none. @throws AppError unavailable */
  left(owner: Owner): Promise<TokensLeft | null>;
};

export type TokensLeft = {
  readonly limit: number;
  readonly remaining: number;
  /** Until it begins anew. */
  readonly resetMs: number;
};

const DAY_MS = 24 * 3_600_000;
/** An answer that would have to be shorter is not begun. */
const MIN_ANSWER_TOKENS = 64;

const SETTLED = Promise.resolve();
/** What needs no budget. */
export const FREE: Reservation = { fit: null, settle: () => SETTLED };

export function createBudgets(
  store: Pick<BudgetStore, "reserveTokens" | "settleTokens" | "usedTokens">,
  clock: Pick<Clock, "now">,
  { userTokensPerDay, tenantTokensPerDay, answerTokens }: BudgetLimits,
): Budgets {
  if (userTokensPerDay === null && tenantTokensPerDay === null)
    return { reserve: () => Promise.resolve(FREE), left: () => Promise.resolve(null) };
  const limits = { userLimit: userTokensPerDay, tenantLimit: tenantTokensPerDay };

  /** @throws AppError rate_limited, unavailable */
  const take = async (
    owner: Owner,
    amount: Pick<TokenReservation, "day" | "sure" | "likely" | "answer">,
  ): Promise<number> => {
    const leastAnswer = Math.min(MIN_ANSWER_TOKENS, amount.answer);
    const outcome = await store.reserveTokens(owner, { ...amount, leastAnswer, ...limits });
    if (typeof outcome === "number") return outcome;
    const limit = outcome === "user" ? userTokensPerDay : tenantTokensPerDay;
    throw usedUp(outcome, limit ?? 0, (amount.day + 1) * DAY_MS, clock.now().getTime());
  };

  return {
    async left(owner) {
      const now = clock.now().getTime();
      const day = Math.floor(now / DAY_MS);
      const { ofUser, ofTenant } = await store.usedTokens(owner, day);
      const budgets = [
        { limit: userTokensPerDay, used: ofUser },
        { limit: tenantTokensPerDay, used: ofTenant },
      ].flatMap(({ limit, used }) =>
        limit === null ? [] : [{ limit, remaining: Math.max(0, limit - used) }],
      );
      const [tightest] = budgets.toSorted((one, other) => one.remaining - other.remaining);
      return tightest ? { ...tightest, resetMs: (day + 1) * DAY_MS - now } : null;
    },
    async reserve(owner, readPrompt) {
      const day = Math.floor(clock.now().getTime() / DAY_MS);
      const prompt = await readPrompt();
      const first = await sizeOf(prompt);
      let { sure, likely } = first;
      const { choices = 1 } = prompt.settings;
      const each = Math.min(answerTokens, Math.max(1, prompt.contextTokens - likely));
      const wanted = each * choices;
      const answer = await take(owner, { day, sure, likely, answer: wanted });
      let promptTokens = 0;
      let settled: Promise<void> | null = null;
      return {
        async fit(read) {
          const { sure: readSure, likely: readLikely } =
            read === prompt ? first : await sizeOf(read);
          // The conversation may have grown since the prompt was read first.
          if (readSure > sure && !settled) {
            const more = { sure: readSure - sure, likely: Math.max(0, readLikely - likely) };
            await take(owner, { day, ...more, answer: 0 });
            sure = readSure;
            likely = Math.max(likely, readLikely);
          }
          promptTokens += readLikely;
          return Math.max(
            1,
            Math.min(Math.floor(answer / choices), read.contextTokens - readLikely),
          );
        },
        settle(usage, text) {
          if (settled) return settled;
          const answered = text === "" ? 0 : estimateTokens(text);
          const used = usage?.totalTokens ?? promptTokens + answered;
          // If the store cannot take the settlement, the reservation stays.
          settled = store
            .settleTokens(owner, { day, difference: used - sure - answer })
            .catch(() => {});
          return settled;
        },
      };
    },
  };
}

async function sizeOf({
  messages,
  settings: { tools, responseFormat },
}: ReadPrompt): Promise<TokenRange> {
  let images = 0;
  function* texts(): Generator<string> {
    if (tools || responseFormat) yield JSON.stringify([tools, responseFormat]);
    for (const message of messages) {
      images += imagesIn(message);
      yield textOfPrompt(message);
    }
  }
  const { sure, likely } = await rangeOfTexts(texts());
  return { sure: sure + images * MAX_IMAGE_TOKENS, likely: likely + images * IMAGE_TOKENS };
}

/** A budget is used up: as other limits, but for longer than anybody waits. */
export class BudgetError extends AppError {}

/** What is not text counts as an image. */
const imagesIn = ({ images = [], pieces = [] }: PromptMessage): number =>
  images.length + pieces.filter(({ type }) => type !== "text" && type !== "refusal").length;

const usedUp = (whose: "user" | "tenant", limit: number, resetsAt: number, now: number): AppError =>
  new BudgetError(
    "rate_limited",
    `${whose === "user" ? "Your budget" : "The budget that you share with others"} of ${limit.toLocaleString("en")} tokens a day is used up, or what is left is too little for this conversation or reserved for replies that are being generated. It begins anew at ${new Date(resetsAt).toISOString()}`,
    { retryAfterMs: resetsAt - now },
  );
