import type { Calls } from "./calls.ts";
import type { CallOptions } from "./options.ts";
import { path } from "./transport.ts";
import type { ToolSource, TriedCall } from "./wire-tools.ts";

export type ToolCalls = ReturnType<typeof toolCalls>;

/** The sources of tools are for operators; others get FORBIDDEN. */
export function toolCalls(calls: Calls) {
  return {
    /** The sources that the operator has set, with their tools. */
    list: async (options: CallOptions = {}): Promise<ToolSource[]> => calls.get("/tools", options),

    /** Lets models use these tools of the source as they are now. Resolves with all sources. */
    accept: async (
      source: string,
      names: readonly string[],
      options: CallOptions = {},
    ): Promise<ToolSource[]> =>
      calls.create(path`/tools/${source}/accept`, { tools: names }, options),

    /** Calls a tool once, which may take as long as a reply. It is never tried again. */
    call: async (
      source: string,
      tool: string,
      given: Readonly<Record<string, unknown>> = {},
      options: CallOptions = {},
    ): Promise<TriedCall> =>
      calls.perform(path`/tools/${source}/call`, { tool, arguments: given }, options),
  };
}
