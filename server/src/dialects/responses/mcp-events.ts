// The events of items of the server's tools, each of which comes whole.
import type { JsonObject } from "../../domain/json.ts";
import type { ItemBody, ResponseEvent } from "./item-body.ts";

type Emit = (type: string, fields: JsonObject) => ResponseEvent;

export function callEvents(event: Emit, index: number, item: ItemBody): ResponseEvent[] {
  const place = { item_id: item.id, output_index: index };
  const given = String(item.arguments);
  const begun = { ...item, status: "in_progress", arguments: "", output: null, error: null };
  const ending = item.status === "completed" ? "completed" : "failed";
  return [
    event("response.output_item.added", { output_index: index, item: begun }),
    event("response.mcp_call.in_progress", place),
    event("response.mcp_call_arguments.delta", { ...place, delta: given }),
    event("response.mcp_call_arguments.done", { ...place, arguments: given }),
    event(`response.mcp_call.${ending}`, place),
    event("response.output_item.done", { output_index: index, item }),
  ];
}

export function listEvents(event: Emit, index: number, item: ItemBody): ResponseEvent[] {
  const place = { item_id: item.id, output_index: index };
  return [
    event("response.output_item.added", { output_index: index, item: { ...item, tools: [] } }),
    event("response.mcp_list_tools.in_progress", place),
    event("response.mcp_list_tools.completed", place),
    event("response.output_item.done", { output_index: index, item }),
  ];
}

export const approvalEvents = (event: Emit, index: number, item: ItemBody): ResponseEvent[] => [
  event("response.output_item.added", { output_index: index, item }),
  event("response.output_item.done", { output_index: index, item }),
];
