// The items and the events of the wire, as JSON.
import type { JsonObject } from "../../domain/json.ts";

export type ItemStatus = "in_progress" | "completed" | "incomplete";

/** One item, as the wire has it. */
export type ItemBody = JsonObject & { readonly id: string; readonly type: string };

export type ResponseEvent = JsonObject & {
  readonly type: string;
  readonly sequence_number: number;
};
