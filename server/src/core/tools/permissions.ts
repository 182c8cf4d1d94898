import type { Message } from "../../domain/message.ts";
import { CLIENT_TOOLS, type Part, type ToolOutcome } from "../../domain/parts.ts";
import type { Owner } from "../../domain/principal.ts";
import { mapInPieces } from "../../domain/turns-of-the-loop.ts";
import type { AgentStore } from "../../ports/agent-store.ts";
import type { ProfileStore } from "../../ports/profile-store.ts";
import type { QuestionStore } from "../../ports/question-store.ts";
import type { ServerTool } from "../../ports/tools.ts";
import type { Tools } from "./tools.ts";

/** The source of calls of tools that there are not, whose results are the server's own words. */
export const NO_SOURCE = "unknown";

/** Whether a call is made at once, only after its user was asked, or not at all. */
export type Permission = "run" | "ask" | "refused" | "not here";

type PermissionParts = {
  readonly store: Pick<AgentStore, "getAgent"> &
    Pick<QuestionStore, "isGranted"> &
    Pick<ProfileStore, "getProfile">;
  readonly tools: Pick<Tools, "find">;
};

/** Tools whose results are in what was said. They are kept by their names and sources, because a tool may change or go. */
type ToolsRead = readonly Pick<ServerTool, "name" | "source">[];

/** Whose words are in a history, besides those of its user. */
export type ReadBefore = {
  readonly tools: ToolsRead;
  /** Whether a message is not its user's own words (`TurnRecord.isUntrusted`), or came with files, which somebody else may have written. */
  readonly isUntrusted: boolean;
};

/** Where a tool is to be used, and by whom. */
type Place = {
  readonly owner: Owner;
  readonly conversationId: string;
  readonly agentId: string | null;
  /** Whether a model may remember there, if its user has switched that on. */
  readonly mayRemember: boolean;
  /** Whether somebody can be asked. */
  readonly canAsk: boolean;
  /** Whether somebody is asked each time, whatever the tool itself says and was remembered. */
  readonly alwaysAsks: boolean;
  /** Whose words are in the history that the model was told. @throws AppError unavailable */
  readBefore(): Promise<ReadBefore>;
  /** What the reply has so far. */
  readonly said: readonly Part[];
  /** Whether what it answers may be the words of strangers. */
  readonly isUntrusted: boolean;
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
  const { owner, conversationId, agentId, canAsk, said } = place;
  const agent = agentId === null ? null : await store.getAgent(owner, agentId);
  if (!isChosen(tool, agent?.tools ?? null)) return "refused";
  if (tool.needs === "memory" && !(await isMemoryOn(store, place))) return "refused";
  const question: Permission = canAsk ? "ask" : "not here";
  if (place.alwaysAsks) return question;
  if (tool.asks && !(await store.isGranted(owner, conversationId, tool))) return question;
  if (tool.effect === "reads") return "run";
  // Whatever was remembered: strangers may have written what the model does next.
  const isStrange = ({ name, source: of }: ToolsRead[number]) => !isTrusted(tools.find(name), of);
  if (place.isUntrusted || toolsReadIn(said).some(isStrange)) return question;
  const before = await place.readBefore();
  return before.isUntrusted || before.tools.some(isStrange) ? question : "run";
}

const isMemoryOn = async (
  store: PermissionParts["store"],
  { owner, mayRemember }: Pick<Place, "owner" | "mayRemember">,
): Promise<boolean> => mayRemember && ((await store.getProfile(owner))?.isMemoryOn ?? false);

/** Whether an agent with that choice of tools (null: all) uses that tool. A label is a tool's name or its source. */
export const isChosen = (
  { name, source }: Pick<ServerTool, "name" | "source">,
  labels: readonly string[] | null,
): boolean => labels === null || labels.includes(name) || labels.includes(source);

/**
 * Each tool of which messages have results is there once, whatever may be known of it by now.
 * @param messages oldest first
 */
export async function readIn(
  messages: readonly Pick<Message, "parts" | "turn" | "attachments">[],
): Promise<ReadBefore> {
  const read = new Map<string, ToolsRead[number]>();
  // A client may give results as messages of their own, after the reply with the calls.
  const called: Called = new Map();
  await mapInPieces(messages, ({ parts }) => {
    for (const one of toolsReadIn(parts ?? [], called))
      read.set(JSON.stringify([one.source, one.name]), one);
  });
  const isUntrusted = messages.some(
    ({ turn, attachments }) => turn?.isUntrusted || attachments?.length,
  );
  return { tools: [...read.values()], isUntrusted };
}

/** The tools that were called, by the ids of the calls. */
type Called = Map<string, ToolsRead[number]>;

/** @param called by what was said before; the calls of these parts are added */
function toolsReadIn(parts: readonly Part[], called: Called = new Map()): ToolsRead {
  for (const part of parts)
    if (part.type === "tool_call")
      called.set(part.callId, { name: part.name, source: part.source });
  return parts.flatMap((part) => {
    const tool = part.type === "tool_result" && called.get(part.callId);
    return tool && hasSaid(tool.source, part.outcome) ? tool : [];
  });
}

/** Whether a result is a tool's own words. A client may decline a call in words of its own. */
const hasSaid = (source: string, outcome: ToolOutcome): boolean =>
  source !== NO_SOURCE &&
  (outcome === "ok" || outcome === "failed" || (outcome === "declined" && source === CLIENT_TOOLS));

const isTrusted = (tool: ServerTool | undefined, source: string): boolean =>
  tool !== undefined && tool.source === source && tool.isTrusted;
