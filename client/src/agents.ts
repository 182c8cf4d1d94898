import type { Calls } from "./calls.ts";
import type { CallOptions } from "./options.ts";
import { path } from "./transport.ts";
import type { Agent, AgentInput } from "./wire-agents.ts";

export type AgentCalls = ReturnType<typeof agentCalls>;

export function agentCalls(calls: Calls) {
  return {
    /** Creates an agent with an `id` of your own or one that the server makes. */
    create: async (
      input: AgentInput & { readonly id?: string | undefined },
      options: CallOptions = {},
    ): Promise<Agent> => calls.create("/agents", input, options),

    list: async (options: CallOptions = {}): Promise<Agent[]> => calls.get("/agents", options),

    get: async (id: string, options: CallOptions = {}): Promise<Agent> =>
      calls.get(path`/agents/${id}`, options),

    /** Replaces the fields of the agent. */
    replace: async (id: string, input: AgentInput, options: CallOptions = {}): Promise<Agent> =>
      calls.change("PUT", path`/agents/${id}`, input, options),

    delete: async (id: string, options: CallOptions = {}): Promise<void> =>
      calls.remove(path`/agents/${id}`, options),
  };
}
