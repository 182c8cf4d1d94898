import type { TurnPlace } from "../../ports/store.ts";
import type { StartTurn } from "./turn.ts";

type Targeted = Pick<StartTurn, "target">;

export const placeOf = ({ target }: Targeted): TurnPlace | undefined =>
  target.kind === "existing" ? target.place : undefined;

export const isReplacing = ({ target }: Targeted): boolean =>
  target.kind === "existing" && target.replaceFrom !== undefined;

/** May begin a branch of its own. */
export const isForking = (request: Targeted): boolean =>
  (placeOf(request)?.kind ?? "branch") !== "branch";

/** Answers a stored question. */
export const isAnswering = (request: Targeted): boolean => placeOf(request)?.kind === "answer";
