import type { ToolOffer } from "../../ports/model.ts";
import type { ServerTool } from "../../ports/tools.ts";

/** The tools that the server runs for its models. */
export type Tools = {
  /** What models are told of. */
  readonly offers: readonly ToolOffer[];
  /** Undefined: there is no tool of that name. */
  find(name: string): ServerTool | undefined;
};

/** @param all of names that differ; those that ask are left out */
export function createTools(all: readonly ServerTool[]): Tools {
  const tools = all.filter(({ asks }) => !asks);
  const byName = new Map(tools.map((tool) => [tool.name, tool]));
  return {
    offers: tools.map(({ name, description, parameters }) => ({
      name,
      description,
      parameters,
      strict: null,
    })),
    find: (name) => byName.get(name),
  };
}
