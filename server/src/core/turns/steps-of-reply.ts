import { branchOf } from "../../domain/branches.ts";
import type { Part } from "../../domain/parts.ts";
import type { Speaker } from "../../domain/principal.ts";
import type { Reservation } from "../access/budgets.ts";
import type { AskedState, StepState } from "../tools/step-state.ts";
import type { Tools } from "../tools/tools.ts";
import { type OpenRequest, type Question, readPrompt, requestReply } from "./model-request.ts";
import type { Stop } from "./stop.ts";
import type { TurnParts } from "./turn.ts";

/** With what a reply may have several steps. */
export type StepsOfReply = {
  readonly tools: Tools;
  readonly asked: AskedState;
  /** Whether the messages to answer come with files, which somebody else may have written. */
  readonly hasFiles: boolean;
  /** How often the reply was taken over. */
  readonly epoch: number;
  /** What was noted before that; null: the reply begins here. */
  readonly begun: StepState | null;
  /**
   * Asks the model again, with the history and these parts of the reply.
   * @throws AppError rate_limited (the budget), unavailable
   */
  readonly ask: (
    said: readonly Part[],
    isLast: boolean,
  ) => Promise<{ readonly request: OpenRequest; readonly reservation: Reservation }>;
};

/** What a reply of several steps needs, whichever server continues it. */
export function stepsOf(
  parts: TurnParts,
  tools: Tools,
  given: {
    readonly speaker: Speaker;
    readonly stop: Stop;
    readonly conversationId: string;
    /** The messages to answer. */
    readonly input: Question["input"];
    readonly firstMessageId: string;
    readonly epoch: number;
    readonly begun: StepState | null;
    readonly asked: AskedState;
  },
): StepsOfReply {
  const { speaker, stop, conversationId, input, firstMessageId, epoch, begun, asked } = given;
  return {
    ...{ tools, asked, epoch, begun },
    hasFiles: input.some(({ attachments }) => attachments?.length),
    async ask(said, isLast) {
      // What the first answer was to call has been called by now.
      const { toolChoice, ...rest } = asked.settings;
      const settings = toolChoice === "none" ? asked.settings : rest;
      const question = {
        owner: speaker,
        conversationId,
        agentId: asked.agentId,
        projectId: asked.projectId ?? null,
        mayRemember: asked.mayRemember ?? false,
        firstMessageId,
        branch: branchOf(asked.before),
        before: asked.before,
        input,
        model: asked.model,
        temperature: asked.temperature,
        serverTools: tools,
        settings: isLast ? { ...settings, toolChoice: "none" as const } : settings,
        prompt: undefined,
        instructions: asked.instructions,
        refusesTruncation: asked.refusesTruncation,
        said,
      };
      const reservation = await parts.budgets.reserve(speaker, () => readPrompt(parts, question));
      return { request: requestReply(parts, { ...question, reservation }, stop), reservation };
    },
  };
}
