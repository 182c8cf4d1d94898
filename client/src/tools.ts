import type { Calls } from "./calls.ts";
import type { CallOptions } from "./options.ts";
import { path } from "./transport.ts";
import type { SeenTool, ToolSource, TriedCall } from "./wire-tools.ts";

export type ToolCalls = ReturnType<typeof toolCalls>;

/** The sources of tools are for operators; others get FORBIDDEN. */
export function toolCalls(calls: Calls) {
  return {
    /** The sources that the operator has set, with their tools. */
    list: async (options: CallOptions = {}): Promise<ToolSource[]> => calls.get("/tools", options),

    /**
     * Lets models use these tools of the source as `list` gave them. Resolves with all sources. CONFLICT where one has
     * changed since: none is accepted then.
     */
    async accept(
      source: string,
      seen: readonly SeenTool[],
      options: CallOptions = {},
    ): Promise<ToolSource[]> {
      const tools = seen.map(({ name, fingerprint }) => ({ name, fingerprint }));
      return calls.create(path`/tools/${source}/accept`, { tools }, options);
    },

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
