import type { DecideAccess } from "../../core/access/access.ts";
import type { Admit } from "../../core/access/admission.ts";
import type { InstallationSecret } from "../../core/access/installation-secret.ts";
import type { Limits } from "../../core/access/limits.ts";
import type { Conversations } from "../../core/conversations.ts";
import type { Files } from "../../core/files.ts";
import type { Models } from "../../core/models.ts";
import type { Questions } from "../../core/tools/questions.ts";
import type { Tools } from "../../core/tools/tools.ts";
import type { SharedAnswers } from "../../core/turns/shared-answers.ts";
import type { Turns } from "../../core/turns/turn.ts";

/** The wire's name, in limits, metrics and the conversations begun through it. */
export const ORIGIN = "responses";

/** What the wire asks of the core. */
export type ResponsesParts = {
  readonly admit: Admit;
  readonly decide: DecideAccess;
  readonly limits: Pick<Limits, "takeForUser">;
  readonly conversations: Conversations;
  readonly turns: Turns;
  readonly answers: SharedAnswers;
  readonly files: Files;
  readonly models: Models;
  /** Null: the server has no tools of its own. */
  readonly serverTools: Tools | null;
  readonly questions: Pick<Questions, "decide">;
  /** With which clients are given what they cannot read or change. */
  readonly sealingSecret: InstallationSecret;
  readonly now: () => Date;
  /** How long a socket may be open. */
  readonly sessionMs: number;
};
