import type { Admit } from "../../core/access/admission.ts";
import type { Limits } from "../../core/access/limits.ts";
import type { Conversations } from "../../core/conversations.ts";
import type { Questions } from "../../core/tools/questions.ts";
import type { Turns } from "../../core/turns/turn.ts";

/** The wire's name, in limits, metrics and the conversations begun through it. */
export const ORIGIN = "mcp";

/** What the wire asks of the core. */
export type McpParts = {
  readonly admit: Admit;
  readonly limits: Pick<Limits, "takeForUser">;
  readonly conversations: Pick<
    Conversations,
    "draft" | "get" | "list" | "message" | "messages" | "search"
  >;
  readonly turns: Pick<Turns, "start" | "turnOf" | "watch">;
  readonly questions: Pick<Questions, "open">;
  readonly version: string;
  readonly now: () => Date;
};
