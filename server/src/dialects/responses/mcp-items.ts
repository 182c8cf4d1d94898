// Calls of the server's tools as items of the Responses API, and the stages of a response that waited for approvals.
import type { JsonObject, JsonValue } from "../../domain/json.ts";
import { CLIENT_TOOLS, CUSTOM_TOOLS, type Part } from "../../domain/parts.ts";
import { idOf } from "../openai/ids.ts";
import type { ItemBody } from "./item-body.ts";
import { type ListedSource, shortName } from "./mcp-tools.ts";

type ToolCall = Extract<Part, { type: "tool_call" }>;
type ToolResult = Extract<Part, { type: "tool_result" }>;

/** What was approved, or was not. */
export type Approval = { readonly id: string; readonly approve: boolean };

/**
 * What came to an end because it waited for approvals: the parts of the reply before `to`, with the calls that were
 * asked about. What follows is the next stage, which is a response of its own.
 */
export type Stage = {
  readonly to: number;
  readonly asked: readonly string[];
  readonly approvals: readonly Approval[];
  /** In milliseconds: when it began to wait, and when it was answered. */
  readonly endedAt: number;
  readonly answeredAt: number;
};

/** What a response keeps of the tools of sources. */
export type SourceRecord = {
  readonly listed: readonly ListedSource[];
  readonly stages: readonly Stage[];
};

/** What of a reply one response shows. */
export type StageView = SourceRecord & {
  /** 0: the first one. */
  readonly stage: number;
  /** Of the parts: the first one, and the one after the last; null: there is no end yet. */
  readonly from: number;
  readonly to: number | null;
  /** The calls that were asked about at its end, where that is known. */
  readonly asked: readonly string[];
  /** In milliseconds: since when it waits; null: it does not, or that is in its stage. */
  readonly endedAt: number | null;
};

export function stageView(record: SourceRecord, stage: number): StageView {
  const { listed, stages } = record;
  return {
    ...{ listed, stages, stage },
    from: stage === 0 ? 0 : (stages[stage - 1]?.to ?? 0),
    to: stages[stage]?.to ?? null,
    asked: stages[stage]?.asked ?? [],
    endedAt: null,
  };
}

const ORDINAL = /^(resp_[0-9a-f]{32})_([1-9]\d{0,2})$/;

/** The id of a response. */
export const responseId = (replyId: string, stage = 0): string =>
  stage === 0 ? idOf("resp_", replyId) : `${idOf("resp_", replyId)}_${stage}`;

/** The id of the response's first stage, and which stage the id names. */
export function stageIn(id: string): { readonly id: string; readonly stage: number } {
  const [, first, stage] = ORDINAL.exec(id) ?? [];
  return first === undefined ? { id, stage: 0 } : { id: first, stage: Number(stage) };
}

/** Whether the server makes that call. */
export const isOfServer = ({ source }: ToolCall): boolean =>
  source !== CLIENT_TOOLS && source !== CUSTOM_TOOLS;

/** The calls that those parts ask for, by their ids. */
export const callsById = (parts: readonly Part[]): ReadonlyMap<string, ToolCall> =>
  new Map(parts.flatMap((part) => (part.type === "tool_call" ? [[part.callId, part]] : [])));

/** The ids of the calls that have no result. */
export function unanswered(parts: readonly Part[]): string[] {
  const answered = new Set(
    parts.flatMap((part) => (part.type === "tool_result" ? part.callId : [])),
  );
  return [...callsById(parts).keys()].filter((callId) => !answered.has(callId));
}

/** The id of what asks for the approval of a call. @param parts of the whole reply */
export function approvalId(replyId: string, parts: readonly Part[], callId: string): string {
  const calls = parts.filter(({ type }) => type === "tool_call") as readonly ToolCall[];
  const ordinal = calls.findIndex((call) => call.callId === callId);
  return ordinal <= 0 ? idOf("mcpr_", replyId) : `${idOf("mcpr_", replyId)}_${ordinal}`;
}

/** What the first response of a reply begins with. */
export const listItems = (replyId: string, { listed, stage }: StageView): ItemBody[] =>
  stage > 0 ? [] : listed.map((one, place) => listItem(replyId, one, place));

const listItem = (replyId: string, listed: ListedSource, place: number): ItemBody => ({
  id: place === 0 ? idOf("mcpl_", replyId) : `${idOf("mcpl_", replyId)}_${place}`,
  type: "mcp_list_tools",
  server_label: listed.label,
  tools: listed.tools,
  error: null,
});

export const approvalItem = (
  replyId: string,
  parts: readonly Part[],
  call: ToolCall,
): ItemBody => ({
  id: approvalId(replyId, parts, call.callId),
  type: "mcp_approval_request",
  server_label: call.source,
  name: shortName(call),
  arguments: call.arguments,
});

export const approvalResponse = ({ id, approve }: Approval): ItemBody => ({
  id: `${id}_answer`,
  type: "mcp_approval_response",
  approval_request_id: id,
  approve,
  reason: null,
});

export const mcpCallItem = (
  id: string,
  call: ToolCall,
  result: ToolResult,
  approval: string | null,
): ItemBody => ({
  id,
  type: "mcp_call",
  server_label: call.source,
  name: shortName(call),
  arguments: call.arguments,
  approval_request_id: approval,
  status: result.outcome === "ok" ? "completed" : "failed",
  output: result.outcome === "ok" ? result.text : null,
  error:
    result.outcome === "ok"
      ? null
      : { type: "mcp_tool_execution_error", content: [{ type: "text", text: result.text }] },
});

/** The id under which that call was asked about; null: it was not. */
export const askedAs = (
  { stages }: SourceRecord,
  replyId: string,
  parts: readonly Part[],
  callId: string,
): string | null =>
  stages.some(({ asked }) => asked.includes(callId)) ? approvalId(replyId, parts, callId) : null;

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What is kept of it with a turn; null: the response was asked for without such tools. */
export function sourcesIn(kept: JsonObject): SourceRecord | null {
  const { sources } = kept;
  return isObject(sources) && Array.isArray(sources.listed) && Array.isArray(sources.stages)
    ? (sources as unknown as SourceRecord)
    : null;
}
