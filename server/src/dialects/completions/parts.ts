import type { Admit } from "../../core/access/admission.ts";
import type { Agents } from "../../core/agents.ts";
import type { Conversations } from "../../core/conversations.ts";
import type { Files } from "../../core/files.ts";
import type { Models } from "../../core/models.ts";
import type { SharedAnswers } from "../../core/turns/shared-answers.ts";
import type { Turns } from "../../core/turns/turn.ts";

/** The wire's name, in limits, metrics and the conversations begun through it. */
export const ORIGIN = "completions";

/** What the wire asks of the core. */
export type CompletionsParts = {
  readonly admit: Admit;
  readonly agents: Agents;
  readonly conversations: Conversations;
  readonly files: Files;
  readonly models: Models;
  readonly turns: Turns;
  readonly answers: SharedAnswers;
  readonly now: () => Date;
};
