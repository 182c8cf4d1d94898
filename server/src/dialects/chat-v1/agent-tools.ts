import { MAX_AGENT_TOOLS } from "../../domain/agent.ts";
import { Type } from "../../http/schema.ts";

/** In the body of an agent. */
export const toolsOfAgent = {
  tools: Type.Optional(
    Type.Union([Type.Array(Type.String(), { maxItems: MAX_AGENT_TOOLS }), Type.Null()], {
      description:
        "The tools of the server that are offered with this agent, by their names or by the names of their sources. Without it, or null: all.",
    }),
  ),
};
