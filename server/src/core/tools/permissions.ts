import type { Message } from "../../domain/message.ts";
import { CLIENT_TOOLS, type Part } from "../../domain/parts.ts";
import type { Owner } from "../../domain/principal.ts";
import type { AgentStore } from "../../ports/agent-store.ts";
import type { QuestionStore } from "../../ports/question-store.ts";
import type { MessageStore } from "../../ports/store.ts";
import type { ServerTool } from "../../ports/tools.ts";
import type { Tools } from "./tools.ts";

/** The source of calls of tools that there are not, whose results are the server's own words. */
export const NO_SOURCE = "unknown";

/** Whether a call is made at once, only after its user was asked, or not at all. */
export type Permission = "run" | "ask" | "refused" | "not here";

type PermissionParts = {
  readonly store: Pick<AgentStore, "getAgent"> &
    Pick<QuestionStore, "isGranted"> &
    Pick<MessageStore, "recentMessages">;
  readonly tools: Pick<Tools, "find">;
};

/** Where a tool is to be used, and by whom. */
type Place = {
  readonly owner: Owner;
  readonly conversationId: string;
  readonly agentId: string | null;
  /** Whether somebody can be asked. */
  readonly canAsk: boolean;
  /** The sequence before which the model was told what was said, and how much of it at most. */
  readonly before: number;
  readonly maxCharacters: number;
  /** What the reply has so far. */
  readonly said: readonly Part[];
};

/**
 * Says whether that user may use a tool now, in that conversation, with that agent. It is asked at each call; what
 * models are offered is what it would not refuse (core/tools/tools.ts).
 * @throws AppError unavailable
 */
export async function permissionOf(
  { store, tools }: PermissionParts,
  place: Place,
  tool: ServerTool,
): Promise<Permission> {
  const { owner, conversationId, agentId, canAsk, before, maxCharacters, said } = place;
  const agent = agentId === null ? null : await store.getAgent(owner, agentId);
  if (!isChosen(tool, agent?.tools ?? null)) return "refused";
  const question: Permission = canAsk ? "ask" : "not here";
  if (tool.asks && !(await store.isGranted(owner, conversationId, tool))) return question;
  if (tool.effect === "reads") return "run";
  // Whatever was remembered: strangers may have written what the model does next.
  if (isTainted(tools, said)) return question;
  const limits = { maxCharacters, beforeSequence: before };
  const history = await store.recentMessages(owner, conversationId, limits);
  return history.some((message: Message) => isTainted(tools, message.parts ?? []))
    ? question
    : "run";
}

/** Whether an agent with that choice of tools (null: all) uses that tool. A label is a tool's name or its source. */
export const isChosen = (
  { name, source }: Pick<ServerTool, "name" | "source">,
  labels: readonly string[] | null,
): boolean => labels === null || labels.includes(name) || labels.includes(source);

/** Whether there are results of a tool that is not trusted, or is not there any more. */
function isTainted(tools: Pick<Tools, "find">, parts: readonly Part[]): boolean {
  const untrusted = new Set(
    parts.flatMap((part) =>
      part.type === "tool_call" &&
      part.source !== CLIENT_TOOLS &&
      part.source !== NO_SOURCE &&
      !isTrusted(tools.find(part.name), part.source)
        ? part.callId
        : [],
    ),
  );
  return parts.some(
    (part) =>
      part.type === "tool_result" &&
      (part.outcome === "ok" || part.outcome === "failed") &&
      untrusted.has(part.callId),
  );
}

const isTrusted = (tool: ServerTool | undefined, source: string): boolean =>
  tool !== undefined && tool.source === source && tool.isTrusted;
