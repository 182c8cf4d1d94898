import type { Admit } from "../../core/access/admission.ts";
import type { Agents } from "../../core/agents.ts";
import type { SharedAnswers } from "../../core/turns/shared-answers.ts";
import type { Turns } from "../../core/turns/turn.ts";

/** The wire's name, in limits and metrics. */
export const ORIGIN = "messages";

/** What the wire asks of the core. */
export type MessagesParts = {
  readonly admit: Admit;
  readonly agents: Agents;
  readonly turns: Pick<Turns, "lastKey">;
  readonly answers: SharedAnswers;
  readonly now: () => Date;
};
